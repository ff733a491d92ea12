import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { alerts } from "../../alerting/alerts.ts";
import { targetUp } from "../../src/catalogue/queuewatch.ts";
import { alertingSchema } from "../../src/config/alerting-schema.ts";
import type { Alert, AlertTest } from "../../src/generate/alert.ts";
import { ruleFile } from "../../src/generate/prometheus-rules.ts";
import { rawSample, sample } from "../../src/generate/sample-series.ts";
import { promtoolMissing, testRules, type RuleCase } from "../support/promtool-rules.ts";

const config = alertingSchema.parse({});

/** Two agents that watch the same target send the same points under two instance ids. */
function twoAgents({ series }: AlertTest): AlertTest["series"] {
  return series.flatMap((one) =>
    ["a", "b"].map((instance) => ({
      ...one,
      labels: { ...one.labels, instance, job: one.labels["job"] ?? "queuewatch" },
    })),
  );
}

/** Another exporter in the same Prometheus that uses the names of Redis's metrics, with values that would alarm. */
const foreign = [
  rawSample("redis_memory_used_bytes", { instance: "cache:9121" }, "99x3300"),
  rawSample("redis_maxmemory_bytes", { instance: "cache:9121" }, "100x3300"),
  rawSample("redis_keys_evicted_total", { instance: "cache:9121" }, "0+100x3300"),
  rawSample("redis_clients_connected", { instance: "cache:9121" }, "99x3300"),
  rawSample("redis_clients_limit", { instance: "cache:9121" }, "100x3300"),
  rawSample("redis_rdb_last_save_ok", { instance: "cache:9121" }, "0x3300"),
  rawSample("redis_ping_time_seconds", { instance: "cache:9121" }, "3x3300"),
  rawSample("redis_cpu_time_seconds_total", { instance: "cache:9121", state: "user" }, "0+60x3300"),
];

function cases(alert: Alert): RuleCase[] {
  const { name, category } = alert;
  return alert.tests.flatMap((one) => {
    const plain = { ...one, alert: name };
    const doubled = { ...plain, title: `${one.title} (two agents)`, series: twoAgents(one) };
    const beside = { ...plain, title: `${one.title} (beside another exporter)`, series: [...one.series, ...foreign] };
    return one.fires.length > 0 ? [plain, doubled] : category === "redis" ? [plain, beside] : [plain];
  });
}

suite("alerts, as promtool evaluates their rules", { skip: promtoolMissing, concurrency: 2 }, () => {
  for (const alert of alerts)
    test(alert.name, async () => {
      assert.equal(await testRules(ruleFile([alert], config), cases(alert)), undefined);
    });
});

test("every level of every alert fires in a test, and every alert has silence in one", () => {
  for (const { name, levels, tests } of alerts) {
    const fired = new Set(tests.flatMap(({ fires }) => fires));
    for (const { severity } of levels) assert.ok(fired.has(severity), `${name}: ${severity} never fires in a test`);
    const silent = tests.some(({ fires }) => fires.length === 0) || name === "QueuewatchWatchdog";
    assert.ok(silent, `${name} is never silent in a test`);
  }
});

test("a target that cannot be read raises one alert only", { skip: promtoolMissing }, async () => {
  const down = sample(targetUp, {}, "1x10 0x30");
  const others = alerts.filter(({ name }) => !["RedisUnreachable", "QueuewatchWatchdog"].includes(name));
  const all = others.map((alert): RuleCase => ({
    title: alert.name,
    alert: alert.name,
    series: [down],
    at: "20m",
    fires: [],
  }));
  assert.equal(await testRules(ruleFile(alerts, config), all), undefined);
});
