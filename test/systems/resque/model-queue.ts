import type { Hit, Look, Search } from "../../../src/systems/resque/latency/look.ts";
import type { AgeEstimate } from "../../../src/systems/resque/latency/marks.ts";
import { Trail } from "../../../src/systems/resque/latency/trail.ts";

/** A queue whose truth is known: what a trail says of it can be judged. Elements are pushed at the end. */
export class ModelQueue {
  readonly elements: { readonly text: string; readonly pushedMs: number }[] = [];
  trail: Trail;
  pushed = 0;
  popped = 0;
  /** Jobs that workers took, of all queues. */
  attempts = 0;
  /** Elements walked by LPOS, at most. */
  walked = 0;
  #serial = 0;

  constructor(trail = new Trail(undefined)) {
    this.trail = trail;
  }

  push(atMs: number, text = `{"class":"Job","args":[${this.#serial++}]}`): void {
    this.elements.push({ text, pushedMs: atMs });
    this.pushed++;
  }

  pop(): void {
    if (!this.elements.shift()) return;
    this.popped++;
    this.attempts++;
  }

  /** One read of the agent; what it says of the oldest element's age, if anything. */
  tick(atMs: number, walkLimit = Infinity): AgeEstimate | undefined {
    let look = this.#look(atMs);
    this.trail.look(look);
    for (let round = 0; round < 2; round++) {
      const searches = this.trail.searches();
      const cost = searches.reduce((sum, { maxlen }) => sum + maxlen, 0);
      if (searches.length === 0 || cost > walkLimit) break;
      this.walked += cost;
      look = this.#look(atMs);
      this.trail.found(
        searches.map((search) => this.#hit(search)),
        look,
      );
    }
    this.trail.settle(look, this.attempts);
    return look.size === 0 ? { latency: 0, uncertainty: 0 } : this.trail.estimate(atMs);
  }

  /** True age of the oldest element, in seconds. */
  age(nowMs: number): number {
    const head = this.elements[0];
    return head ? (nowMs - head.pushedMs) / 1_000 : 0;
  }

  #look(atMs: number): Look {
    const texts = this.elements.map(({ text }) => text);
    const near = this.trail.nearIndex(texts.length);
    return {
      atMs,
      size: texts.length,
      head: texts[0],
      tail: texts.slice(-this.trail.window),
      ...(near === undefined ? {} : { near: { index: near, elements: texts.slice(near, near + 3) } }),
    };
  }

  #hit(search: Search): Hit {
    const texts = this.elements.map(({ text }) => text);
    const { marker, rank, maxlen } = search;
    const from = rank === 1 ? 0 : Math.max(0, texts.length - maxlen);
    const within = rank === 1 ? texts.slice(0, maxlen) : texts.slice(from);
    const at = rank === 1 ? within.indexOf(marker.text) : within.lastIndexOf(marker.text);
    return { search, index: at < 0 ? undefined : from + at };
  }
}
