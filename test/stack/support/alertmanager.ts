import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { freePort } from "../../support/redis-server.ts";
import { program } from "../programs.ts";
import { answers, startProgram } from "./process.ts";

/** An alert as Alertmanager has it (API v2). */
export interface HeldAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly fingerprint: string;
  readonly status: {
    readonly state: "active" | "suppressed" | "unprocessed";
    /** Fingerprints of the alerts that explain it. */
    readonly inhibitedBy: readonly string[];
    /** Names of the times at which it is not sent. */
    readonly mutedBy: readonly string[];
  };
}

export interface Alertmanager {
  /** host:port of its API. */
  readonly address: string;
  readonly printed: string;
  /** The alerts that it holds under a name. */
  alerts(name: string): Promise<readonly HeldAlert[]>;
  /** The sum of one of its own metrics. */
  metric(name: string): Promise<number>;
  /** Takes another generated configuration while it runs. */
  reload(generated: string): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs a generated configuration as it is, but for PagerDuty's address and the pace: it waits seconds where people want it to
 * wait minutes, and saves what it has sent each second instead of each quarter of an hour.
 */
export async function startAlertmanager(generated: string, pagerdutyUrl: string): Promise<Alertmanager> {
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const write = (dir: string, text: string): Promise<void> =>
    writeFile(join(dir, "alertmanager.json"), adapted(text, pagerdutyUrl));
  const running = await startProgram({
    file: await program("alertmanager"),
    prepare: (dir) => write(dir, generated),
    args: (dir) => [
      `--config.file=${dir}/alertmanager.json`,
      `--storage.path=${dir}/data`,
      `--web.listen-address=${address}`,
      "--cluster.listen-address=",
      "--data.maintenance-interval=1s",
    ],
    ready: () => answers(`${url}/-/ready`),
  });
  return {
    address,
    get printed() {
      return running.printed;
    },
    alerts: async (name) => {
      const filter = new URLSearchParams({ filter: `alertname=${JSON.stringify(name)}` });
      // Only groups tell by which times they are muted.
      const answer = await fetch(`${url}/api/v2/alerts/groups?${filter.toString()}`);
      return ((await answer.json()) as readonly { alerts: readonly HeldAlert[] }[]).flatMap(({ alerts }) => alerts);
    },
    metric: async (name) => {
      const lines = (await (await fetch(`${url}/metrics`)).text()).split("\n");
      const values = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
    reload: async (text) => {
      await write(running.dir, text);
      const answer = await fetch(`${url}/-/reload`, { method: "POST" });
      if (!answer.ok) throw new Error(`Alertmanager does not take it: ${await answer.text()}`);
    },
    kill: () => running.kill(),
    restart: () => running.restart(),
    stop: () => running.stop(),
  };
}

function adapted(generated: string, pagerdutyUrl: string): string {
  const config = parse(generated) as { global?: Record<string, unknown> };
  return JSON.stringify({ ...config, global: { ...config.global, pagerduty_url: pagerdutyUrl } })
    .replaceAll(/"group_wait":"\w+"/g, '"group_wait":"1s"')
    .replaceAll(/"group_interval":"\w+"/g, '"group_interval":"2s"');
}
