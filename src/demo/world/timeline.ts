interface Event {
  readonly atMs: number;
  /** Events of one moment happen in the order in which they were planned. */
  readonly serial: number;
  readonly action: () => void;
}

/** What will happen in a simulated world, and when. Time stands still while something happens. */
export class Timeline {
  readonly #heap: Event[] = [];
  #nowMs: number;
  #serial = 0;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): void {
    this.at(this.#nowMs + delayMs, action);
  }

  /** Plans something; what is planned for the past happens next. */
  at(atMs: number, action: () => void): void {
    this.#heap.push({ atMs: Math.max(atMs, this.#nowMs), serial: this.#serial++, action });
    this.#rise(this.#heap.length - 1);
  }

  /** Lets everything happen up to a moment. Time never runs backwards. */
  advance(toMs: number): void {
    for (let next = this.#heap[0]; next && next.atMs <= toMs; next = this.#heap[0]) {
      this.#removeFirst();
      this.#nowMs = next.atMs;
      next.action();
    }
    this.#nowMs = Math.max(this.#nowMs, toMs);
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    const parent = (index - 1) >> 1;
    if (index === 0 || !this.#swapIfEarlier(index, parent)) return;
    this.#rise(parent);
  }

  #sink(index: number): void {
    const [left, right] = [2 * index + 1, 2 * index + 2];
    const child = this.#earlier(right, left) ? right : left;
    if (this.#swapIfEarlier(child, index)) this.#sink(child);
  }

  #swapIfEarlier(index: number, parent: number): boolean {
    const [a, b] = [this.#heap[index], this.#heap[parent]];
    if (!a || !b || !this.#earlier(index, parent)) return false;
    this.#heap[index] = b;
    this.#heap[parent] = a;
    return true;
  }

  #earlier(index: number, other: number): boolean {
    const [a, b] = [this.#heap[index], this.#heap[other]];
    if (!a || !b) return false;
    return a.atMs === b.atMs ? a.serial < b.serial : a.atMs < b.atMs;
  }
}
