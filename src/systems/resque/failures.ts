import type { Redis } from "../../redis/client.ts";
import { llen, lrange, memoryUsage } from "../../redis/commands.ts";
import type { FailureGroup } from "../system.ts";
import { FailedList, type NewFailures } from "./failed-list.ts";
import type { FailureEntry } from "./failure-entry.ts";
import type { Keys } from "./keys.ts";
import type { Problems } from "../problems.ts";
import { Replies } from "../replies.ts";

/** Entries remembered over all lists, to say what they consist of. */
const maxKnown = 2_000;
/** Bytes of entries that one read may bring of one list; they carry backtraces. */
const pageBytes = 1024 * 1024;
const maxPage = 500;
const minPage = 10;
/** Lists (one a queue with the multi-queue backend) of which older entries are read in one read. */
const fillsPerRead = 4;
/** Groups of failures told apart; more of them are `other`. */
const maxGroups = 500;
const sizingTurns = 20;

interface Context {
  readonly problems: Problems;
  readonly signal: AbortSignal;
}

/** Reads both of Resque's failure backends: what the lists consist of, and what was added to them. */
export class FailureReader {
  readonly #keys: Keys;
  #lists = new Map<string, { list: FailedList; entryBytes: number | undefined }>();
  #new = new Map<string, FailureGroup>();
  #turn = 0;
  #composed: { readonly state: string; readonly groups: FailureGroup[] } | undefined;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** `names`: the members of `failed_queues`. */
  async read(redis: Redis, names: readonly string[], context: Context): Promise<void> {
    this.#remember([...new Set(["failed", ...names])]);
    const sizes = await this.#advance(redis, context);
    await this.#resume(redis, sizes, context);
    await this.#fill(redis, context);
    this.#turn++;
  }

  #remember(names: readonly string[]): void {
    const before = this.#lists;
    const each = Math.max(50, Math.floor(maxKnown / names.length));
    this.#lists = new Map(
      names.map((name) => {
        const list = () => new FailedList(each, this.#turn > 0);
        return [name, before.get(name) ?? { list: list(), entryBytes: undefined }];
      }),
    );
  }

  /** Follows each list from where it ended before; gives the sizes of those that did not simply grow. */
  async #advance(redis: Redis, context: Context): Promise<ReadonlyMap<string, number>> {
    const plans = [...this.#lists].map(([name, known], index) => ({
      name,
      known,
      key: this.#keys.failedList(name),
      page: known.list.nextPage(pageOf(known.entryBytes)),
      sizing: known.entryBytes === undefined || (this.#turn + index) % sizingTurns === 0,
    }));
    const commands = plans.flatMap(({ key, page, sizing }) => [
      llen(key),
      ...(page ? [lrange(key, page.start, page.stop)] : []),
      ...(sizing ? [memoryUsage(key, 5)] : []),
    ]);
    const replies = new Replies(await redis.read(commands, context.signal), context.problems);
    const changed = new Map<string, number>();
    for (const { name, known, key, page, sizing } of plans) {
      const size = replies.number(key) ?? 0;
      const gained = known.list.advance(size, page ? replies.texts(key) : []);
      if (gained === false) changed.set(name, size);
      else this.#count(gained);
      const bytes = sizing ? replies.number(key) : undefined;
      if (bytes !== undefined && size > 0) known.entryBytes = bytes / size;
    }
    return changed;
  }

  async #resume(redis: Redis, sizes: ReadonlyMap<string, number>, context: Context): Promise<void> {
    const plans = [...sizes].flatMap(([name, size]) => {
      const known = this.#lists.get(name);
      const key = this.#keys.failedList(name);
      return known ? [{ known, key, size, page: known.list.lastPage(size, pageOf(known.entryBytes)) }] : [];
    });
    const results = await redis.read(
      plans.map(({ key, page }) => lrange(key, page.start, page.stop)),
      context.signal,
    );
    plans.forEach(({ known, key, size }, index) => {
      this.#count(known.list.resume(size, context.problems.value(results[index], key, [])));
    });
  }

  /** Reads further back into a few lists, until enough of them is known. */
  async #fill(redis: Redis, context: Context): Promise<void> {
    const plans = [...this.#lists]
      .flatMap(([name, { list, entryBytes }]) => {
        const page = list.olderPage(pageOf(entryBytes));
        return page ? [{ list, page, key: this.#keys.failedList(name) }] : [];
      })
      .slice(0, fillsPerRead);
    const results = await redis.read(
      plans.map(({ key, page }) => lrange(key, page.start, page.stop)),
      context.signal,
    );
    plans.forEach(({ list, key }, index) => list.prepend(context.problems.value(results[index], key, [])));
  }

  #count({ entries, unread }: NewFailures): void {
    for (const entry of entries) addTo(this.#new, entry, 1);
    if (unread > 0) addTo(this.#new, other, unread);
  }

  get size(): number {
    return [...this.#lists.values()].reduce((sum, { list }) => sum + list.size, 0);
  }

  /** What the lists consist of; what is not known is `other`, so that the parts add up to the size. */
  composition(): FailureGroup[] {
    const state = [...this.#lists].map(([name, { list }]) => `${name} ${list.version}`).join("\n");
    if (this.#composed?.state !== state) this.#composed = { state, groups: this.#compose() };
    return this.#composed.groups;
  }

  #compose(): FailureGroup[] {
    const groups = new Map<string, FailureGroup>();
    for (const { list } of this.#lists.values()) for (const entry of list.known) addTo(groups, entry, 1);
    const rest = this.size - [...groups.values()].reduce((sum, { count }) => sum + count, 0);
    if (rest > 0) addTo(groups, other, rest);
    return [...groups.values()];
  }

  /** Failures recorded since the last call. */
  take(): FailureGroup[] {
    const taken = [...this.#new.values()];
    this.#new = new Map();
    return taken;
  }
}

const other = { queue: "other", jobClass: "other", errorType: "other" };

function addTo(groups: Map<string, FailureGroup>, entry: Omit<FailureEntry, "identity">, count: number): void {
  const key = JSON.stringify([entry.queue, entry.jobClass, entry.errorType]);
  if (!groups.has(key) && groups.size >= maxGroups && entry !== other) return addTo(groups, other, count);
  const { queue, jobClass, errorType } = entry;
  groups.set(key, { set: "failed", queue, jobClass, errorType, count: (groups.get(key)?.count ?? 0) + count });
}

function pageOf(entryBytes: number | undefined): number {
  return Math.max(minPage, Math.min(maxPage, Math.floor(pageBytes / (entryBytes ?? pageBytes / 100))));
}
