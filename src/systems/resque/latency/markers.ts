import { digest } from "../../digest.ts";

/** An element of a queue whose number is known, to be found again. */
export interface Marker {
  readonly text: string;
  readonly number: number;
}

/** Longer elements are not kept as markers. */
const maxMarkerLength = 4_096;
/** How many elements that once were markers are remembered, as digests, to tell payloads that come again. */
const remembered = 64;
/** Stands for the number of a text that came again: no element has it. */
const never = -1;

/** Chooses elements that can be found again: those that no other element of the queue seems to equal. */
export class MarkerChoice {
  readonly #used = new Map<string, number>();

  /**
   * Up to two markers from neighbouring elements, the youngest first. `firstNumber` is that of `elements[0]`.
   * Empty where payloads are alike (jobs without arguments), or were seen before under another number.
   */
  choose(elements: readonly string[], firstNumber: number): Marker[] {
    const chosen: Marker[] = [];
    elements.forEach((text, index) => {
      if (!canMark(text)) return;
      if (this.#isAlone(text, firstNumber + index)) chosen.unshift({ text, number: firstNumber + index });
    });
    return chosen.filter(({ text }) => this.#used.get(digest(text)) !== never).slice(0, 2);
  }

  /** Notes where the text stands; false once it was seen in two places. */
  #isAlone(text: string, number: number): boolean {
    const key = digest(text);
    const before = this.#used.get(key);
    if (before === undefined && this.#used.size >= remembered) this.#used.delete(this.#used.keys().next().value ?? "");
    const alone = before === undefined || before === number;
    this.#used.delete(key);
    this.#used.set(key, alone ? number : never);
    return alone;
  }

  /** The text was found to stand in two places. */
  distrust(text: string): void {
    this.#used.set(digest(text), never);
  }

  get used(): readonly (readonly [string, number])[] {
    return [...this.#used];
  }

  restore(used: readonly (readonly [string, number])[]): void {
    for (const [key, number] of used.slice(-remembered)) this.#used.set(key, number);
  }
}

/** Jobs without arguments are all alike. */
function canMark(text: string): boolean {
  return text.length > 0 && text.length <= maxMarkerLength && !/"args":\s*(?:\[\s*\]|null)/.test(text);
}
