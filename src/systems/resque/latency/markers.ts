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

/** Chooses elements that can be found again: those that no other element of the queue seems to equal. */
export class MarkerChoice {
  readonly #used = new Map<string, number>();

  /**
   * Up to two markers from neighbouring elements, the youngest first. `firstNumber` is that of `elements[0]`.
   * Empty where payloads are alike (jobs without arguments), or were seen before under another number.
   */
  choose(elements: readonly string[], firstNumber: number): Marker[] {
    const chosen: Marker[] = [];
    for (let index = elements.length - 1; index >= 0 && chosen.length < 2; index--) {
      const text = elements[index] ?? "";
      if (!canMark(text) || elements.indexOf(text) !== elements.lastIndexOf(text)) continue;
      if (this.#cameAgain(text, firstNumber + index)) continue;
      chosen.push({ text, number: firstNumber + index });
    }
    return chosen;
  }

  #cameAgain(text: string, number: number): boolean {
    const key = digest(text);
    const before = this.#used.get(key);
    if (before === undefined && this.#used.size >= remembered) this.#used.delete(this.#used.keys().next().value ?? "");
    this.#used.delete(key);
    // A text that came again is never trusted any more: no number equals -1.
    this.#used.set(key, before === undefined || before === number ? number : -1);
    return before !== undefined && before !== number;
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
