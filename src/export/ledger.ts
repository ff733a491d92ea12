import type { Metric } from "../catalogue/metric.ts";
import { type Point, type PointAttributes, seriesKey } from "../collect/family.ts";
import { add, isZero, numbersOf, subtract } from "./vector.ts";

/** What is known of one counter or histogram at one destination. Amounts are rows of numbers (see `numbersOf`). */
interface Account {
  readonly metric: string;
  readonly attributes: PointAttributes;
  /** The last value entered, and the start that it had. */
  value: readonly number[];
  startMs: number | undefined;
  /** Growth entered and not yet delivered, whether it waits, is on its way or was carried. */
  unpaid: readonly number[];
  /** The part of it that no waiting collection holds any more: the next claim takes it along. */
  carried: readonly number[];
  /** Up to when everything was delivered. */
  paidMs: number;
  endedMs: number | undefined;
}

/** An amount that is on its way to the destination. */
export interface Debt {
  readonly account: Account;
  readonly amount: readonly number[];
  readonly sinceMs: number;
}

/** An account as it is saved: what the destination does not have yet, and from which value to go on. */
interface SavedAccount {
  readonly metric: string;
  readonly attributes: PointAttributes;
  readonly value: readonly number[];
  readonly startMs: number | null;
  readonly unpaid: readonly number[];
  readonly paidMs: number;
}

/** A ledger as it is saved. */
export interface SavedLedger {
  /** Since when it is kept: what counts that began before had grown to by then is none of the destination's. */
  readonly sinceMs: number;
  readonly accounts: readonly SavedAccount[];
}

const forgetAfterMs = 3_600_000;

/**
 * Keeps, for each counter of a delta destination, what it has grown by and what of it has arrived. At any moment
 * delivered + unpaid = growth, with resets counted from 0.
 */
export class Ledger {
  readonly #accounts = new Map<string, Map<string, Account>>();
  readonly #keys = new WeakMap<PointAttributes, string>();
  readonly #ended = new Set<Account>();
  readonly #sinceMs: number;
  /** When accounts were last closed. */
  #forgotMs = 0;

  constructor({ sinceMs, accounts }: SavedLedger = { sinceMs: 0, accounts: [] }) {
    this.#sinceMs = sinceMs;
    for (const { metric, attributes, value, startMs, unpaid, paidMs } of accounts) {
      const account = { metric, attributes, value, startMs: startMs ?? undefined, unpaid, carried: unpaid, paidMs };
      this.#table(metric).set(this.#key(attributes), { ...account, endedMs: undefined });
    }
  }

  /** Notes a count's new value and gives its growth. */
  enter(metric: Metric, { attributes, value, startMs }: Point, timeMs: number): readonly number[] {
    const numbers = numbersOf(value);
    const account = this.#find(metric, attributes);
    if (!account) return this.#open({ metric: metric.name, attributes, value: numbers, startMs }, timeMs);
    const growth = growthOf(account, numbers, startMs);
    account.value = numbers;
    account.startMs = startMs;
    account.unpaid = add(account.unpaid, growth);
    account.endedMs = undefined;
    this.#ended.delete(account);
    return growth;
  }

  /** Makes a growth that was entered due, with all that was carried. */
  claim(metric: Metric, attributes: PointAttributes, growth: readonly number[]): Debt {
    const account = this.#account(metric, attributes, growth);
    const amount = add(growth, account.carried);
    account.carried = amount.map(() => 0);
    return { account, amount, sinceMs: account.paidMs };
  }

  /** The amount has arrived, in a collection of that time. */
  pay({ account, amount }: Debt, timeMs: number): void {
    account.unpaid = subtract(account.unpaid, amount);
    account.paidMs = timeMs;
  }

  /** The amount will not arrive as it is: it goes with the next claim. */
  defer({ account, amount }: Debt): void {
    account.carried = add(account.carried, amount);
  }

