/** What processes have written into Redis of what they did: what a reader can know, and no more. */
export interface ClassTotals {
  readonly processed: number;
  readonly failed: number;
  /** Of those that succeeded. */
  readonly ms: number;
}

const none: ClassTotals = { processed: 0, failed: 0, ms: 0 };

/** Adds up what was written, apart from the keys it was written to. */
export class Written {
  readonly #classes = new Map<string, ClassTotals>();
  #processed = 0;
  #failed = 0;

  add(
    attempts: { readonly processed: number; readonly failed: number },
    classes: ReadonlyMap<string, ClassTotals>,
  ): void {
    this.#processed += attempts.processed;
    this.#failed += attempts.failed;
    for (const [name, { processed, failed, ms }] of classes) {
      const before = this.#classes.get(name) ?? none;
      this.#classes.set(name, {
        processed: before.processed + processed,
        failed: before.failed + failed,
        ms: before.ms + ms,
      });
    }
  }

  get jobs(): { readonly processed: number; readonly failed: number } {
    return { processed: this.#processed, failed: this.#failed };
  }

  get classes(): ReadonlyMap<string, ClassTotals> {
    return new Map(this.#classes);
  }
}
