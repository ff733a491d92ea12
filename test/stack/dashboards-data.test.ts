import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type DashboardFile, dashboardFiles, filledIn, variableQuery } from "../support/grafana-file.ts";
import { type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";
import { watchDemo } from "../support/demo-agent.ts";
import { remoteWrite } from "../support/remote-write.ts";
import { fill, type Span, usualSpans } from "../support/sample-world.ts";
import { program } from "./programs.ts";

const interval = 30;
const range = 3 * 3_600;
const step = 60;

interface Asked {
  readonly panel: string;
  readonly series: number;
  readonly milliseconds: number;
}

/** Every query of every panel, one after the other as a slow server would get them. */
async function askAll(
  prometheus: RunningPrometheus,
  dashboard: DashboardFile,
  now: number,
  between: { range: number; step: number; interval: number } = { range, step, interval },
): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const panel of dashboard.panels) {
    const least = Number.parseFloat(panel.interval ?? "0");
    for (const { expr, instant, refId } of panel.targets ?? []) {
      const query = filledIn(expr, dashboard, between);
      const begun = performance.now();
      const answer =
        instant === true
          ? await prometheus.query(query, now)
          : await prometheus.queryRange(query, {
              from: now - between.range,
              to: now,
              step: Math.max(between.step, least),
            });
      asked.push({
        panel: `${panel.title} ${refId}`,
        series: answer.length,
        milliseconds: performance.now() - begun,
      });
    }
  }
  return asked;
}

/** Queries that may find nothing in the last half hour of an hour and a quarter of the demo world, and why. */
const emptyInDemo: Readonly<Record<string, string>> = {
  "overview: Throughput, jobs per second B": "there is no last week",
  "queue: Latency and promise D": "there is no last week",
  "queue: Latency and promise E": "Sidekiq's latency is exact",
  "queue: Latency and promise F": "Sidekiq's latency is exact",
  "queue: Waiting jobs C": "there is no last week",
  "classes: Slower than last week A": "there is no last week",
  "workers: CPU by host, cores A": "only beside the workers",
  "workers: Network of the workers A": "only beside the workers",
  "workers: Jobs presumed lost A": "a job is lost only with its worker",
  "workers: Jobs presumed lost, at most A": "a job is lost only with its worker",
  "threats: Workers and jobs lost B": "a job is lost only with its worker",
  "threats: Which queues A": "no queue has to be swollen at that moment",
  "threats: Which queues B": "no queue has to be swollen at that moment",
  "threats: Which queues C": "there is no yesterday",
  "threats: Invalid payloads by queue and kind A": "no payload has to be invalid in that half hour",
};

suite("dashboards over the demo world, as the agent reads it", () => {
  let prometheus: RunningPrometheus;
  // The same seed and start make the same world.
  const startMs = Date.UTC(2026, 0, 5, 9);
  const minutes = 75;
  const now = startMs / 1_000 + minutes * 60;

  before(async () => {
    prometheus = await startPrometheus({ program: await program("prometheus") });
    await watchDemo({ startMs, minutes, interval: 15 }, (series) =>
      remoteWrite(`${prometheus.url}/api/v1/write`, series),
    );
  });
  after(() => prometheus.stop());

  for (const [name, dashboard] of dashboardFiles(15)) {
    test(`${name}: every query finds data, but for those with a reason`, async () => {
      const asked = await askAll(prometheus, dashboard, now, { range: 1_800, step: 15, interval: 15 });
      const empty = asked.filter(({ series }) => series === 0).map(({ panel }) => `${name}: ${panel}`);
      assert.deepEqual(
        empty.filter((query) => emptyInDemo[query] === undefined),
        [],
      );
    });
  }
});

suite("dashboards over a week of a made-up world", () => {
  let prometheus: RunningPrometheus;
  const now = Math.floor(Date.now() / 1000);

  before(async () => {
    prometheus = await startPrometheus({ program: await program("prometheus") });
    await fill(prometheus.url, { end: now }, usualSpans);
  });
  after(() => prometheus.stop());

  for (const [name, dashboard] of dashboardFiles(interval)) {
    test(`${name}: every query finds data`, async () => {
      const asked = await askAll(prometheus, dashboard, now);
      const empty = asked.filter(({ series }) => series === 0);
      assert.deepEqual(
        empty.map(({ panel }) => panel),
        [],
      );
    });

    test(`${name}: every variable has values`, async () => {
      for (const variable of dashboard.templating.list.filter(({ type }) => type === "query")) {
        const { match, label } = variableQuery(variable);
        const values = await prometheus.labelValues(label, filledIn(match, dashboard, { range, step, interval }));
        assert.notDeepEqual(values, [], variable.name);
      }
    });
  }
});

suite("dashboards with a thousand queues", () => {
  let prometheus: RunningPrometheus;
  const now = Math.floor(Date.now() / 1000);
  const spans: readonly Span[] = [
    { from: -86_400, to: -range - 1_200, step: 600 },
    { from: -range - 1_200, to: 0, step: 60 },
  ];

  before(async () => {
    prometheus = await startPrometheus({ program: await program("prometheus") });
    await fill(prometheus.url, { end: now, moreQueues: 992 }, spans);
  });
  after(() => prometheus.stop());

  for (const [name, dashboard] of dashboardFiles(60)) {
    test(`${name}: no query takes a second`, async (context) => {
      const asked = await askAll(prometheus, dashboard, now);
      const all = asked.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
      const slowest = asked.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, 3);
      const text = slowest.map(({ panel, milliseconds }) => `${panel} ${milliseconds.toFixed(0)} ms`).join(", ");
      context.diagnostic(`${asked.length} queries in ${all.toFixed(0)} ms; slowest: ${text}`);
      // On a machine that is busy with other things, a second try tells a slow query from a slow moment.
      const slow = asked.filter(({ milliseconds }) => milliseconds > 1_000).map(({ panel }) => panel);
      const again = slow.length === 0 ? [] : await askAll(prometheus, dashboard, now);
      assert.deepEqual(
        again.filter(({ panel, milliseconds }) => slow.includes(panel) && milliseconds > 1_000),
        [],
      );
    });
  }
});
