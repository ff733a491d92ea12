/** How many runs a cadence is learned from. */
const runsKept = 5;
/** Gaps between runs that differ more than this are no cadence. */
const maxSpread = 1.1;

/** Learns how often something runs from the runs that were seen; for schedules whose expression nobody tells. */
export class Cadence {
  #runs: number[] = [];

  /** Takes the time of the last run (ms); the same one again changes nothing. */
  saw(runMs: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && runMs <= last) return;
    this.#runs.push(runMs);
    if (this.#runs.length > runsKept) this.#runs.shift();
  }

  /** Ms between runs: the longest of the last four gaps, when they are alike; undefined while nothing can be said. */
  get periodMs(): number | undefined {
    if (this.#runs.length < runsKept) return undefined;
    const gaps = this.#runs.slice(1).map((run, index) => run - (this.#runs[index] ?? run));
    const longest = Math.max(...gaps);
    return longest <= Math.min(...gaps) * maxSpread + 2_000 ? longest : undefined;
  }

  get runs(): readonly number[] {
    return this.#runs;
  }
}
