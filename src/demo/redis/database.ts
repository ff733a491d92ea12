import { Deque } from "./deque.ts";
import { SortedSet } from "./sorted-set.ts";

/** What each type of key holds. */
export interface Types {
  readonly string: string | Buffer;
  readonly list: Deque<string>;
  readonly set: Set<string>;
  readonly zset: SortedSet;
  readonly hash: Map<string, string>;
}

export type Type = keyof Types;

const types: readonly Type[] = ["string", "list", "set", "zset", "hash"];

/** One key's value, under the name of its type. */
export type Content = Partial<Types>;

interface Entry {
  content: Content;
  /** In ms of the server's clock; infinite for a key that stays. */
  expiresAt: number;
}

/** A key holds something else than the command is for. */
export class WrongTypeError extends Error {}

/** What was done with a database so far. */
export interface DatabaseCounts {
  hits: number;
  misses: number;
  expired: number;
  writes: number;
}

/**
 * One database of the stand-in: reads by type for the server, and a write command of Redis as a method each for the
 * simulated world, which is the only one that can write. A key without elements does not exist.
 */
export class Database {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();
  readonly counts: DatabaseCounts = { hits: 0, misses: 0, expired: 0, writes: 0 };

  /** `now` is the server's clock, in ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What a key holds; undefined where there is none. Throws a WrongTypeError. */
  read<T extends Type>(key: string, type: T): Types[T] | undefined {
    const entry = this.#entry(key);
    if (entry) this.counts.hits++;
    else this.counts.misses++;
    return entry && valueOf(entry.content, type);
  }

  typeOf(key: string): Type | undefined {
    const content = this.#entry(key)?.content;
    return types.find((type) => content?.[type] !== undefined);
  }

  /** What a key holds, of whatever type. */
  content(key: string): Content | undefined {
    return this.#entry(key)?.content;
  }

  /** Every key, expired ones removed. */
  keys(): IterableIterator<string> {
    this.sweep();
    return this.#entries.keys();
  }

  /** Number of keys, of those that will expire, and the mean time they have left. */
  keyspace(): { readonly keys: number; readonly expires: number; readonly averageTtlMs: number } {
    this.sweep();
    const expiring = [...this.#entries.values()].map(({ expiresAt }) => expiresAt).filter(Number.isFinite);
    const left = expiring.reduce((sum, at) => sum + at - this.#now(), 0);
    const averageTtlMs = expiring.length === 0 ? 0 : Math.round(left / expiring.length);
    return { keys: this.#entries.size, expires: expiring.length, averageTtlMs };
  }

  /** Removes every key whose time is over. */
  sweep(): void {
    for (const key of this.#entries.keys()) this.#entry(key);
  }

  set(key: string, value: string | Buffer): void {
    this.counts.writes++;
    this.#entries.set(key, { content: { string: value }, expiresAt: Number.POSITIVE_INFINITY });
  }

  incrBy(key: string, increment: number): void {
    this.counts.writes++;
    const entry = this.#entry(key);
    const value = String(Number(entry ? valueOf(entry.content, "string") : 0) + increment);
    if (entry) entry.content = { string: value };
    else this.set(key, value);
  }

  lpush(key: string, element: string): void {
    this.#writable(key, "list", () => ({ list: new Deque() })).unshift(element);
  }

  rpush(key: string, element: string): void {
    this.#writable(key, "list", () => ({ list: new Deque() })).push(element);
  }

  rpop(key: string): string | undefined {
    return this.#removeFrom(key, "list", (list) => [list.pop(), list.length]);
  }

  sadd(key: string, member: string): void {
    this.#writable(key, "set", () => ({ set: new Set() })).add(member);
  }

  srem(key: string, member: string): void {
    this.#removeFrom(key, "set", (set) => [set.delete(member), set.size]);
  }

  zadd(key: string, score: number, member: string): void {
    this.#writable(key, "zset", () => ({ zset: new SortedSet() })).add(member, score);
  }

  zrem(key: string, member: string): void {
    this.#removeFrom(key, "zset", (zset) => [zset.delete(member), zset.size]);
  }

  hset(key: string, fields: Readonly<Record<string, string>>): void {
    const hash = this.#writable(key, "hash", () => ({ hash: new Map() }));
    for (const [field, value] of Object.entries(fields)) hash.set(field, value);
  }

  hincrBy(key: string, field: string, increment: number): void {
    const hash = this.#writable(key, "hash", () => ({ hash: new Map() }));
    hash.set(field, String(Number(hash.get(field) ?? 0) + increment));
  }

  del(key: string): void {
    this.counts.writes++;
    this.#entries.delete(key);
  }

  /** Lets a key expire after so many seconds. */
  expire(key: string, seconds: number): void {
    this.counts.writes++;
    const entry = this.#entry(key);
    if (entry) entry.expiresAt = this.#now() + seconds * 1_000;
  }

  #entry(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.expiresAt > this.#now()) return entry;
    this.#entries.delete(key);
    this.counts.expired++;
    return undefined;
  }

  #writable<T extends Type>(key: string, type: T, create: () => Content): Types[T] {
    this.counts.writes++;
    let entry = this.#entry(key);
    if (!entry) this.#entries.set(key, (entry = { content: create(), expiresAt: Number.POSITIVE_INFINITY }));
    return valueOf(entry.content, type);
  }

  /** Removes elements of a key; the key itself goes with the last one. */
  #removeFrom<T extends Type, R>(
    key: string,
    type: T,
    remove: (value: Types[T]) => readonly [removed: R, left: number],
  ): R | undefined {
    this.counts.writes++;
    const entry = this.#entry(key);
    if (!entry) return undefined;
    const [removed, left] = remove(valueOf(entry.content, type));
    if (left === 0) this.#entries.delete(key);
    return removed;
  }
}

function valueOf<T extends Type>(content: Content, type: T): Types[T] {
  const value = content[type];
  if (value !== undefined) return value;
  throw new WrongTypeError();
}
