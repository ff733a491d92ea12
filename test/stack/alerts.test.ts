import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { eventually, runBuilt, startAgent, type RunningAgent } from "../support/agent.ts";
import { freePort, startRedisServer } from "../support/redis-server.ts";
import { program } from "./programs.ts";
import { answers, startProgram, type RunningProgram } from "./support/process.ts";
import { startHttpSink, startMailSink, type Sink } from "./support/sinks.ts";
import { startStackPrometheus, type StackPrometheus } from "./support/stack-prometheus.ts";

// From what somebody puts into Redis to the message that a person gets: generated rules in a real Prometheus, the generated
// configuration in a real Alertmanager. Rules are as generated; only Alertmanager's pace is quicker.

interface Notified {
  readonly status: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
}

describe("payloads that are no jobs", () => {
  const started = new AsyncDisposableStack();
  let agent: RunningAgent;
  let prometheus: StackPrometheus;
  let alertmanager: RunningProgram;
  let alertmanagerUrl: string;
  let sinks: Readonly<Record<"mail" | "slack" | "pagerduty" | "webhook" | "operations", Sink>>;

  before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "queuewatch-alerts-"));
    started.defer(() => rm(dir, { recursive: true, force: true }));
    const json = { status: 200, type: "application/json", body: "{}" };
    sinks = {
      mail: await startMailSink(),
      slack: await startHttpSink({ status: 200, type: "text/plain", body: "ok" }),
      pagerduty: await startHttpSink({ ...json, status: 202, body: '{"status":"success"}' }),
      webhook: await startHttpSink(json),
      operations: await startHttpSink(json),
    };
    for (const sink of Object.values(sinks)) started.defer(() => sink.close());
    const redis = await startRedisServer();
    started.defer(() => redis.stop());
    alertmanagerUrl = `http://127.0.0.1:${await freePort()}`;
    await generated(dir, sinks);
    alertmanager = await startAlertmanager(dir, alertmanagerUrl, sinks.pagerduty.port);
    started.defer(() => alertmanager.stop());
    prometheus = await startStackPrometheus({
      rule_files: [join(dir, "rules", "*.yaml")],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanagerUrl).host] }] }] },
    });
    started.defer(() => prometheus.stop());
    agent = await startAgent({
      config: {
        interval: "1s",
        environment: "test",
        targets: [{ name: "shop", system: "sidekiq", redis: redis.url }],
        export: { otlp: [{ preset: "prometheus", endpoint: prometheus.url }] },
      },
    });
    started.defer(async () => void (await agent.stop()));
    await redis.cli(["SADD", "queues", "checkout"]);
    await redis.cli(["LPUSH", "queue:checkout", validJob]);
    const known = 'jobqueue_queue_size{queue="checkout"} == 1';
    await eventually("the queue in Prometheus", async () => (await prometheus.query(known)).length === 1);
    for (let index = 0; index < 8; index++) await redis.cli(["LPUSH", "queue:checkout", `no job ${index} s3cr3t`]);
  });

  after(() => started.disposeAsync());

  test("reach the security team on each channel, with queue, value and links", async () => {
    const { mail, slack, pagerduty, webhook } = sinks;
    await eventually("four messages", () => [mail, slack, pagerduty, webhook].every(about), 150_000).catch(
      async (error: unknown) => {
        const firing = JSON.stringify(await prometheus.query("ALERTS or jobqueue_payload_invalid_total"));
        assert.fail(`${String(error)}\n${firing}\n${alertmanager.printed}\n${agent.err}`);
      },
    );
    const { alerts } = JSON.parse(newest(webhook)) as Notified;
    const { team, severity, queue, target } = alerts[0]?.labels ?? {};
    assert.deepEqual([team, severity, queue, target], ["security", "warning", "checkout", "shop"]);
    assert.match(newest(pagerduty), /"event_action":"trigger"/);
    assert.match(newest(pagerduty), /"severity":"warning"/);
    assert.match(newest(mail), /^To: security@example\.com\r?$/m);
    for (const sink of [mail, slack, pagerduty, webhook]) {
      const text = readable(newest(sink));
      assert.match(text, /Invalid payloads in queue checkout of shop/);
      assert.match(text, /\d+ payloads of checkout in ten minutes/);
      assert.match(text, /https:\/\/grafana\.example\.com\/d\/queuewatch-threats\?/);
      assert.match(text, /https:\/\/docs\.example\.com\/runbooks\/invalid-payloads/);
      assert.doesNotMatch(text, /s3cr3t/);
    }
    assert.ok(!about(sinks.operations), "another team's channel stays quiet");
  });

  test("and say when it is over", async () => {
    // The rule keeps firing for a quarter of an hour, so the test says in Prometheus's place that it ended.
    await prometheus.stop();
    const active = (await (await fetch(`${alertmanagerUrl}/api/v2/alerts`)).json()) as ActiveAlert[];
    const over = active.filter(({ labels }) => labels["alertname"] === "InvalidPayloads");
    assert.ok(over.length > 0);
    const ended = over.map((alert) => ({ ...alert, endsAt: new Date().toISOString() }));
    const answer = await fetch(`${alertmanagerUrl}/api/v2/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(
        ended.map(({ labels, annotations, startsAt, endsAt }) => ({ labels, annotations, startsAt, endsAt })),
      ),
    });
    assert.equal(answer.status, 200, await answer.text());
    await eventually("resolved on the webhook", () => /"status":"resolved"/.test(newest(sinks.webhook)), 30_000);
    await eventually("resolved at PagerDuty", () => /"event_action":"resolve"/.test(newest(sinks.pagerduty)), 30_000);
    for (const one of [sinks.mail, sinks.slack])
      await eventually("a second message", () => one.received.filter((text) => isAbout(text)).length >= 2, 30_000);
    for (const one of [sinks.mail, sinks.slack]) assert.match(readable(newest(one)), /resolved/i);
  });
});

interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

const validJob = JSON.stringify({
  class: "Pay",
  args: [],
  jid: "0123456789abcdef01234567",
  queue: "checkout",
  created_at: 1,
});

const isAbout = (text: string): boolean => readable(text).includes("Invalid payloads");
const about = ({ received }: Sink): boolean => received.some((text) => isAbout(text));
const newest = ({ received }: Sink): string => received.findLast((text) => isAbout(text)) ?? "";

/** JSON with `&` as it is, mail without the soft line ends and escapes of quoted-printable. */
function readable(text: string): string {
  if (text.startsWith("{")) return text.replaceAll(String.raw`\u0026`, "&");
  const joined = text.replaceAll(/=\r?\n/g, "");
  return joined.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
}

/** Writes the config, the secrets that it refers to, and what the built program generates from it. */
async function generated(dir: string, sinks: Readonly<Record<"mail" | "slack" | "webhook" | "operations", Sink>>) {
  const secret = async (name: string, text: string): Promise<string> => {
    await writeFile(join(dir, name), text, { mode: 0o600 });
    return `file:${join(dir, name)}`;
  };
  const url = ({ port }: Sink): string => `http://127.0.0.1:${port}/hook`;
  const alerting = {
    dashboards_url: "https://grafana.example.com",
    runbooks_url: "https://docs.example.com/runbooks",
    smtp: { smarthost: `127.0.0.1:${sinks.mail.port}`, from: "queuewatch@example.com" },
    contacts: {
      "security-mail": { email: ["security@example.com"] },
      "security-chat": { slack: { url: await secret("slack", url(sinks.slack)), channel: "#security" } },
      "security-pager": { pagerduty: { integration_key: await secret("pagerduty", "0".repeat(32)) } },
      "security-hook": { webhook: { url: await secret("webhook", url(sinks.webhook)) } },
      operations: { webhook: { url: await secret("operations", url(sinks.operations)) } },
    },
    routes: {
      critical: ["operations"],
      warning: ["operations"],
      threat: ["security-mail", "security-chat", "security-pager", "security-hook"],
    },
  };
  const config = join(dir, "queuewatch.yaml");
  await writeFile(config, JSON.stringify({ alerting }));
  for (const [what, out] of [
    ["prometheus", "rules"],
    ["alertmanager", "alertmanager"],
  ] as const) {
    const { code, err } = await runBuilt(["generate", what, "--config", config, "--out", join(dir, out)]);
    assert.equal(code, 0, err);
  }
}

/** Runs the generated configuration; what differs: no TLS and other addresses for the sinks, and short waits. */
async function startAlertmanager(dir: string, url: string, pagerdutyPort: number): Promise<RunningProgram> {
  const config = parse(await readFile(join(dir, "alertmanager/alertmanager.yaml"), "utf8")) as {
    global?: Record<string, unknown>;
  };
  const pagerduty = `http://127.0.0.1:${pagerdutyPort}/v2/enqueue`;
  const changed = { ...config, global: { ...config.global, smtp_require_tls: false, pagerduty_url: pagerduty } };
  const text = JSON.stringify(changed)
    .replaceAll(/"group_wait":"\w+"/g, '"group_wait":"1s"')
    .replaceAll(/"group_interval":"\w+"/g, '"group_interval":"2s"');
  return startProgram({
    file: await program("alertmanager"),
    prepare: (own) => writeFile(join(own, "alertmanager.json"), text),
    args: (own) => [
      `--config.file=${own}/alertmanager.json`,
      `--storage.path=${own}/data`,
      `--web.listen-address=${new URL(url).host}`,
      "--cluster.listen-address=",
    ],
    ready: () => answers(`${url}/-/ready`),
  });
}
