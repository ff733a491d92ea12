import type { Collection } from "../collect/family.ts";
import { Places, type SeriesLimits } from "../collect/places.ts";
import { snapshotSamples, type TargetView } from "../collect/points.ts";
import { zeroOf, type Sample } from "../collect/record.ts";
import { SeriesTable } from "../collect/series.ts";
import type { Snapshot } from "../systems/system.ts";

/** Whose snapshots they are: the common attributes and the limits of their series. */
export interface Source {
  readonly target: string;
  readonly environment: string | undefined;
  readonly view: TargetView;
  readonly limits: SeriesLimits;
  readonly namedQueues: readonly string[];
}

/** One target's snapshots as points, as the agent would export them. */
export function snapshotCollection(snapshots: readonly Snapshot[], source: Source, nowMs: number): Collection {
  const families = snapshots.flatMap((snapshot) => {
    const { target, environment } = source;
    const common = { ...(environment === undefined ? {} : { environment }), system: snapshot.system, target };
    const table = new SeriesTable(common, new Places(source.limits, new Set(source.namedQueues)));
    const samples = snapshotSamples(snapshot, source.view);
    // A counter's first point is 0, its value comes with the second: there is nobody here who waits for it.
    table.advance(samples, nowMs - 1);
    return table.advance(samples.map(withoutIncrement), nowMs).families;
  });
  const merged = [...Map.groupBy(families, ({ metric }) => metric)].map(([metric, parts]) => ({
    metric,
    points: parts.flatMap(({ points }) => points),
    ended: [],
  }));
  return { target: source.target, timeMs: nowMs, families: merged };
}

function withoutIncrement(sample: Sample): Sample {
  return sample.mode === "increment" ? { ...sample, value: zeroOf(sample.metric) } : sample;
}
