import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { freePort } from "./redis-server.ts";

/** A series with a value a minute from a start; NaN where there is none. */
export interface MinuteSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: ArrayLike<number>;
}

export const prometheusMissing =
  spawnSync("prometheus", ["--version"]).error === undefined ? false : "prometheus is not on PATH";

/** A real Prometheus over series that were filled in beforehand. `start` is the unix second of their first value. */
export class BackfilledPrometheus {
  readonly #directory: string;
  readonly #start: number;
  #server: ChildProcess | undefined;
  #url = "";

  private constructor(directory: string, start: number) {
    this.#directory = directory;
    this.#start = start;
  }

  static async create(start: number): Promise<BackfilledPrometheus> {
    return new BackfilledPrometheus(await mkdtemp(join(tmpdir(), "prometheus-")), start);
  }

  /** Adds series; only while the server does not run. */
  async add(all: Iterable<MinuteSeries>): Promise<void> {
    const file = join(this.#directory, "series.om");
    await this.#write(file, all);
    const tool = spawn(
      "promtool",
      [
        "tsdb",
        "create-blocks-from",
        "--max-block-duration=2160h",
        "openmetrics",
        "-q",
        file,
        join(this.#directory, "data"),
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    const [code] = await once(tool, "close");
    if (code !== 0) throw new Error("promtool could not fill in the series");
    await rm(file);
  }

  async #write(file: string, all: Iterable<MinuteSeries>): Promise<void> {
    const out = createWriteStream(file);
    let chunk = "";
    for (const { name, labels, values } of all) {
      const head = `${name}{${Object.entries(labels)
        .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
        .join(",")}} `;
      for (let minute = 0; minute < values.length; minute += 1) {
        const value = values[minute] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        chunk += `${head}${value} ${this.#start + minute * 60}\n`;
        if (chunk.length > 1_000_000) {
          if (!out.write(chunk)) await once(out, "drain");
          chunk = "";
        }
      }
    }
    out.end(`${chunk}# EOF\n`);
    await once(out, "finish");
  }

  async open(): Promise<void> {
    const port = await freePort();
    const config = join(this.#directory, "prometheus.yml");
    await writeFile(config, "global: {}\n");
    this.#url = `http://127.0.0.1:${port}`;
    this.#server = spawn(
      "prometheus",
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(this.#directory, "data")}`,
        "--storage.tsdb.retention.time=100y",
        `--web.listen-address=127.0.0.1:${port}`,
        "--query.timeout=10m",
        "--query.max-samples=500000000",
        "--log.level=error",
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    for (let attempt = 0; attempt < 300; attempt += 1) {
      const ready = await fetch(`${this.#url}/-/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("Prometheus did not become ready");
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    server.kill("SIGTERM");
    await once(server, "close");
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true });
  }

  /** The expression at every minute from `from` to `to` (minutes since the start): series with a value for each. */
  async minutes(query: string, from: number, to: number): Promise<MinuteSeries[]> {
    const found = new Map<string, { labels: Record<string, string>; values: Float64Array }>();
    for (let first = from; first < to; first += 10_000) {
      const last = Math.min(first + 9_999, to - 1);
      const body = new URLSearchParams({
        query,
        start: String(this.#start + first * 60),
        end: String(this.#start + last * 60),
        step: "60",
      });
      const answer = await fetch(`${this.#url}/api/v1/query_range`, { method: "POST", body });
      const parsed = (await answer.json()) as {
        error?: string;
        data?: { result: { metric: Record<string, string>; values: [number, string][] }[] };
      };
      if (parsed.data === undefined) throw new Error(`${parsed.error}: ${query}`);
      for (const { metric, values } of parsed.data.result) {
        const key = JSON.stringify(Object.entries(metric).map(String).toSorted());
        const one = found.get(key) ?? { labels: metric, values: new Float64Array(to).fill(Number.NaN) };
        found.set(key, one);
        for (const [time, value] of values) one.values[Math.round((time - this.#start) / 60)] = Number(value);
      }
    }
    return [...found.values()].map(({ labels, values }) => ({ name: "", labels, values }));
  }
}

/** Minutes at which an alert fires: the expression has held for `hold` minutes; it stays for `keep` minutes after. */
export function firing(values: ArrayLike<number>, hold: number, keep: number): boolean[] {
  let since = -1;
  let until = -1;
  return Array.from(values, (value, minute) => {
    if (Number.isNaN(value)) since = -1;
    else if (since === -1) since = minute;
    if (since !== -1 && minute - since >= hold) until = minute + keep;
    return (since !== -1 && minute - since >= hold) || (until >= minute && until !== -1);
  });
}
