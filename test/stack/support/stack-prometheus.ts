import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../support/redis-server.ts";
import { program } from "../programs.ts";
import { answers, startProgram } from "./process.ts";

/** A series of an answer: its labels, and its values with the unix second of each. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export interface StackPrometheus {
  readonly url: string;
  /** The present values, or with a range selector the samples as they are stored. */
  query(expr: string): Promise<readonly Series[]>;
  stop(): Promise<void>;
}

/**
 * Starts a Prometheus that takes OTLP and remote writes; `config` is added to what it needs for that (JSON is YAML), `flags`
 * to its arguments; `address` is a free host:port where the config has to name it.
 */
export async function startStackPrometheus(
  config: Readonly<Record<string, unknown>> = {},
  { address: given, flags = [] }: { readonly address?: string; readonly flags?: readonly string[] } = {},
): Promise<StackPrometheus> {
  const address = given ?? `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const running = await startProgram({
    file: await program("prometheus"),
    prepare: (dir) =>
      writeFile(
        join(dir, "prometheus.yml"),
        JSON.stringify({ global: { scrape_interval: "500ms", scrape_timeout: "500ms" }, ...config }),
      ),
    args: (dir) => [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir, "data")}`,
      `--web.listen-address=${address}`,
      "--web.enable-otlp-receiver",
      "--web.enable-remote-write-receiver",
      ...flags,
    ],
    ready: () => answers(`${url}/-/ready`),
  });
  return { url, query: (expr) => ask(url, expr), stop: () => running.stop() };
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

async function ask(url: string, query: string): Promise<readonly Series[]> {
  const response = await fetch(`${url}/api/v1/query`, { method: "POST", body: new URLSearchParams({ query }) });
  const answer = (await response.json()) as QueryAnswer;
  if (answer.status !== "success") throw new Error(`${answer.error}: ${query}`);
  return answer.data.result.map(({ metric, value, values }) => ({ metric, values: values ?? (value ? [value] : []) }));
}