  /** The same for a growth that was never claimed. */
  carry(metric: Metric, attributes: PointAttributes, growth: readonly number[]): void {
    const account = this.#account(metric, attributes, growth);
    account.carried = add(account.carried, growth);
  }

  /** The series is gone, for now. */
  end(metric: Metric, attributes: PointAttributes, timeMs: number): void {
    const account = this.#find(metric, attributes);
    if (!account) return;
    account.endedMs = timeMs;
    this.#ended.add(account);
  }

  /** Closes the accounts of ended series: when all is delivered, or after an hour. */
  forget(timeMs: number): void {
    this.#forgotMs = timeMs;
    for (const account of this.#ended) {
      if (!isZero(account.unpaid) && timeMs - (account.endedMs ?? timeMs) < forgetAfterMs) continue;
      this.#ended.delete(account);
      this.#table(account.metric).delete(this.#key(account.attributes));
    }
  }

  save(): SavedLedger {
    const open = [...this.#accounts.values()].flatMap((table) => [...table.values()]);
    const accounts = open.map(({ metric, attributes, value, startMs, unpaid, paidMs }) => ({
      metric,
      attributes,
      value,
      startMs: startMs ?? null,
      unpaid,
      paidMs,
    }));
    return { sinceMs: this.#sinceMs, accounts };
  }

  /** A total of unknown beginning, or older than the ledger, counts from its first value on; a count of our own from 0. */
  #open(first: Pick<Account, "metric" | "attributes" | "value" | "startMs">, timeMs: number): readonly number[] {
    const nothing = first.value.map(() => 0);
    const isOurs = first.startMs !== undefined && first.startMs >= this.#sinceMs;
    const [growth, paidMs] = isOurs ? [first.value, first.startMs ?? timeMs] : [nothing, timeMs];
    const account = { ...first, unpaid: growth, carried: nothing, paidMs, endedMs: undefined };
    this.#table(first.metric).set(this.#key(first.attributes), account);
    return growth;
  }

  #find(metric: Metric, attributes: PointAttributes): Account | undefined {
    return this.#table(metric.name).get(this.#key(attributes));
  }

  /**
   * A closed account of a growth that still waited is opened again, as that of an ended series: it is closed once that
   * has arrived, and what comes back later is not taken for growth.
   */
  #account(metric: Metric, attributes: PointAttributes, growth: readonly number[]): Account {
    const found = this.#find(metric, attributes);
    if (found) return found;
    const nothing = growth.map(() => 0);
    const account: Account = {
      metric: metric.name,
      attributes,
      value: nothing,
      startMs: undefined,
      unpaid: growth,
      carried: nothing,
      paidMs: 0,
      endedMs: this.#forgotMs,
    };
    this.#table(metric.name).set(this.#key(attributes), account);
    this.#ended.add(account);
    return account;
  }

  #table(metric: string): Map<string, Account> {
    let table = this.#accounts.get(metric);
    if (!table) this.#accounts.set(metric, (table = new Map()));
    return table;
  }

  /** Series keep their attributes' object over time: its text is made once. */
  #key(attributes: PointAttributes): string {
    let key = this.#keys.get(attributes);
    if (key === undefined) this.#keys.set(attributes, (key = seriesKey(attributes)));
    return key;
  }
}

/** A total that comes back after its end may be another server's: it counts from its first value on. */
function growthOf(account: Account, numbers: readonly number[], startMs: number | undefined): readonly number[] {
  if (account.endedMs !== undefined && startMs === undefined) return numbers.map(() => 0);
  return isReset(account, numbers, startMs) ? numbers : subtract(numbers, account.value);
}

/** A count that fell, or that says it began anew. */
function isReset({ value, startMs }: Account, numbers: readonly number[], newStartMs: number | undefined): boolean {
  const beganAnew = startMs !== undefined && newStartMs !== undefined && newStartMs !== startMs;
  return beganAnew || numbers.some((number, index) => number < (value[index] ?? 0));
}
