import type { Database } from "../redis/database.ts";

/** Upper bounds of Sidekiq's histogram in ms; a last bucket has none (lib/sidekiq/metrics/shared.rb, 8.1.7). */
const bounds = [
  20, 30, 45, 65, 100, 150, 225, 335, 500, 750, 1_100, 1_700, 2_500, 3_800, 5_750, 8_500, 13_000, 20_000, 30_000,
  45_000, 65_000, 100_000, 150_000, 225_000, 335_000,
];
const full = 65_535;
const shortTerm = 8 * 3_600;
const midTerm = 3 * 86_400;

interface Counted {
  processed: number;
  failed: number;
  ms: number;
  readonly histogram: number[];
}

const noCounts: readonly number[] = Array.from({ length: bounds.length + 1 }, () => 0);

/** What a process has executed since its last heartbeat, by class. */
export class ExecutionMetrics {
  #classes = new Map<string, Counted>();

  succeeded(name: string, durationMs: number): void {
    const counted = this.#of(name);
    const ms = Math.floor(durationMs);
    counted.processed++;
    counted.ms += ms;
    const bucket = bounds.findIndex((bound) => ms < bound);
    const index = bucket < 0 ? bounds.length : bucket;
    counted.histogram[index] = (counted.histogram[index] ?? 0) + 1;
  }

  failed(name: string): void {
    const counted = this.#of(name);
    counted.processed++;
    counted.failed++;
  }

  /** Writes everything into the buckets of this minute, as lib/sidekiq/metrics/tracking.rb does, and forgets it. */
  flush(database: Database, nowMs: number): Map<string, Readonly<Counted>> {
    const flushed = this.#classes;
    this.#classes = new Map();
    const { minute, tenMinutes, histogram } = keysOf(nowMs);
    for (const [name, counted] of flushed) {
      writeTotals(database, minute, name, counted);
      writeTotals(database, tenMinutes, name, counted);
      if (counted.processed > counted.failed) writeHistogram(database, histogram(name), counted.histogram);
    }
    if (flushed.size > 0) {
      database.expire(minute, shortTerm);
      database.expire(tenMinutes, midTerm);
    }
    return flushed;
  }

  #of(name: string): Counted {
    let counted = this.#classes.get(name);
    if (!counted) this.#classes.set(name, (counted = { processed: 0, failed: 0, ms: 0, histogram: [...noCounts] }));
    return counted;
  }
}

function writeTotals(database: Database, key: string, name: string, { processed, failed, ms }: Counted): void {
  if (failed > 0) database.hincrBy(key, `${name}|f`, failed);
  if (processed > failed) database.hincrBy(key, `${name}|ms`, ms);
  database.hincrBy(key, `${name}|p`, processed);
}

/** Counters of 16 bits that stop when they are full; Redis leaves out the bytes after the last one that was touched. */
function writeHistogram(database: Database, key: string, counts: readonly number[]): void {
  const before = database.read(key, "string") ?? "";
  const touched = counts.findLastIndex((count) => count > 0) + 1;
  const bytes = Buffer.alloc(Math.max(Buffer.byteLength(before), 2 * touched));
  bytes.set(Buffer.isBuffer(before) ? before : Buffer.from(before));
  for (const [bucket, count] of counts.slice(0, touched).entries())
    bytes.writeUInt16BE(Math.min(full, bytes.readUInt16BE(2 * bucket) + count), 2 * bucket);
  database.set(key, bytes);
  database.expire(key, shortTerm);
}

const two = (value: number) => String(value).padStart(2, "0");

/** Keys of this minute, in UTC: `j|YYMMDD|H:MM`, of its ten minutes `j|YYMMDD|H:M`, and `h|<class>-D-H:M`. */
function keysOf(nowMs: number) {
  const now = new Date(nowMs);
  const date = `${two(now.getUTCFullYear() % 100)}${two(now.getUTCMonth() + 1)}${two(now.getUTCDate())}`;
  const [hour, minute] = [now.getUTCHours(), now.getUTCMinutes()];
  return {
    minute: `j|${date}|${hour}:${two(minute)}`,
    tenMinutes: `j|${date}|${hour}:${Math.floor(minute / 10)}`,
    histogram: (name: string) => `h|${name}-${now.getUTCDate()}-${hour}:${minute}`,
  };
}
