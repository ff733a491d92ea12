import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, suite, test } from "node:test";
import { join } from "node:path";
import { dashboardFiles, type DashboardFile } from "../support/grafana-file.ts";
import { program } from "./programs.ts";

const exclusions = join(import.meta.dirname, "../../dashboards/.lint");

suite("grafana/dashboard-linter", () => {
  let linter: string;
  before(async () => {
    linter = await program("dashboard-linter");
  });

  function lint(dashboard: DashboardFile, ...more: string[]): { status: number | null; complaints: string } {
    const input = JSON.stringify(dashboard);
    const { status, stdout, stderr } = spawnSync(linter, ["lint", "--strict", "--stdin", ...more], {
      input,
      encoding: "utf8",
    });
    const lines = (stdout + stderr).split("\n").filter((line) => /❌|⚠|error/i.test(line));
    return { status, complaints: lines.join("\n") };
  }

  for (const [name, dashboard] of dashboardFiles()) {
    test(`${name} has nothing that is not excluded with a reason`, () => {
      const { status, complaints } = lint(dashboard, "--config", exclusions);
      assert.equal(complaints, "");
      assert.equal(status, 0);
    });
  }

  test("it complains of what is wrong", () => {
    const [first] = dashboardFiles().values();
    assert.ok(first);
    const panels = first.panels.map((panel) => ({
      ...panel,
      targets: (panel.targets ?? []).map((target) => ({ ...target, expr: "sum(jobqueue_job_failed_total)" })),
    }));
    const { status, complaints } = lint({ ...first, panels }, "--config", exclusions);
    assert.notEqual(status, 0);
    assert.match(
      complaints,
      /counter metric 'jobqueue_job_failed_total' is not aggregated with rate, irate, or increase/,
    );
  });
});
