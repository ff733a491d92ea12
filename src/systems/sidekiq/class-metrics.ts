import type { Redis } from "../../redis/client.ts";
import { getBytes, hgetall, hlen } from "../../redis/commands.ts";
import { isObject } from "../json.ts";
import type { Problems } from "../problems.ts";
import type { ClassState } from "../system.ts";
import {
  growth,
  lacksHistogram,
  noTotals,
  restoredTotals,
  savedTotals,
  sumOf,
  type ClassTotals,
} from "./class-totals.ts";
import { bucketsOf, classCounts, histogramCounts, saturated, type Bucket } from "./minute-buckets.ts";

type Counted = Pick<ClassState, "processedSince" | "failedSince" | "durationSince">;

/** Buckets live for 8 h. */
const keptMinutes = 480;
/** A bucket may still grow in the minute after its own: flushes land in the minute of a client's clock. */
const growingMinutes = 2;
/** After an absence so many minutes are caught up with at each read, and no more histograms than this. */
const minutesPerRead = 20;
const histogramsPerRead = 10_000;
/** A bucket with more fields than this (three a class) is not read. */
const maxFields = 30_000;
/** A class keeps its series for a day. */
const classLifeMs = 86_400_000;

interface Context {
  readonly nowMs: number;
  readonly problems: Problems;
  readonly signal: AbortSignal;
}

/**
 * Follows Sidekiq's own minute buckets (7.0 and newer): every execution in them is counted once, by comparing each
 * bucket with what it held before while it can still grow. After an absence nothing is given until all is caught up with.
 */
export class ClassMetrics {
  readonly #prefix: string;
  readonly #includePast: boolean;
  /** Minutes up to this one are done with. */
  #watermark: number | undefined;
  #seen = new Map<string, { readonly minute: number; readonly totals: Map<string, ClassTotals> }>();
  #gathered = new Map<string, ClassTotals>();
  #classes = new Map<string, number>();
  #behind = false;

  constructor(prefix: string, includePast: boolean) {
    this.#prefix = prefix;
    this.#includePast = includePast;
  }

