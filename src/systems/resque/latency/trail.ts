import { digest } from "../../digest.ts";
import { MarkerChoice, type Marker } from "./markers.ts";
import { Marks, type AgeEstimate } from "./marks.ts";
import { agreedHead, type Hit, type Look, type Search } from "./look.ts";
import { savedTrail, type SavedTrail } from "./saved-trail.ts";

/** Elements walked beyond what is expected when searching from the tail. */
const walkSlack = 64;
/** From this length on, elements near the head are marked too: in a flood they are found sooner than those at the tail. */
const nearFrom = 512;
/** After a restart, markers are known by digest only: so many of the youngest elements are searched for them. */
const restoreWindow = 256;

/**
 * Follows one queue of jobs that tell neither id nor time. Every element has a number, in the order of pushing; a few
 * that look unique are markers, which the next look finds again: so it knows how many were pushed and popped between,
 * and between which two looks the oldest element was pushed.
 *
 * Each tick: `look`, then, as long as `searches` asks for some, `found`; at last `settle`.
 */
export class Trail {
  /** Number of the oldest element, and of the next to be pushed, when last located. */
  #head = 0;
  #end = 0;
  #marks = new Marks();
  readonly #choice = new MarkerChoice();
  #tail: Marker[] = [];
  #near: Marker[] = [];
  #atMs = 0;
  #size = 0;
  /** The oldest element's text when last located: while it stays, so does the number. */
  #headText: string | undefined;
  #headKept = false;
  #located = false;
  #pushRate = 0;
  #misses = 0;
  #gone = false;
  #popped = 0;
  #attempts: number | undefined;
  /** False until the first look at a queue of which nothing was known: what is there then was not seen coming. */
  #counting: boolean;
  #restored: SavedTrail | undefined;
  #restoredTail: Marker[] = [];
  #enqueued = 0;
  #dequeued = 0;

  /** `emptySinceMs`: when the queue was last known to be empty; undefined when it may hold elements of any age. */
  constructor(emptySinceMs: number | undefined) {
    this.#counting = emptySinceMs !== undefined;
    if (emptySinceMs !== undefined) this.#marks.add({ atMs: emptySinceMs, pushed: 0 });
    this.#atMs = emptySinceMs ?? 0;
  }

