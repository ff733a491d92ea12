import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { alerts } from "../../alerting/alerts.ts";
import { targetUp } from "../../src/catalogue/queuewatch.ts";
import { alertingSchema } from "../../src/config/alerting-schema.ts";
import { parseDuration } from "../../src/config/quantities.ts";
import type { Alert, AlertTest } from "../../src/generate/alert.ts";
import { ruleFile } from "../../src/generate/prometheus-rules.ts";
import { renderAlert, type Form } from "../../src/generate/rendered-alert.ts";
import { rawSample, sample } from "../../src/generate/sample-series.ts";
import {
  BackfilledPrometheus,
  firing,
  prometheusMissing,
  type MinuteSeries,
} from "../support/backfilled-prometheus.ts";
import { expandValues } from "../support/promtool-values.ts";
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
  ["redis_memory_used_bytes", "99x90"],
  ["redis_maxmemory_bytes", "100x90"],
  ["redis_keys_evicted_total", "0+100x90"],
  ["redis_clients_connected", "99x90"],
  ["redis_clients_limit", "100x90"],
  ["redis_rdb_last_save_ok", "0x90"],
  ["redis_ping_time_seconds", "3x90"],
].map(([name = "", values = ""]) => rawSample(name, { instance: "cache:9121" }, values));

function cases(alert: Alert): RuleCase[] {
  const { name, category } = alert;
  return alert.tests.flatMap((one) => {
    const plain = { ...one, alert: name };
    const doubled = { ...plain, title: `${one.title} (two agents)`, series: twoAgents(one) };
    const beside = { ...plain, title: `${one.title} (beside another exporter)`, series: [...one.series, ...foreign] };
    if (one.fires.length > 0) return [plain, doubled];
    return category === "redis" ? [plain, beside] : [plain];
  });
}

/** promtool evaluates every minute from the first on: days of history would take it an hour. */
const long = 400;
const minutesOf = (duration: string): number => Math.round((parseDuration(duration) ?? 0) / 60);
const isLong = ({ at }: RuleCase): boolean => minutesOf(at) > long;

suite("alerts without a past, as promtool evaluates their rules", { skip: promtoolMissing, concurrency: 2 }, () => {
  for (const alert of alerts) {
    const short = cases(alert).filter((one) => !isLong(one));
    if (short.length > 0)
      test(alert.name, async () => {
        assert.equal(await testRules(ruleFile([alert], config), short), undefined);
      });
  }
});

suite("alerts with a past, in a Prometheus", { skip: prometheusMissing }, () => {
  const all = alerts.flatMap((alert) =>
    cases(alert)
      .filter(isLong)
      .map((one) => ({ alert, one })),
  );
  let prometheus: BackfilledPrometheus;
  before(async () => {
    prometheus = await BackfilledPrometheus.create(1_735_516_800);
    await prometheus.add(all.flatMap(({ one }, number) => inWorldOfItsOwn(one, number)).toSorted(byName));
    await prometheus.open();
  });
  after(() => prometheus.remove());

  for (const [number, { alert, one }] of all.entries())
    test(`${alert.name}: ${one.title}`, async () => {
      assert.deepEqual(await fires(alert, one, "grafana", number), [...one.fires].toSorted());
    });

  /** Severities that fire at the end of the case; every case is an environment. */
  async function fires(alert: Alert, { at }: RuleCase, form: Form, number: number): Promise<string[]> {
    const end = minutesOf(at);
    const found = [];
    for (const { severity, expr, for: held, keepFiring } of renderAlert(alert, config, form).levels) {
      const query = expr.replaceAll(/\b((?:jobqueue|queuewatch|redis)_\w+)(\{)?/g, (_, name: string, open?: string) =>
        open === undefined ? `${name}{environment="case-${number}"}` : `${name}{environment="case-${number}",`,
      );
      const hold = minutesOf(held);
      const keep = minutesOf(keepFiring ?? "0m");
      const series = await prometheus.minutes(query, end - hold - keep - 15, end + 1);
      if (series.some(({ values }) => firing(values, hold, keep)[end] === true)) found.push(severity);
    }
    return found.toSorted();
  }
});

function inWorldOfItsOwn({ series }: RuleCase, number: number): MinuteSeries[] {
  return series.map(({ name, labels, values }) => ({
    name,
    labels: { ...labels, environment: `case-${number}` },
    values: expandValues(values),
  }));
}

function byName(a: MinuteSeries, b: MinuteSeries): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

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
  const silent: RuleCase = { title: "all others", alert: ".+", series: [down], at: "20m", fires: [] };
  assert.equal(await testRules(ruleFile(others, config), [silent]), undefined);
});