  async read(redis: Redis, context: Context): Promise<void> {
    const now = Math.floor(context.nowMs / 60_000);
    const baseline = this.#watermark === undefined && !this.#includePast;
    const start = this.#watermark ?? now - (this.#includePast ? keptMinutes : growingMinutes);
    const from = Math.max(start, now - keptMinutes) + 1;
    const to = this.#includePast ? now : Math.min(now, from + minutesPerRead - 1);
    const minutes = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
    const buckets = minutes.flatMap((minute) => bucketsOf(minute, this.#prefix));
    const found = await this.#histograms(redis, await readBuckets(redis, buckets, context), context);
    for (const { bucket, totals } of found) this.#apply(bucket, totals, { baseline, nowMs: context.nowMs });
    this.#behind = to < now;
    this.#watermark = Math.max(start, Math.min(to, now - growingMinutes));
    for (const [key, { minute }] of this.#seen) if (minute <= this.#watermark) this.#seen.delete(key);
  }

  /** Completes what changed with its histogram; the others have the one that was read before. */
  async #histograms(redis: Redis, found: readonly Found[], { problems, signal }: Context): Promise<readonly Found[]> {
    const lacking = found.flatMap((one) => this.#lacking(one));
    const some = lacking.slice(0, this.#includePast ? undefined : histogramsPerRead);
    if (some.length < lacking.length)
      problems.add("READ_PARTIAL", `${lacking.length - some.length} histograms of durations were not read`);
    const results = await redis.read(
      some.map(({ key }) => getBytes(key)),
      signal,
    );
    for (const [index, { totals, jobClass, one }] of some.entries()) {
      const histogram = histogramCounts(problems.value(results[index], "histograms of durations", undefined));
      if (histogram.includes(saturated))
        problems.add("READ_PARTIAL", "a bucket of durations is full (65,535 a minute): some are missing");
      totals.set(jobClass, { ...one, histogram });
    }
    return found;
  }

  #lacking({ bucket, totals }: Found) {
    const before = this.#seen.get(bucket.key)?.totals;
    for (const [jobClass, one] of totals)
      totals.set(jobClass, { ...one, histogram: before?.get(jobClass)?.histogram ?? noTotals.histogram });
    return [...totals]
      .filter(([, one]) => lacksHistogram(one))
      .map(([jobClass, one]) => ({ totals, jobClass, one, key: bucket.histogram(jobClass) }));
  }

  #apply(
    bucket: Bucket,
    totals: Map<string, ClassTotals>,
    { baseline, nowMs }: { readonly baseline: boolean; readonly nowMs: number },
  ): void {
    const before = this.#seen.get(bucket.key)?.totals;
    for (const [jobClass, now] of totals) {
      this.#classes.set(jobClass, nowMs);
      if (baseline) continue;
      const more = growth(now, before?.get(jobClass) ?? noTotals);
      this.#gathered.set(jobClass, sumOf(this.#gathered.get(jobClass) ?? noTotals, more));
    }
    this.#seen.set(bucket.key, { minute: bucket.minute, totals });
  }

  /** What was counted since the last call, by class; undefined values while there is more to catch up with. */
  take(nowMs: number): ReadonlyMap<string, Counted> {
    for (const [jobClass, seenMs] of this.#classes)
      if (nowMs - seenMs > classLifeMs && !this.#gathered.has(jobClass)) this.#classes.delete(jobClass);
    const counted = new Map(
      [...this.#classes.keys()].map((jobClass) => [jobClass, this.#behind ? unknown : this.#counted(jobClass)]),
    );
    if (!this.#behind) this.#gathered = new Map();
    return counted;
  }

  #counted(jobClass: string): Counted {
    const { processed, failed, ms, histogram } = this.#gathered.get(jobClass) ?? noTotals;
    return {
      processedSince: processed,
      failedSince: failed,
      durationSince: { counts: histogram, sum: ms / 1_000 },
    };
  }

  save(): unknown {
    const seen = [...this.#seen].map(([key, { minute, totals }]) => ({ key, minute, totals: savedTotals(totals) }));
    const classes = [...this.#classes].slice(-5_000);
    return { watermark: this.#watermark, seen, gathered: savedTotals(this.#gathered), classes };
  }

  restore(state: unknown): void {
    if (!isObject(state) || !Number.isSafeInteger(state["watermark"])) return;
    this.#watermark = Number(state["watermark"]);
    for (const entry of listOf(state["seen"]).filter(isObject)) {
      const key: unknown = entry["key"];
      const minute: unknown = entry["minute"];
      if (typeof key === "string" && typeof minute === "number")
        this.#seen.set(key, { minute, totals: restoredTotals(entry["totals"]) });
    }
    this.#gathered = restoredTotals(state["gathered"]);
    for (const entry of listOf(state["classes"]))
      if (Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "number")
        this.#classes.set(entry[0], entry[1]);
  }
}

const unknown: Counted = { processedSince: undefined, failedSince: undefined, durationSince: undefined };

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, 5_000) : [];
}

interface Found {
  readonly bucket: Bucket;
  readonly totals: Map<string, ClassTotals>;
}

async function readBuckets(
  redis: Redis,
  buckets: readonly Bucket[],
  { problems, signal }: Pick<Context, "problems" | "signal">,
): Promise<Found[]> {
  const lengths = await redis.read(
    buckets.map(({ key }) => hlen(key)),
    signal,
  );
  const readable = buckets.filter(({ key }, index) => {
    const length = problems.value(lengths[index], key, 0);
    if (length > maxFields) problems.add("READ_PARTIAL", `${key} has ${length} fields; it is not read`);
    return length > 0 && length <= maxFields;
  });
  const results = await redis.read(
    readable.map(({ key }) => hgetall(key)),
    signal,
  );
  return readable.map((bucket, index) => {
    const counts = classCounts(problems.value(results[index], bucket.key, new Map<string, string>()));
    const totals = [...counts].map(([jobClass, one]) => [jobClass, { ...one, histogram: [] }] as const);
    return { bucket, totals: new Map<string, ClassTotals>(totals) };
  });
}
