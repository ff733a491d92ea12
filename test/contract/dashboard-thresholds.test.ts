import assert from "node:assert/strict";
import { test } from "node:test";
import { alerts } from "../../alerting/alerts.ts";
import type { Panel, Threshold } from "../../src/generate/dashboard/model.ts";
import { noneIsGood } from "../../src/generate/dashboard/panels.ts";
import { dashboards } from "../../src/generate/dashboards.ts";

/** Colours that no alert decides, by dashboard and panel or column, and why. */
const ownColours: Readonly<Record<string, string>> = {
  "agent/up-now": "0 and 1 are all there is",
  "overview/worst-queue": "a share of the promise, which is a metric: 1 is where it is broken",
  "overview/targets/Of promise": "a share of the promise",
  "overview/queues/Of promise": "a share of the promise",
  "overview/latency-share": "a share of the promise",
  "queue/share-now": "a share of the promise",
  "queue/workers-now": "one worker or none",
  "workers/active-now": "one worker or none",
  "workers/utilisation-now": "orange below the alert's share, to see it come",
  "workers/hosts/Busy": "orange below the alert's share, to see it come",
  "threats/swollen-now": "one queue is seen, several are alarmed",
  "threats/swollen": "one queue is seen, several are alarmed",
  "threats/surge-now": "compares with the day's median; the alert with the time of day",
  "threats/new-errors-now": "no alert counts kinds of failure",
  "threats/class-failures": "points above yesterday's share; no alert subtracts",
};

interface Coloured {
  readonly place: string;
  readonly steps: readonly (Threshold & { readonly from: number })[];
}

function colouredOf(panel: Panel, place: string): Coloured[] {
  const of = (at: string, thresholds: readonly Threshold[] = []): Coloured => ({
    place: at,
    steps:
      thresholds === noneIsGood
        ? []
        : thresholds.flatMap((one) => (one.from === undefined ? [] : [{ ...one, from: one.from }])),
  });
  if (panel.kind === "table") return panel.columns.map(({ title, thresholds }) => of(`${place}/${title}`, thresholds));
  return panel.kind === "heatmap" || panel.kind === "alerts" ? [] : [of(place, panel.thresholds)];
}

const coloured = Object.values(dashboards).flatMap(({ name, rows }) =>
  rows.flatMap(({ panels }) => panels.flatMap((panel) => colouredOf(panel, `${name}/${panel.key}`))),
);

test("what is coloured is what is alerted: a threshold stands with its alert alone", () => {
  const own = coloured.filter(({ steps }) => steps.some(({ setBy }) => setBy === undefined));
  assert.deepEqual(own.map(({ place }) => place).toSorted(), Object.keys(ownColours).toSorted());
});

test("a dashboard's number is the alert's", () => {
  const taken = coloured.flatMap(({ steps }) => steps.filter(({ setBy }) => setBy !== undefined));
  assert.ok(taken.length > 20);
  for (const { from, setBy } of taken) {
    const alert = alerts.find(({ name }) => name === setBy?.alert);
    assert.equal(from, alert?.thresholds[setBy?.threshold ?? ""]?.value);
  }
});

test("colours follow one another", () => {
  for (const { place, steps } of coloured) {
    const numbers = steps.map(({ from }) => from);
    const sorted = numbers.toSorted((a, b) => a - b);
    assert.deepEqual(numbers, sorted, place);
  }
});
