import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Collection } from "../collect/family.ts";
import { asQueuewatchError, type ErrorCode, errors } from "../errors.ts";
import type { Log } from "../self/log.ts";
import { type Answer, judge, type Verdict } from "./answer.ts";
import { Backlog, type BacklogLimits } from "./backlog.ts";
import { Backoff } from "./backoff.ts";
import { Batch, type Packing } from "./batch.ts";
import type { Destination, DestinationCounts } from "./destination.ts";
import { finite } from "./finite.ts";
import type { Keeper } from "./temporality.ts";

/** What a destination is made of; each part can be replaced in a test. */
export interface OtlpDestinationParts {
  readonly name: string;
  readonly packing: Packing;
  readonly limits: BacklogLimits;
  readonly keeper: Keeper;
  /** Sends one request. Resolves in any case; aborts when the signal does. */
  readonly send: (body: Buffer, signal: AbortSignal) => Promise<Answer>;
  /** Keeps what must survive a restart: before the first request, after each that was delivered, and at the end. */
  readonly save: () => Promise<void>;
  /** Frees what sending holds. */
  readonly release: () => void;
  readonly log: Log;
  readonly now: () => number;
  /** Resolves after so long, or when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

/**
 * Pushes to one OTLP receiver: in order, one request at a time, from a bounded backlog. Points of ended series count like
 * all others, where the receiver is told of them. At any moment produced = delivered + rejected + dropped + queued.
 */
export class OtlpDestination implements Destination {
  readonly name: string;
  readonly #parts: OtlpDestinationParts;
  readonly #backlog: Backlog<Batch>;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #counts = { produced: 0, delivered: 0, rejected: 0, dropped: 0 };
  #packing: Promise<void> = Promise.resolve();
  #sending: Promise<void> | undefined;
  /** A kill before anything was delivered must not make the next run begin anew. */
  #savedFirst: Promise<void> | undefined;
  #hurry = new AbortController();
  #closing = false;
  #failure: ErrorCode | undefined;

  constructor(parts: OtlpDestinationParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#backlog = new Backlog(parts.limits);
    this.#backoff = new Backoff(parts.random);
  }

