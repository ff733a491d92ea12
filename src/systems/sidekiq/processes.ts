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

/** Reads what processes say of themselves at each heartbeat; what never changes only once. */
export class ProcessReader {
  readonly #keys: Keys;
  #known = new Map<string, { readonly info: ProcessInfo; readonly capsules: Map<number, readonly Capsule[]> }>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  async read(redis: Redis, identities: readonly string[], context: Context): Promise<Process[]> {
    const commands = identities.map((identity) =>
      hmget(this.#keys.process(identity), this.#known.has(identity) ? changing : [...changing, "info"]),
    );
    const results = await redis.read(commands, context.signal);
    const before = this.#known;
    this.#known = new Map();
    return identities.map((identity, index) => {
      const values = context.problems.value(results[index], this.#keys.process(identity), []);
      const info = before.get(identity)?.info ?? readInfo(identity, values[6]);
      const capsules = before.get(identity)?.capsules ?? new Map<number, readonly Capsule[]>();
      // A hash that has expired or cannot be read may come back, with what it has to say.
      if (before.has(identity) || values[6] !== undefined) this.#known.set(identity, { info, capsules });
      return processOf({ identity, info, capsules }, values, context.nowMs);
    });
  }
}

interface Known {
  readonly identity: string;
  readonly info: ProcessInfo;
  /** By the number of threads, so that they are not worked out at every read. */
  readonly capsules: Map<number, readonly Capsule[]>;
}

function processOf(known: Known, values: readonly (string | undefined)[], nowMs: number): Process {
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
