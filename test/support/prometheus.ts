import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./redis-server.ts";

/** One series of an answer: the present value, or values over time. */
export interface Answer {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export interface RunningPrometheus {
  readonly url: string;
  query(expr: string, time: number): Promise<readonly Answer[]>;
  queryRange(expr: string, range: { from: number; to: number; step: number }): Promise<readonly Answer[]>;
  labelValues(label: string, match: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** The program; default: `prometheus` on PATH. */
  readonly program?: string;
  /** What to scrape, each second. */
  readonly scrape?: string;
}

/** Starts a Prometheus on a free loopback port; it takes remote writes of any time in order. */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<RunningPrometheus> {
  const directory = mkdtempSync(join(tmpdir(), "prometheus-"));
  const address = `127.0.0.1:${await freePort()}`;
  const scrape =
    options.scrape === undefined ? [] : [{ job_name: "agent", static_configs: [{ targets: [options.scrape] }] }];
  const config = { global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs: scrape };
  writeFileSync(join(directory, "prometheus.yml"), JSON.stringify(config));
  const child = spawn(
    options.program ?? "prometheus",
    [
      `--config.file=${join(directory, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      "--storage.tsdb.retention.time=60d",
      `--web.listen-address=${address}`,
      "--web.enable-remote-write-receiver",
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const url = `http://${address}`;
  await untilReady(url, child);
  return {
    url,
    query: (query, time) => ask(url, "query", { query, time: String(time) }),
    queryRange: (query, { from, to, step }) =>
      ask(url, "query_range", { query, start: String(from), end: String(to), step: String(step) }),
    labelValues: (label, match) => labelValues(url, label, match),
    stop: async () => {
      await stopped(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const ready = await fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await sleep(50);
  }
  throw new Error(`prometheus ended with ${child.exitCode}`);
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

interface Result {
  readonly metric: Record<string, string>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

async function ask(url: string, kind: "query" | "query_range", form: Record<string, string>): Promise<Answer[]> {
  const response = await fetch(`${url}/api/v1/${kind}`, { method: "POST", body: new URLSearchParams(form) });
  const answer = (await response.json()) as {
    status: string;
    error?: string;
    data: { resultType: string; result: Result[] };
  };
  if (answer.status !== "success") throw new Error(`${answer.error}: ${form["query"]}`);
  if (answer.data.resultType === "scalar") throw new Error(`a panel shows series, no scalars: ${form["query"]}`);
  return answer.data.result.map(({ metric, value, values }) => ({ metric, values: values ?? (value ? [value] : []) }));
}

async function labelValues(url: string, label: string, match: string): Promise<readonly string[]> {
  const response = await fetch(
    `${url}/api/v1/label/${label}/values?${new URLSearchParams({ "match[]": match }).toString()}`,
  );
  return ((await response.json()) as { data: string[] }).data;
}
