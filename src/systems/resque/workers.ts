import type { Redis } from "../../redis/client.ts";
import { hgetall, hmget, mget } from "../../redis/commands.ts";
import { momentMs } from "../time-text.ts";
import type { Keys } from "./keys.ts";
import { classOf, parseObject } from "./payload.ts";
import type { Problems } from "../problems.ts";
import { nodeNames, readWorkerId } from "./worker-id.ts";

/** A job that a worker says it is executing. */
export interface RunningJob {
  readonly queue: string;
  readonly jobClass: string;
  readonly runAtMs: number | undefined;
  /** Tells this execution from any other of the same worker. */
  readonly token: string;
}

/** One registered worker. */
export interface Worker {
  readonly id: string;
  readonly kind: "ruby" | "node" | "unknown";
  /** The name under which a node-resque worker pings. */
  readonly name: string | undefined;
  readonly host: string | undefined;
  readonly pid: number | undefined;
  /** Names and patterns of the queues that it serves. */
  readonly queues: readonly string[];
  /** Seconds since the last heartbeat or ping; undefined where the worker gives none. */
  readonly heartbeatAge: number | undefined;
  readonly lost: boolean;
  readonly job: RunningJob | undefined;
}

/** Seconds without a sign of life after which a worker is lost: three periods of 60 s (Ruby) and 5 s (node-resque). */
export const lostAfter = { ruby: 180, node: 15 } as const;

const idsPerCommand = 100;
/** Payloads of running jobs are read up to this many bytes a read; a job may have arguments of any size. */
const maxPayloadBytes = 8 * 1024 * 1024;
const maxHeartbeats = 20_000;
/** Longer texts are not kept to be compared with the next ones. */
const keptLength = 1_024;

/** What is known of a worker from its first look: never changes during its life. */
interface Identity {
  readonly kind: Worker["kind"];
  readonly host: string | undefined;
  readonly pid: number | undefined;
  readonly queues: readonly string[];
  /** node-resque's name of the worker, under which it pings. */
  readonly name: string | undefined;
}

