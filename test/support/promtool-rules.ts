import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Severity } from "../../src/generate/alert.ts";
import { notation, type SampleSeries } from "../../src/generate/sample-series.ts";
import type { RuleFile } from "../../src/generate/prometheus-rules.ts";

/** Which severities of an alert fire at a time, given series. */
export interface RuleCase {
  readonly title: string;
  /** Name of the alert, or a pattern (RE2) of names. */
  readonly alert: string;
  readonly series: readonly SampleSeries[];
  readonly at: string;
  readonly fires: readonly Severity[];
}

export const promtoolMissing =
  spawnSync("promtool", ["--version"]).error === undefined ? false : "promtool is not on PATH";

/** What `promtool test rules` says against the cases, or undefined where all hold. */
export async function testRules(rules: RuleFile, cases: readonly RuleCase[]): Promise<string | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "rules-"));
  try {
    writeFileSync(join(directory, "rules.json"), JSON.stringify(rules));
    const tests = {
      rule_files: ["rules.json"],
      evaluation_interval: "1m",
      group_eval_order: rules.groups.map(({ name }) => name),
      tests: cases.map(asTest),
    };
    writeFileSync(join(directory, "tests.json"), JSON.stringify(tests));
    return await run("promtool", ["test", "rules", join(directory, "tests.json")]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function asTest({ title, alert, series, at, fires }: RuleCase): object {
  const expr = `group by (severity) (ALERTS{alertname=~"${alert}", alertstate="firing"})`;
  return {
    name: title,
    interval: "1m",
    input_series: series.map((one) => ({ series: notation(one), values: one.values })),
    promql_expr_test: [
      {
        expr,
        eval_time: at,
        exp_samples: fires.map((severity) => ({ labels: `{severity="${severity}"}`, value: 1 })),
      },
    ],
  };
}

function run(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? undefined : said));
  });
}