  get counts(): DestinationCounts {
    return { ...this.#counts, queued: this.#backlog.points };
  }

  offer(collection: Collection): void {
    if (this.#closing) return;
    const { kept, left } = finite(collection);
    const held = this.#parts.keeper.hold(kept);
    this.#counts.produced += held.points + left;
    this.#dropped(left, "values that are no numbers");
    if (held.points === 0) return;
    const batch = new Batch(held, this.#parts.now(), this.#parts.packing);
    this.#backlog.push(batch);
    // Totals can be serialized at once, and need less room so; differences depend on what arrives before them.
    if (this.#parts.keeper.temporality === "cumulative")
      this.#packing = batch.ready = this.#packAfter(this.#packing, batch);
    this.#trim();
    this.#sending ??= this.#sendAll();
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#closing = true;
    const abort = (): void => this.#stop.abort();
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#hurry.abort();
    await this.#sending;
    signal.removeEventListener("abort", abort);
    this.#stop.abort();
    this.#dropped(this.#backlog.clear(), "not delivered before the agent stopped");
    await this.#parts.save();
    this.#parts.release();
  }

  async #sendAll(): Promise<void> {
    // The one who offers shall not wait even for the first request to be built.
    await Promise.resolve();
    await (this.#savedFirst ??= this.#parts.save());
    for (;;) {
      const batch = this.#backlog.head;
      if (!batch || this.#stopped()) break;
      await (batch.ready ??= this.#pack(batch));
      await this.#send(batch);
      if (batch.points === 0) this.#backlog.remove(batch);
    }
    this.#sending = undefined;
  }

  async #packAfter(earlier: Promise<void>, batch: Batch): Promise<void> {
    await earlier;
    await setImmediate();
    await this.#pack(batch);
  }

  async #pack(batch: Batch): Promise<void> {
    try {
      const tooLarge = await batch.pack();
      if (tooLarge === 0) return;
      this.#counts.dropped += tooLarge;
      this.#say("EXPORT_TOO_LARGE", `${tooLarge} points are larger than a request may be`);
    } catch (error) {
      // What cannot be serialized now never will be.
      if (batch.points > 0) this.#say("INTERNAL", asQueuewatchError(error).message);
      this.#counts.rejected += batch.points;
      batch.drop();
    }
    this.#trim();
  }

  /** Sends the requests of a batch until none is left, it is dropped, or the agent stops. */
  async #send(batch: Batch): Promise<void> {
    while (batch.head && !this.#stopped()) {
      const wasAmbiguous = batch.pinned;
      batch.pinned = true;
      const answer = await this.#parts.send(batch.head.body, this.#stop.signal);
      if (this.#stopped() && answer.kind === "failed") return;
      const verdict = judge(answer, this.#parts.now());
      const delta = this.#parts.keeper.temporality === "delta";
      batch.pinned = verdict.kind === "retry" && delta && (verdict.ambiguous || wasAmbiguous);
      await this.#act(verdict, batch);
    }
  }

  async #act(verdict: Verdict, batch: Batch): Promise<void> {
    const points = batch.head?.points ?? 0;
    if (verdict.kind === "retry") return this.#retryLater(verdict);
    if (verdict.kind === "too large") return this.#halve(batch, verdict.reason);
    const rejected = verdict.kind === "refused" ? points : Math.min(verdict.rejected, points);
    this.#counts.rejected += rejected;
    this.#counts.delivered += points - rejected;
    this.#backoff.succeeded();
    if (verdict.kind === "refused") {
      batch.lost();
      this.#say(verdict.code, `${points} points: ${verdict.reason}`);
      this.#failure = verdict.code;
      return;
    }
    // Which points a receiver rejected it does not say, unless it was all of them.
    if (rejected > 0 && rejected === points) batch.lost();
    else batch.delivered();
    if (rejected > 0) this.#say("EXPORT_REJECTED", `${rejected} of ${points} points: ${verdict.reason}`);
    else this.#recovered();
    await this.#parts.save();
  }

  async #halve(batch: Batch, reason: string): Promise<void> {
    this.#say("EXPORT_TOO_LARGE", `${reason}: cut until it fits; a point that alone is too large is dropped`);
    if (await batch.halve()) return;
    this.#counts.dropped += batch.head?.points ?? 0;
    batch.lost();
  }

  async #retryLater({ code, reason, afterMs }: Verdict & { kind: "retry" }): Promise<void> {
    this.#say(code, reason);
    this.#failure = code;
    const ms = this.#backoff.next(afterMs);
    // A flush does not wait for a long pause to end, but it keeps the pauses after it.
    if (this.#closing && this.#hurry.signal.aborted) this.#hurry = new AbortController();
    const wait = this.#parts.wait ?? waited;
    await wait(ms, AbortSignal.any([this.#stop.signal, this.#hurry.signal]));
    this.#trim();
  }

  #trim(): void {
    this.#dropped(this.#backlog.trim(this.#parts.now()), "the oldest in the buffer");
  }

  #dropped(points: number, which: string): void {
    if (points === 0) return;
    this.#counts.dropped += points;
    this.#say("EXPORT_DROPPED", `${points} points: ${which}`);
  }

  #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Wrong credentials are said once; everything else as often as the log lets it. */
  #say(code: ErrorCode, reason: string): void {
    const again = code === this.#failure && code === "EXPORT_UNAUTHORIZED";
    if (!again) this.#parts.log.warn(reason, { code, destination: this.name, action: errors[code].action });
  }

  #recovered(): void {
    if (this.#failure) this.#parts.log.info("points arrive again", { destination: this.name });
    this.#failure = undefined;
  }
}

async function waited(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
