import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { eventually, runBuilt, startAgent, type RunningAgent } from "../../support/agent.ts";
import { freePort } from "../../support/redis-server.ts";
import { startAlertmanager, type Alertmanager } from "./alertmanager.ts";
import { channelKinds, openChannels, type Channels, type Message } from "./channels.ts";
import { startStackPrometheus, type StackPrometheus } from "./stack-prometheus.ts";

/** All from Redis to the message that a person gets: the agent, Prometheus, Alertmanager and the channels, for one config. */
export interface AlertChain {
  readonly agent: RunningAgent;
  readonly prometheus: StackPrometheus;
  readonly alertmanager: Alertmanager;
  readonly channels: Channels;
  /** Where `queuewatch generate all` wrote. */
  readonly generated: string;
  /** Waits until a group was sent a message whose text matches by each channel; gives the newest of each. */
  received(group: string, status: Message["status"], text: RegExp): Promise<readonly Message[]>;
  /** Generates again with another `alerting` and lets Alertmanager take it. */
  rerouted(alerting: AlertingPart): Promise<void>;
}

type AlertingPart = (channels: Channels) => Readonly<Record<string, unknown>>;

export interface AlertChainOptions {
  readonly targets: readonly Readonly<Record<string, unknown>>[];
  /** Who can be reached. */
  readonly groups: readonly string[];
  /** Routes, times and mutes of the config. */
  readonly alerting: AlertingPart;
  /**
   * `as generated`, or a minute of the rules' own clocks (`interval`, `for`, `keep_firing_for`) is a second. Expressions with
   * their windows, labels and texts are never touched.
   */
  readonly rules: "as generated" | "a minute is a second";
  /** Done before the agent sends anything. */
  readonly history?: (prometheus: StackPrometheus) => Promise<void>;
}

/** Generates everything from one config, as a user would, and starts all that it is for. */
export async function startAlertChain(stack: AsyncDisposableStack, options: AlertChainOptions): Promise<AlertChain> {
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-alerts-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const generated = join(dir, "generated");
  const channels = await openChannels(stack, dir, options.groups);
  const configured = (alerting: AlertingPart) => ({
    interval: "1s",
    environment: "test",
    targets: options.targets,
    alerting: {
      dashboards_url: "https://grafana.example.com",
      runbooks_url: "https://docs.example.com/runbooks",
      smtp: channels.smtp,
      contacts: channels.contacts,
      ...alerting(channels),
    },
  });
  const config = configured(options.alerting);
  const alertmanager = await startAlertmanager(await generate(dir, config), channels.pagerdutyUrl);
  stack.defer(() => alertmanager.stop());
  if (options.rules === "a minute is a second") await hasten(join(generated, "prometheus/queuewatch.rules.yaml"));
  const prometheus = await watchingPrometheus(join(generated, "prometheus/*.yaml"), alertmanager.address);
  stack.defer(() => prometheus.stop());
  await options.history?.(prometheus);
  const agent = await startAgent({
    config: { ...config, export: { otlp: [{ preset: "prometheus", endpoint: prometheus.url }] } },
  });
  stack.defer(async () => void (await agent.stop()));
  return {
    agent,
    prometheus,
    alertmanager,
    channels,
    generated,
    received: (group, status, text) => received({ agent, prometheus, alertmanager, channels }, { group, status, text }),
    rerouted: async (alerting) => alertmanager.reload(await generate(dir, configured(alerting))),
  };
}

/** Runs `generate all` and gives the text of Alertmanager's configuration. */
async function generate(dir: string, config: object): Promise<string> {
  const file = join(dir, "queuewatch.yaml");
  await writeFile(file, JSON.stringify(config));
  const out = join(dir, "generated");
  const { code, err } = await runBuilt(["generate", "all", "--config", file, "--out", out]);
  assert.equal(code, 0, err);
  return readFile(join(out, "alertmanager/alertmanager.yaml"), "utf8");
}

/** A Prometheus with the rules that scrapes itself and Alertmanager, as deploy/compose has it. */
async function watchingPrometheus(rules: string, alertmanager: string): Promise<StackPrometheus> {
  const own = `127.0.0.1:${await freePort()}`;
  const scraped = (job: string, target: string) => ({ job_name: job, static_configs: [{ targets: [target] }] });
  return startStackPrometheus(
    {
      rule_files: [rules],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
      scrape_configs: [scraped("prometheus", own), scraped("alertmanager", alertmanager)],
    },
    { address: own, flags: ["--rules.alert.resend-delay=1s"] },
  );
}

interface RuleFile {
  readonly groups: readonly (Record<string, unknown> & {
    readonly interval: string;
    readonly rules: readonly Record<string, unknown>[];
  })[];
}

async function hasten(file: string): Promise<void> {
  const { groups } = parse(await readFile(file, "utf8")) as RuleFile;
  const quick = groups.map((group) => ({
    ...group,
    interval: hastened(group.interval),
    rules: group.rules.map((rule) => ({
      ...rule,
      ...Object.fromEntries(
        ["for", "keep_firing_for"].flatMap((key) => (key in rule ? [[key, hastened(String(rule[key]))]] : [])),
      ),
    })),
  }));
  await writeFile(file, JSON.stringify({ groups: quick }));
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

function hastened(duration: string): string {
  const [, number, unit = ""] = /^(\d+)([smh])$/.exec(duration) ?? assert.fail(duration);
  return `${(Number(number) * (unitMs[unit] ?? assert.fail(duration))) / 60}ms`;
}

async function received(
  chain: Pick<AlertChain, "agent" | "prometheus" | "alertmanager" | "channels">,
  { group, status, text }: { group: string; status: Message["status"]; text: RegExp },
): Promise<readonly Message[]> {
  const found = (): Message[] => {
    const fitting = chain.channels.messages(group).filter((one) => one.status === status && text.test(one.text));
    return channelKinds.flatMap((kind) => fitting.findLast(({ channel }) => channel === kind) ?? []);
  };
  const what = `${group} gets ${status} ${String(text)}`;
  await eventually(what, () => found().length === channelKinds.length, 150_000).catch(async (error: unknown) => {
    const firing = (await chain.prometheus.query("ALERTS")).map(({ metric }) => JSON.stringify(metric));
    const sent = JSON.stringify(chain.channels.messages(group).slice(-8), null, 1);
    assert.fail([String(error), ...firing, sent, chain.alertmanager.printed, chain.agent.err].join("\n"));
  });
  return found();
}
