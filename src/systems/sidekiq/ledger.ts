import { isObject } from "../json.ts";
import type { Process } from "./processes.ts";

interface Entry {
  lost: boolean;
  /** Whether its loss was counted (or was there before the first read): never again, even if it comes back. */
  counted: boolean;
}

const maxSaved = 20_000;

/**
 * Tells, from read to read, which processes appeared, left cleanly, or stopped giving signs of life. One that leaves
 * the set `processes` while its heartbeat is in time left cleanly: nobody else removes it before its hash has expired.
 */
export class ProcessLedger {
  #entries = new Map<string, Entry>();
  #first = true;
  #counts = { startedSince: 0, stoppedSince: 0, lostSince: 0 };

  /** `whole`: these are all there are. Gives those that were found lost now. */
  update(processes: readonly Process[], whole: boolean): Process[] {
    const lost = processes.filter((process) => this.#see(process));
    const present = new Set(processes.map(({ identity }) => identity));
    for (const [identity, entry] of this.#entries) {
      if (!whole || present.has(identity)) continue;
      if (!entry.lost) this.#counts.stoppedSince++;
      this.#entries.delete(identity);
    }
    this.#first = false;
    return lost;
  }

  /** Whether the process got lost since it was seen before. */
  #see({ identity, state }: Process): boolean {
    const known = this.#entries.get(identity);
    const lost = state === "lost";
    if (!known) {
      if (!this.#first && !lost) this.#counts.startedSince++;
      this.#entries.set(identity, { lost, counted: lost });
      return false;
    }
    const turned = lost && !known.lost;
    known.lost = lost;
    if (turned && !known.counted) {
      known.counted = true;
      this.#counts.lostSince++;
    }
    return turned;
  }

  take(): { readonly startedSince: number; readonly stoppedSince: number; readonly lostSince: number } {
    const taken = this.#counts;
    this.#counts = { startedSince: 0, stoppedSince: 0, lostSince: 0 };
    return taken;
  }

  save(): unknown {
    return [...this.#entries].slice(0, maxSaved).map(([identity, entry]) => ({ identity, ...entry }));
  }

  restore(state: unknown): void {
    if (!Array.isArray(state)) return;
    for (const entry of state.slice(0, maxSaved).filter(isObject)) {
      const identity: unknown = entry["identity"];
      if (typeof identity !== "string") continue;
      this.#entries.set(identity, { lost: entry["lost"] === true, counted: entry["counted"] === true });
    }
    this.#first = this.#entries.size === 0;
  }
}