  /** When the numbering was last certain; queues longest without come first. */
  get locatedMs(): number {
    return this.#atMs;
  }
  get located(): boolean {
    return this.#located;
  }
  /** How many of the youngest elements to read: more where the last ones were alike. */
  get window(): number {
    if (this.#restored) return restoreWindow;
    return this.#tail.length === 0 ? 16 : 4;
  }
  get restoring(): boolean {
    return this.#restored !== undefined;
  }
  /** Where to read elements near the head, if at all. */
  nearIndex(size: number): number | undefined {
    return size >= nearFrom ? Math.min(size - 3, 128 + 4 * this.#popped) : undefined;
  }

  /** Takes a look; locates the queue without a search where it can. */
  look(look: Look): void {
    this.#headKept = this.#headText !== undefined && look.head === this.#headText && this.#tail.length > 0;
    this.#gone = false;
    this.#located = false;
    if (look.size === 0) this.#becomeEmpty(look.atMs);
    else if (this.#restored) this.#resume(this.#restored, look);
    else if (this.#size === 0 && this.#head === this.#end) this.#place(this.#head, look);
    else this.#locateInTail(look);
    this.#restored = undefined;
    this.#counting = true;
    this.#size = look.size;
  }

  /** Finds the markers of before a restart by their digests, or the oldest element by its own. */
  #resume(saved: SavedTrail, look: Look): void {
    const first = look.size - look.tail.length;
    const numbers = new Map(saved.tail);
    const hits = look.tail.flatMap((text, at) => {
      const number = numbers.get(digest(text));
      return number === undefined ? [] : [{ marker: { text, number }, index: first + at }];
    });
    const head = agreedHead(
      hits,
      hits.map(({ marker }) => marker),
    );
    if (head !== undefined) this.#place(head, look);
    else if (saved.tail.length > 0 && look.head !== undefined && digest(look.head) === saved.headDigest)
      this.#place(this.#head, look);
    else if (hits.length === 0 && saved.tail.length > 0 && first === 0) {
      this.#restoredTail = saved.tail.map(([text, number]) => ({ text, number }));
      this.#gone = true;
    } else this.#loseCount(look);
  }

  #locateInTail(look: Look): void {
    const first = look.size - look.tail.length;
    const hits = this.#tail.flatMap((marker) => {
      const at = look.tail.lastIndexOf(marker.text);
      return at >= 0 && at === look.tail.indexOf(marker.text) ? [{ marker, index: first + at }] : [];
    });
    const head = agreedHead(hits, this.#tail);
    if (head !== undefined) this.#place(head, look);
    else if (this.#tail.length === 0 && this.#near.length === 0) this.#loseCount(look);
  }

  /** The searches that could locate the queue, the cheapest way round; none when it is located, or nothing can be done. */
  searches(): Search[] {
    if (this.#located || this.#gone || this.#size === 0) return [];
    const markers = this.#near.length > 0 && this.#nearFirst() ? this.#near : this.#tail;
    return markers.map((marker) => this.#search(marker));
  }

  /** Elements only ever leave at the head, so a marker stands where it stood, or nearer to it: a hard limit. */
  #search(marker: Marker): Search {
    const fromHead = this.#limitFromHead(marker);
    const expected = Math.max(0, this.#size - (this.#end - this.#head), this.#pushRate * 4);
    const fromTail = (this.#end - marker.number + expected + walkSlack) * 8 ** this.#misses;
    return fromHead <= fromTail
      ? { marker, rank: 1, maxlen: fromHead }
      : { marker, rank: -1, maxlen: Math.min(fromTail, this.#size + walkSlack) };
  }

  #limitFromHead(marker: Marker): number {
    return marker.number - this.#head + 1 + walkSlack;
  }

  #nearFirst(): boolean {
    const [near, tail] = [this.#near[0], this.#tail[0]];
    return near !== undefined && (!tail || this.#search(near).maxlen < this.#search(tail).maxlen);
  }

  /** Takes what the searches found, with the look that was made along with them. */
  found(hits: readonly Hit[], look: Look): void {
    const head = agreedHead(
      hits.flatMap(({ search, index }) => (index === undefined ? [] : [{ marker: search.marker, index }])),
      hits.map(({ search }) => search.marker),
    );
    if (head !== undefined) return this.#place(head, look);
    if (hits.some(({ index }) => index !== undefined)) return this.#distrust(hits);
    const whole = hits.every(
      ({ search }) =>
        search.maxlen >= look.size || (search.rank === 1 && search.maxlen >= this.#limitFromHead(search.marker)),
    );
    if (!whole) this.#misses++;
    else if (hits.some(({ search }) => this.#near.includes(search.marker))) this.#near = [];
    else this.#gone = true;
    this.#size = look.size;
  }

  /** Markers that contradict each other are not unique. */
  #distrust(hits: readonly Hit[]): void {
    const texts = new Set(hits.map(({ search }) => search.marker.text));
    for (const text of texts) this.#choice.distrust(text);
    this.#near = this.#near.filter(({ text }) => !texts.has(text));
    this.#tail = this.#tail.filter(({ text }) => !texts.has(text));
  }

  /**
   * Ends the tick. Where every marker is gone, all that was there has been taken, or somebody removed the markers.
   * `attempts`, the total of jobs that all workers ever began, tells which: no more can have been taken since.
   */
  settle(look: Look, attempts: number): void {
    if (!this.#located && look.size > 0) {
      if (this.#gone && this.#mayBeTaken(attempts)) this.#renew(look);
      else if (this.#gone || (this.#tail.length === 0 && this.#near.length === 0)) this.#loseCount(look);
    }
    if (this.#atMs === look.atMs) this.#attempts = attempts;
  }

  #mayBeTaken(attempts: number): boolean {
    const begun = attempts - (this.#attempts ?? Infinity);
    return begun >= 0 && this.#end - this.#head <= begun * 1.1 + 10;
  }

  /** All elements were pushed after the youngest marker was. */
  #renew(look: Look): void {
    const youngest = Math.max(this.#head, ...[...this.#tail, ...this.#restoredTail].map(({ number }) => number));
    const sinceMs = this.#marks.notBefore(youngest + 1);
    this.#restoredTail = [];
    this.#count(0, this.#end - this.#head);
    this.#head = this.#end;
    this.#marks = new Marks(sinceMs === undefined ? [] : [{ atMs: sinceMs, pushed: this.#end }]);
    this.#tail = [];
    this.#place(this.#head, look);
  }

  /** Nothing is known any more of the elements that are there; what is pushed from now on is numbered anew. */
  #loseCount(look: Look): void {
    this.#headKept = false;
    this.#headText = undefined;
    const grown = look.size - (this.#end - this.#head);
    this.#count(Math.max(0, grown), Math.max(0, -grown));
    this.#head = this.#end;
    this.#end = this.#head + look.size;
    this.#marks = new Marks([{ atMs: look.atMs, pushed: this.#end }]);
    this.#near = [];
    this.#tail = this.#choice.choose(look.tail, this.#end - look.tail.length);
    this.#misses = 0;
    this.#atMs = look.atMs;
  }

  #becomeEmpty(atMs: number): void {
    this.#count(0, this.#end - this.#head);
    this.#head = this.#end;
    this.#marks = new Marks([{ atMs, pushed: this.#end }]);
    this.#tail = [];
    this.#near = [];
    this.#headText = undefined;
    this.#misses = 0;
    this.#atMs = atMs;
    this.#located = true;
  }

  /** The oldest element is number `head`. */
  #place(head: number, look: Look): void {
    const end = head + look.size;
    this.#popped = Math.max(0, head - this.#head);
    this.#pushRate = Math.max(0, end - this.#end);
    this.#count(this.#pushRate, this.#popped);
    if (end < this.#end) this.#marks.clip(end);
    const unchanged = end === this.#end && this.#tail.length === 2;
    this.#head = head;
    this.#end = end;
    this.#marks.add({ atMs: look.atMs, pushed: end });
    this.#marks.dropBefore(head);
    if (!unchanged) this.#renewMarkers(look);
    this.#headText = look.head;
    this.#atMs = look.atMs;
    this.#located = true;
    this.#misses = 0;
  }

  #renewMarkers(look: Look): void {
    const fresh = this.#choice.choose(look.tail, this.#end - look.tail.length);
    // A burst of equal jobs gives no marker: the old ones are still good.
    this.#tail = fresh.length > 0 ? fresh : this.#tail.filter(({ number }) => number >= this.#head);
    if (look.near) this.#near = this.#choice.choose(look.near.elements, this.#head + look.near.index);
    else this.#near = this.#near.filter(({ number }) => number >= this.#head);
  }

  /** Age of the oldest element; undefined when nothing can be said. */
  estimate(nowMs: number): AgeEstimate | undefined {
    if (!this.#located && !this.#headKept) return undefined;
    return this.#marks.age(this.#head, nowMs);
  }

  #count(enqueued: number, dequeued: number): void {
    if (!this.#counting) return;
    this.#enqueued += enqueued;
    this.#dequeued += dequeued;
  }

  /** Elements seen pushed and popped since the last call. */
  take(): { enqueued: number; dequeued: number } {
    const taken = { enqueued: this.#enqueued, dequeued: this.#dequeued };
    this.#enqueued = 0;
    this.#dequeued = 0;
    return taken;
  }

  /** Numbers, times and digests; no element's text. */
  save(): SavedTrail {
    return {
      head: this.#head,
      end: this.#end,
      atMs: this.#atMs,
      attempts: this.#attempts,
      marks: this.#marks.all,
      headDigest: this.#headText === undefined ? undefined : digest(this.#headText),
      tail: this.#tail.map(({ text, number }) => [digest(text), number] as const),
      used: this.#choice.used,
    };
  }

  /** A trail as it was saved; undefined when the state is not understood. */
  static restore(state: unknown): Trail | undefined {
    const saved = savedTrail(state);
    if (!saved) return undefined;
    const trail = new Trail(undefined);
    trail.#head = saved.head;
    trail.#end = saved.end;
    trail.#size = saved.end - saved.head;
    trail.#atMs = saved.atMs;
    trail.#attempts = saved.attempts;
    trail.#marks = new Marks(saved.marks);
    trail.#choice.restore(saved.used);
    trail.#counting = true;
    if (trail.#size > 0) trail.#restored = saved;
    return trail;
  }
}
