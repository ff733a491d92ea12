import type { Redis } from "../../redis/client.ts";
import { hmget } from "../../redis/commands.ts";
import { naturalOf } from "../json.ts";
import type { Problems } from "../problems.ts";
import type { Keys } from "./keys.ts";
import { capsulesOf, periodOf, readInfo, type Capsule, type ProcessInfo } from "./process-info.ts";

/** One registered Sidekiq process. */
export interface Process {
  readonly identity: string;
  readonly info: ProcessInfo;
  readonly state: "active" | "quiet" | "lost";
  readonly slots: number;
  readonly capsules: readonly Capsule[];
  readonly busy: number;
  /** Bytes. */
  readonly memory: number | undefined;
  /** Seconds. */
  readonly redisRtt: number | undefined;
  /** When it last gave a sign of life; undefined where its hash has expired. */
  readonly beatMs: number | undefined;
  readonly heartbeatAge: number | undefined;
  readonly periodMs: number;
}

/** A process that missed this many heartbeats is lost. */
const missedBeats = 3;
const maxThreads = 100_000;
const changing = ["busy", "beat", "quiet", "rss", "rtt_us", "concurrency"] as const;

interface Context {
  readonly nowMs: number;
  readonly problems: Problems;
  readonly signal: AbortSignal;
}

/** More processes than this are read in turn. */
const maxPerRead = 1_000;
/** Whose heartbeat is older than so many periods is read in any case, before it may be called lost. */
const sureBeats = 2.5;

/** What was read of a process. */
interface Known {
  readonly identity: string;
  readonly info: ProcessInfo;
  /** By the number of threads, so that they are not worked out at every read. */
  readonly capsules: Map<number, readonly Capsule[]>;
  readonly values: readonly (string | undefined)[];
}

/**
 * Reads what processes say of themselves at each heartbeat; what never changes only once. Of very many those are read
 * at every second read whose heartbeat is known to be in time, so that what is called lost was looked at just now.
 */
export class ProcessReader {
  readonly #keys: Keys;
  #known = new Map<string, Known>();
  #turn = 0;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  async read(redis: Redis, identities: readonly string[], context: Context): Promise<Process[]> {
    const { nowMs, problems, signal } = context;
    const wanted = identities.filter((identity, index) => this.#isDue(identity, index, identities.length, nowMs));
    const commands = wanted.map((identity) =>
      hmget(this.#keys.process(identity), this.#known.has(identity) ? changing : [...changing, "info"]),
    );
    const results = await redis.read(commands, signal);
    const fresh = new Map<string, Known>();
    for (const [index, identity] of wanted.entries()) {
      // What could not be read is not lost: nothing can be said of it, or what was said before.
      const values = problems.value(results[index], this.#keys.process(identity), undefined);
      if (values) fresh.set(identity, knownOf(identity, values, this.#known.get(identity)));
    }
    const all = identities.flatMap((identity) => fresh.get(identity) ?? this.#known.get(identity) ?? []);
    // One whose hash was never seen may still show it, with all that never changes.
    this.#known = new Map(all.filter(({ values }) => values.length > 0).map((known) => [known.identity, known]));
    this.#turn++;
    return all.map((known) => processOf(known, nowMs));
  }

  #isDue(identity: string, index: number, count: number, nowMs: number): boolean {
    const known = this.#known.get(identity);
    if (!known || count <= maxPerRead || (index + this.#turn) % 2 === 0) return true;
    const beat = naturalOf(known.values[1]) ?? 0;
    return nowMs / 1_000 - beat > sureBeats * periodOf(known.info);
  }
}

function knownOf(identity: string, values: readonly (string | undefined)[], before: Known | undefined): Known {
  if (before) return { ...before, values };
  const seen = values.some((value) => value !== undefined);
  return { identity, info: readInfo(identity, values[6]), capsules: new Map(), values: seen ? values : [] };
}

function processOf(known: Known, nowMs: number): Process {
  const { values } = known;
  const [busy = 0, beat, , rss, rtt, threads] = values.slice(0, changing.length).map(naturalOf);
  const slots = Math.min(maxThreads, threads ?? known.info.concurrency ?? 0);
  const capsules = known.capsules.get(slots) ?? capsulesOf(known.info, slots);
  known.capsules.set(slots, capsules);
  return {
    identity: known.identity,
    info: known.info,
    capsules,
    slots: slots === 0 ? capsules.reduce((sum, { concurrency }) => sum + concurrency, 0) : slots,
    busy: Math.min(maxThreads, busy),
    memory: rss === undefined ? undefined : rss * 1_024,
    redisRtt: rtt === undefined ? undefined : rtt / 1_000_000,
    ...lifeOf(known.info, { beat, quiet: values[2] === "true" }, nowMs),
  };
}

function lifeOf(
  info: ProcessInfo,
  { beat, quiet }: { readonly beat: number | undefined; readonly quiet: boolean },
  nowMs: number,
): Pick<Process, "state" | "beatMs" | "heartbeatAge" | "periodMs"> {
  const periodMs = periodOf(info) * 1_000;
  if (beat === undefined) return { state: "lost", beatMs: undefined, heartbeatAge: undefined, periodMs };
  const age = Math.max(0, nowMs - beat * 1_000);
  const alive = quiet ? "quiet" : "active";
  const state = age > missedBeats * periodMs ? "lost" : alive;
  return { state, beatMs: beat * 1_000, heartbeatAge: age / 1_000, periodMs };
}
