import type { Worker } from "./workers.ts";

/** What was seen of workers coming and going. */
export interface Movements {
  readonly started: number;
  readonly stopped: number;
  readonly lost: number;
}

interface Entry {
  lost: boolean;
  /** Reads in a row at which the worker was not registered. */
  missed: number;
}

/**
 * node-resque's workers that serve `*` leave and come back whenever a poll finds nothing: only one that is missing twice
 * in a row is gone.
 */
const missesOfOneGone = 2;

/** Tells, from read to read, which workers appeared, left cleanly, or stopped giving signs of life. */
export class WorkerLedger {
  #entries = new Map<string, Entry>();
  #first = true;
  #started = 0;
  #stopped = 0;
  #lost = 0;

  /** `orphans`: workers that are not registered any more but left a heartbeat behind: they did not leave cleanly. */
  update(workers: readonly Worker[], orphans: readonly string[]): void {
    const present = new Map(workers.map((worker) => [nameOf(worker), worker.lost]));
    for (const id of orphans) present.set(id, true);
    for (const [name, lost] of present) this.#see(name, lost);
    for (const [name, entry] of this.#entries) if (!present.has(name)) this.#miss(name, entry);
    this.#first = false;
  }

  #see(name: string, lost: boolean): void {
    const known = this.#entries.get(name);
    if (!known && !this.#first && !lost) this.#started++;
    if (known && !known.lost && lost) this.#lost++;
    this.#entries.set(name, { lost, missed: 0 });
  }

  #miss(name: string, entry: Entry): void {
    entry.missed++;
    if (entry.missed < missesOfOneGone) return;
    this.#entries.delete(name);
    if (!entry.lost) this.#stopped++;
  }

  take(): Movements {
    const taken = { started: this.#started, stopped: this.#stopped, lost: this.#lost };
    this.#started = 0;
    this.#stopped = 0;
    this.#lost = 0;
    return taken;
  }

  save(): unknown {
    return [...this.#entries].map(([name, { lost }]) => [name, lost]);
  }

  restore(state: unknown): void {
    if (!Array.isArray(state)) return;
    for (const entry of state.slice(0, 20_000))
      if (Array.isArray(entry) && typeof entry[0] === "string")
        this.#entries.set(entry[0], { lost: entry[1] === true, missed: 0 });
    this.#first = this.#entries.size === 0;
  }
}

/** A node-resque worker changes its id with its queues, not its name. */
function nameOf({ kind, id, name }: Worker): string {
  return kind === "node" && name !== undefined ? name : id;
}
