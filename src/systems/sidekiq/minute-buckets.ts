/** One minute of Sidekiq's execution metrics, under the names of one generation. */
export interface Bucket {
  /** Minutes since the epoch. */
  readonly minute: number;
  readonly key: string;
  /** Key of a class's histogram of this minute. */
  histogram(jobClass: string): string;
}

const two = (value: number) => String(value).padStart(2, "0");

/**
 * The keys of a minute, in UTC. Up to 7.3 `j|YYYYMMDD|H:M` and `<class>-DD-HH:M`; from 8.0 on `j|YYMMDD|H:MM` and
 * `h|<class>-D-H:M`. Source: sidekiq lib/sidekiq/metrics/{tracking,shared,query}.rb, 7.0.9, 7.3.2, 8.1.7.
 */
export function bucketsOf(minute: number, prefix: string): readonly Bucket[] {
  const date = new Date(minute * 60_000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  const [h, m] = [date.getUTCHours(), date.getUTCMinutes()];
  return [
    {
      minute,
      key: `${prefix}j|${year}${two(month)}${two(day)}|${h}:${m}`,
      histogram: (jobClass) => `${prefix}${jobClass}-${two(day)}-${two(h)}:${m}`,
    },
    {
      minute,
      key: `${prefix}j|${two(year % 100)}${two(month)}${two(day)}|${h}:${two(m)}`,
      histogram: (jobClass) => `${prefix}h|${jobClass}-${day}-${h}:${m}`,
    },
  ];
}

/** What a bucket says of one class. */
export interface ClassCounts {
  readonly processed: number;
  readonly failed: number;
  /** Of successful executions. */
  readonly ms: number;
}

/** Fields `<class>|p`, `<class>|f`, `<class>|ms`; a class may itself hold a `|`. */
export function classCounts(fields: ReadonlyMap<string, string>): Map<string, ClassCounts> {
  const counts = new Map<string, ClassCounts>();
  for (const [field, text] of fields) {
    const bar = field.lastIndexOf("|");
    const name = kinds[field.slice(bar + 1)];
    if (bar <= 0 || name === undefined || !/^\d{1,15}$/.test(text)) continue;
    const jobClass = field.slice(0, bar);
    counts.set(jobClass, { ...(counts.get(jobClass) ?? none), [name]: Number(text) });
  }
  return counts;
}

const kinds: Readonly<Record<string, keyof ClassCounts>> = Object.assign(Object.create(null), {
  p: "processed",
  f: "failed",
  ms: "ms",
});
const none: ClassCounts = { processed: 0, failed: 0, ms: 0 };

/** Buckets of a histogram, the last one without an upper bound. */
export const histogramBuckets = 26;
/** Where a counter of a histogram ends. */
export const saturated = 65_535;

/** Counters of 16 bits, big-endian, the shortest durations first; zeros at the end may be missing. */
export function histogramCounts(bytes: Buffer | undefined): number[] {
  return Array.from({ length: histogramBuckets }, (_, index) =>
    bytes !== undefined && bytes.length >= 2 * index + 2
      ? bytes.readUInt16BE(2 * index)
      : (bytes?.[2 * index] ?? 0) << 8,
  );
}
