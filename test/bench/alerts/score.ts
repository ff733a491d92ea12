import { alerts } from "../../../alerting/alerts.ts";
import { alertingSchema } from "../../../src/config/alerting-schema.ts";
import { parseDuration } from "../../../src/config/quantities.ts";
import { renderAlert } from "../../../src/generate/rendered-alert.ts";
import { render } from "../../../src/promql/promql.ts";
import { BackfilledPrometheus, firing } from "../../support/backfilled-prometheus.ts";
import type { Incident, Kind } from "./incidents.ts";
import { peerRules } from "./peers.ts";
import type { World } from "./world.ts";

/** One stretch of time in which a rule fires for a target. */
export interface Firing {
  readonly set: string;
  readonly rule: string;
  readonly severity: string;
  readonly target: string;
  readonly from: number;
  readonly to: number;
}

/** Unix second of a Monday, 00:00 UTC: worlds begin there. */
const start = 1_735_516_800;
export const ours = "queuewatch";

/** Evaluates all rules over a world in a real Prometheus: baselines are recorded first, then alerts read them. */
export async function evaluate(world: World, from: number): Promise<Firing[]> {
  const prometheus = await BackfilledPrometheus.create(start);
  const rendered = alerts.map((alert) => renderAlert(alert, alertingSchema.parse({}), "prometheus"));
  try {
    await prometheus.add(world.series);
    await prometheus.open();
    const baselines = new Map(rendered.flatMap((alert) => alert.baselines).map((one) => [one.record, one]));
    const recorded = [];
    for (const { record, inline } of baselines.values()) {
      const found = await prometheus.minutes(render(inline), from, world.minutes);
      recorded.push(...found.map((one) => ({ ...one, name: record })));
    }
    await prometheus.stop();
    await prometheus.add(recorded.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
    await prometheus.open();
    const found: Firing[] = [];
    for (const { alert, levels } of rendered)
      for (const { severity, expr, for: hold, keepFiring } of levels) {
        if (severity !== "warning" && severity !== "critical") continue;
        const held = await prometheus.minutes(expr, from, world.minutes);
        const keep = minutesOf(keepFiring ?? "0m");
        const times = { hold: minutesOf(hold), keep };
        found.push(...stretches(held, { set: ours, rule: alert.name, severity }, times));
      }
    for (const { set, name, severity, hold, expr } of peerRules) {
      const held = await prometheus.minutes(expr, from, world.minutes);
      found.push(...stretches(held, { set, rule: name, severity }, { hold, keep: 0 }));
    }
    return found;
  } finally {
    await prometheus.remove();
  }
}

function minutesOf(duration: string): number {
  return Math.ceil((parseDuration(duration) ?? 0) / 60);
}

function stretches(
  held: Awaited<ReturnType<BackfilledPrometheus["minutes"]>>,
  rule: Pick<Firing, "set" | "rule" | "severity">,
  { hold, keep }: { hold: number; keep: number },
): Firing[] {
  const byTarget = new Map<string, boolean[]>();
  for (const { labels, values } of held) {
    const target = labels["target"] ?? labels["destination"] ?? "";
    const fires = firing(values, hold, keep);
    const merged = byTarget.get(target);
    byTarget.set(target, merged === undefined ? fires : merged.map((one, minute) => one || fires[minute] === true));
  }
  return [...byTarget].flatMap(([target, fires]) => spans(fires).map(([from, to]) => ({ ...rule, target, from, to })));
}

function spans(fires: readonly boolean[]): [number, number][] {
  const found: [number, number][] = [];
  fires.forEach((fire, minute) => {
    const last = found.at(-1);
    if (!fire) return;
    if (last !== undefined && minute - last[1] <= 5) last[1] = minute;
    else found.push([minute, minute]);
  });
  return found;
}

export interface Score {
  readonly found: Map<Kind, { found: number; all: number; minutes: number[] }>;
  readonly minutes: number[];
  readonly missed: Incident[];
  readonly falsePages: Firing[];
  readonly falseWarnings: Firing[];
}

/** What comes after an incident, such as a backlog that drains, belongs to it for an hour and a half. */
const aftermath = 90;

export function score(world: World, firings: readonly Firing[], set: string): Score {
  const mine = firings.filter((one) => one.set === set);
  const found: Score["found"] = new Map();
  const missed: Incident[] = [];
  const minutes: number[] = [];
  for (const incident of world.incidents) {
    const entry = found.get(incident.kind) ?? { found: 0, all: 0, minutes: [] };
    found.set(incident.kind, entry);
    entry.all += 1;
    const first = mine
      .filter(({ target, from, to }) => target === incident.target && to >= incident.from && from <= incident.to + 10)
      .filter(({ from }) => from >= incident.from - 2)
      .reduce((least, { from }) => Math.min(least, Math.max(0, from - incident.from)), Number.POSITIVE_INFINITY);
    if (first === Number.POSITIVE_INFINITY) missed.push(incident);
    else {
      entry.found += 1;
      entry.minutes.push(first);
      minutes.push(first);
    }
  }
  const wrong = mine.filter(
    ({ target, from, to }) =>
      !world.incidents.some((one) => one.target === target && to >= one.from - 1 && from <= one.to + aftermath),
  );
  return {
    found,
    minutes,
    missed,
    falsePages: wrong.filter(({ severity }) => severity === "critical"),
    falseWarnings: wrong.filter(({ severity }) => severity === "warning"),
  };
}
