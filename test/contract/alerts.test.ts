import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { alerts } from "../../alerting/alerts.ts";
import { looks } from "../../alerting/commands.ts";
import { scenarios } from "../../alerting/incident-response.ts";
import { procedures } from "../../alerting/procedures.ts";
import { alertingSchema } from "../../src/config/alerting-schema.ts";
import { slug } from "../../src/generate/alert.ts";
import { panelId } from "../../src/generate/dashboard/frame.ts";
import { renderAlert, ruleUid } from "../../src/generate/rendered-alert.ts";
import { render } from "../../src/promql/promql.ts";
import { grammarTree, promtoolCheck, promtoolMissing } from "../support/promql.ts";

const root = join(import.meta.dirname, "../..");
const config = alertingSchema.parse({});

test("every alert's file is listed, once", () => {
  const folders = ["backlog", "flood", "failure", "workers", "performance", "schedules", "redis", "agent"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, "alerting", folder)).map((file) => `./${folder}/${file}`),
  );
  const listed = readFileSync(join(root, "alerting/alerts.ts"), "utf8");
  const missing = files.filter((file) => !listed.includes(`"${file}"`));
  assert.deepEqual(missing, ["./agent/alarm-path-metrics.ts"]);
  assert.equal(alerts.length, files.length - 1);
});

test("uids are unique, stable in form and fit into Grafana", () => {
  const uids = alerts.flatMap((alert) => alert.levels.map(({ severity }) => ruleUid(alert, severity)));
  assert.equal(new Set(uids).size, uids.length);
  for (const uid of uids) assert.match(uid, /^[a-z0-9-]{1,40}$/);
});

suite("every alert", () => {
  for (const alert of alerts) {
    test(alert.name, () => {
      for (const form of ["prometheus", "grafana"] as const) {
        const { levels } = renderAlert(alert, config, form);
        for (const { query, annotations } of levels) {
          const texts = Object.values(annotations).join(" ");
          for (const [, label = ""] of texts.matchAll(/\$labels\.(\w+)/g))
            assert.ok(query.labels.includes(label), `${label} is named but lost`);
          assert.ok(!texts.includes("${"), "Grafana expands ${");
          assert.ok(!/\{\{[^}]*\{\{/.test(texts));
        }
      }
      for (const name of alert.runbook.look) assert.ok(looks[name], `no command ${name}`);
      for (const name of alert.runbook.act) assert.ok(procedures[name], `no procedure ${name}`);
      assert.ok(existsSync(join(root, "alerting/generated/runbooks", `${slug(alert.name)}.md`)));
    });
  }
});

test("what a cause explains is left out by expressions, not held back by Alertmanager", () => {
  const explained = alerts.filter(({ category }) => category !== "agent" && category !== "redis");
  const withoutWork = new Set(["backlog", "performance", "schedules"]);
  // Its rate is of executions, of which there are none without workers.
  const needsExecutions = new Set(["ClassSlow"]);
  for (const alert of explained)
    for (const { expr } of renderAlert(alert, config, "grafana").levels) {
      assert.match(expr, /queuewatch_target_up\b/, `${alert.name} while Redis cannot be read`);
      if (withoutWork.has(alert.category) && !needsExecutions.has(alert.name))
        assert.match(
          expr,
          /unless[^]*jobqueue_worker_count\{state="active"\}[^]*== 0/,
          `${alert.name} without workers`,
        );
    }
});

test("promtool takes every expression in both forms", { skip: promtoolMissing }, () => {
  const all = alerts.flatMap((alert) =>
    (["prometheus", "grafana"] as const).flatMap((form) => renderAlert(alert, config, form).levels),
  );
  assert.equal(promtoolCheck(all.map(({ expr }) => expr)), undefined);
});

test("both forms of a rule mean the same: recorded series stand for the inline expression", () => {
  for (const alert of alerts) {
    const recorded = renderAlert(alert, config, "prometheus");
    const inline = renderAlert(alert, config, "grafana");
    for (const [index, level] of recorded.levels.entries()) {
      const filledIn = recorded.baselines.reduce(
        (text, baseline) =>
          text.replaceAll(new RegExp(`${baseline.record}(?![\\w:])`, "g"), `(${render(baseline.inline)})`),
        level.expr,
      );
      assert.equal(grammarTree(filledIn), grammarTree(inline.levels[index]?.expr ?? ""), alert.name);
    }
  }
});

test("every alert's panel exists in the committed dashboards", () => {
  for (const { name, panel } of alerts) {
    const text = readFileSync(join(root, "dashboards/generated", `${panel.dashboard}.json`), "utf8");
    assert.ok(
      text.includes(`"id": ${panelId(panel.panel)},`),
      `${name}: no panel ${panel.panel} on ${panel.dashboard}`,
    );
  }
});

test("links of the runbooks lead somewhere", () => {
  const folder = join(root, "alerting/generated/runbooks");
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, link = ""] of text.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(existsSync(join(folder, link)), `${file}: ${link}`);
  }
});

test("the plan's signs and procedures exist", () => {
  const names = new Set(alerts.map(({ name }) => name));
  for (const { signs, act } of scenarios) {
    for (const sign of signs) assert.ok(names.has(sign), sign);
    for (const name of act) assert.ok(procedures[name], name);
  }
});