/** Reads the registered workers with their signs of life and the jobs in their hands. */
export class WorkerReader {
  readonly #keys: Keys;
  readonly #identities = new Map<string, Identity>();
  readonly #texts = new Map<string, { readonly text: string; readonly job: RunningJob }>();
  #offset = 0;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** `heartbeats` is the length of the heartbeat hash. */
  async read(
    redis: Redis,
    ids: readonly string[],
    context: { readonly nowMs: number; readonly heartbeats: number; problems: Problems; signal: AbortSignal },
  ): Promise<{ readonly workers: readonly Worker[]; readonly orphans: readonly string[] }> {
    const { nowMs, problems, signal } = context;
    const beats = await this.#heartbeats(redis, ids, context);
    const pings = await this.#pings(redis, ids, { beats, problems, signal });
    const jobs = await this.#jobs(redis, ids, { problems, signal });
    const present = new Set(ids);
    for (const known of [this.#identities, this.#texts])
      for (const id of known.keys()) if (!present.has(id)) known.delete(id);
    const workers = ids.map((id) => {
      const identity = this.#identify(id, beats.has(id), pings.get(id)?.name);
      const beatMs = momentMs(beats.get(id)) ?? pings.get(id)?.atMs;
      return { id, ...identity, ...lifeOf(identity.kind, beatMs, nowMs), job: jobs.get(id) };
    });
    return { workers, orphans: staleOrphans(beats, present, nowMs) };
  }

  async #heartbeats(
    redis: Redis,
    ids: readonly string[],
    { heartbeats, problems, signal }: { heartbeats: number; problems: Problems; signal: AbortSignal },
  ): Promise<ReadonlyMap<string, string>> {
    const key = this.#keys.heartbeats;
    if (heartbeats === 0) return new Map();
    if (heartbeats <= maxHeartbeats) {
      const [result] = await redis.read([hgetall(key)], signal);
      return problems.value(result, key, new Map<string, string>());
    }
    const pages = pagesOf(ids, 500);
    const results = await redis.read(
      pages.map((page) => hmget(key, page)),
      signal,
    );
    const values = results.flatMap((result) => problems.value(result, key, []));
    return new Map(ids.flatMap((id, index) => (values[index] === undefined ? [] : [[id, values[index]]])));
  }

  /** Pings of those without a heartbeat: node-resque's, or of old clients that give no sign of life. */
  async #pings(
    redis: Redis,
    ids: readonly string[],
    { beats, problems, signal }: { beats: ReadonlyMap<string, string>; problems: Problems; signal: AbortSignal },
  ): Promise<ReadonlyMap<string, { readonly name: string; readonly atMs: number | undefined }>> {
    const wanted = ids
      .filter((id) => !beats.has(id))
      .flatMap((id) => {
        const known = this.#identities.get(id)?.name;
        return (known === undefined ? nodeNames(id) : [known]).map((name) => ({ id, name }));
      });
    const pages = pagesOf(wanted, idsPerCommand);
    const results = await redis.read(
      pages.map((page) => mget(page.map(({ name }) => this.#keys.ping(name)))),
      signal,
    );
    const values = results.flatMap((result, page) =>
      problems.value(
        result,
        this.#keys.ping("*"),
        Array.from({ length: pages[page]?.length ?? 0 }, () => undefined),
      ),
    );
    return new Map(
      wanted.flatMap(({ id, name }, index) => {
        const ping = values[index] === undefined ? undefined : parseObject(values[index] ?? "");
        return ping ? [[id, { name, atMs: momentMs(ping["time"]) }] as const] : [];
      }),
    );
  }

  /** The jobs in the workers' hands, within the bytes of one read; where it ends, the next read begins. */
  async #jobs(
    redis: Redis,
    ids: readonly string[],
    { problems, signal }: { problems: Problems; signal: AbortSignal },
  ): Promise<ReadonlyMap<string, RunningJob>> {
    const jobs = new Map<string, RunningJob>();
    if (this.#offset >= ids.length) this.#offset = 0;
    const order = [...ids.slice(this.#offset), ...ids.slice(0, this.#offset)];
    let [done, bytes, step] = [0, 0, idsPerCommand];
    while (done < order.length) {
      const some = order.slice(done, done + step);
      const texts = await this.#values(redis, some, { problems, signal });
      texts.forEach((text, index) => {
        bytes += text?.length ?? 0;
        const job = text === undefined ? undefined : this.#runningJob(some[index] ?? "", text);
        if (job) jobs.set(some[index] ?? "", job);
      });
      done += some.length;
      if (bytes >= maxPayloadBytes) break;
      // The first page shows the size of payloads: where they are small, all the rest goes in one round trip.
      step = bytes / done > 4_096 ? idsPerCommand : idsPerCommand * 20;
    }
    if (done < order.length) {
      problems.add("READ_PARTIAL", `running jobs of ${order.length - done} workers were not read: large payloads`);
      this.#offset = (this.#offset + done) % ids.length;
    }
    return jobs;
  }

  /** A job that runs for long is read from the same text each time. */
  #runningJob(id: string, text: string): RunningJob | undefined {
    const known = this.#texts.get(id);
    if (known?.text === text) return known.job;
    const job = runningJob(text);
    if (text.length <= keptLength && job) this.#texts.set(id, { text, job });
    else this.#texts.delete(id);
    return job;
  }

  async #values(
    redis: Redis,
    ids: readonly string[],
    { problems, signal }: { problems: Problems; signal: AbortSignal },
  ): Promise<(string | undefined)[]> {
    const pages = pagesOf(ids, idsPerCommand);
    const results = await redis.read(
      pages.map((page) => mget(page.map((id) => this.#keys.worker(id)))),
      signal,
    );
    return results.flatMap((result, page) =>
      problems.value(
        result,
        this.#keys.worker("*"),
        Array.from({ length: pages[page]?.length ?? 0 }, () => undefined),
      ),
    );
  }

  #identify(id: string, beats: boolean, pingName: string | undefined): Identity {
    const known = this.#identities.get(id);
    if (known && known.kind !== "unknown") return known;
    const kind = beats ? "ruby" : pingName === undefined ? "unknown" : "node";
    const identity = { kind, ...readWorkerId(id, pingName), name: pingName } as const;
    this.#identities.set(id, identity);
    return identity;
  }
}

function lifeOf(kind: Worker["kind"], beatMs: number | undefined, nowMs: number) {
  const heartbeatAge = beatMs === undefined ? undefined : Math.max(0, nowMs - beatMs) / 1_000;
  const limit = kind === "unknown" ? Infinity : lostAfter[kind];
  return { heartbeatAge, lost: (heartbeatAge ?? (kind === "unknown" ? 0 : Infinity)) > limit };
}

/**
 * Heartbeats of workers that are not registered. A worker gives its first one just before it registers, and one that was
 * pruned by mistake goes on beating; only what is older than a period is the trace of a worker that is gone.
 */
function staleOrphans(beats: ReadonlyMap<string, string>, present: ReadonlySet<string>, nowMs: number): string[] {
  return [...beats].flatMap(([id, text]) => {
    if (present.has(id)) return [];
    const beatMs = momentMs(text);
    return beatMs !== undefined && nowMs - beatMs > 60_000 ? [id] : [];
  });
}

/** `{queue, run_at, payload}` as Resque and node-resque write it; undefined for what is none. */
function runningJob(text: string): RunningJob | undefined {
  const entry = parseObject(text);
  if (!entry || typeof entry["queue"] !== "string") return undefined;
  const [queue, jobClass, runAtMs] = [entry["queue"], classOf(entry["payload"]), momentMs(entry["run_at"])];
  return { queue, jobClass, runAtMs, token: JSON.stringify([queue, jobClass, runAtMs]) };
}

function pagesOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, page) =>
    items.slice(page * size, (page + 1) * size),
  );
}
