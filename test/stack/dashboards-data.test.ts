import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type DashboardFile, dashboardFiles, filledIn, variableQuery } from "../support/grafana-file.ts";
import { type RunningPrometheus, startPrometheus } from "../support/prometheus.ts";
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
async function askAll(prometheus: RunningPrometheus, dashboard: DashboardFile, now: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const panel of dashboard.panels) {
    const least = Number.parseFloat(panel.interval ?? "0");
    for (const { expr, instant, refId } of panel.targets ?? []) {
      const query = filledIn(expr, dashboard, { range, step, interval });
      const begun = performance.now();
      const answer =
        instant === true
          ? await prometheus.query(query, now)
          : await prometheus.queryRange(query, { from: now - range, to: now, step: Math.max(step, least) });
      asked.push({
        panel: `${panel.title} ${refId}`,
        series: answer.length,
        milliseconds: performance.now() - begun,
      });
    }
  }
  return asked;
}

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
