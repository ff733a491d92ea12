const firstCapacity = 16;

/** A queue with two ends and access by index, all in constant time: what a Redis list has to be. */
export class Deque<T> {
  #slots: (T | undefined)[] = Array.from({ length: firstCapacity });
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Puts an element before the first one. */
  unshift(element: T): void {
    this.#grow();
    this.#first = (this.#first - 1) & (this.#slots.length - 1);
    this.#slots[this.#first] = element;
    this.#length++;
  }

  /** Puts an element after the last one. */
  push(element: T): void {
    this.#grow();
    this.#slots[this.#place(this.#length)] = element;
    this.#length++;
  }

  /** Takes the last element. */
  pop(): T | undefined {
    if (this.#length === 0) return undefined;
    const place = this.#place(--this.#length);
    const element = this.#slots[place];
    this.#slots[place] = undefined;
    return element;
  }

  /** The element at an index from the first one; negative ones count from the last. */
  at(index: number): T | undefined {
    const from = index < 0 ? index + this.#length : index;
    return from < 0 || from >= this.#length ? undefined : this.#slots[this.#place(from)];
  }

  /** Elements from one index up to and without another, both counted from the first. */
  *range(start: number, end: number): Generator<T> {
    for (let index = Math.max(0, start); index < Math.min(end, this.#length); index++) {
      const element = this.at(index);
      if (element !== undefined) yield element;
    }
  }

  /** The capacity is a power of two: a place is found by masking. */
  #place(index: number): number {
    return (this.#first + index) & (this.#slots.length - 1);
  }

  #grow(): void {
    const capacity = this.#slots.length;
    if (this.#length < capacity) return;
    const slots = [...this.#slots.slice(this.#first), ...this.#slots.slice(0, this.#first)];
    slots.length = 2 * capacity;
    this.#slots = slots;
    this.#first = 0;
  }
}
