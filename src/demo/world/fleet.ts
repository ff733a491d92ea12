import type { Job } from "./job.ts";
import { processPlans, type ProcessPlan } from "./plan.ts";
import type { Random } from "./random.ts";
import { WorkerProcess, type Surroundings } from "./worker-process.ts";

const pollMs = 5_000;

/** All worker processes: who gets a job, who moves the jobs that are due, who comes and goes. */
export class Fleet {
  readonly #around: Surroundings;
  readonly #random: Random;
  /** Every process that Redis may still know of, the ones that are gone too. */
  #processes: WorkerProcess[] = [];
  #started = 0;
  #cleanedMs = Number.NEGATIVE_INFINITY;

  constructor(around: Surroundings, random: Random) {
    this.#around = around;
    this.#random = random;
    for (const [index, plan] of processPlans.entries()) around.timeline.after(index * 900, () => this.#start(plan));
    around.timeline.after(pollMs, () => this.#poll());
  }

  /** Those that stand in the set of processes: alive, or gone without a word. */
  get registered(): readonly WorkerProcess[] {
    return this.#processes;
  }

  /** A client enqueues a job; an idle thread takes it at once. */
  enqueue(job: Job): void {
    this.#around.store.push(job);
    const idle = this.#processes.filter((process) => process.isIdle(job.kind.queue));
    const [first, ...rest] = idle;
    if (first) this.#random.pick([first, ...rest]).wake();
  }

  /** Kills every process of a host, and starts new ones later. Returns the jobs that are lost. */
  killHost(host: string, downMs: number): readonly Job[] {
    const victims = this.#processes.filter(({ plan, alive }) => alive && plan.host === host);
    for (const { plan } of victims) this.#around.timeline.after(downMs, () => this.#start(plan));
    return victims.flatMap((process) => process.kill());
  }

  /** Replaces all processes, one after the other: each first takes no more jobs, then ends, then a new one starts. */
  restart(staggerMs: number): void {
    const { timeline } = this.#around;
    for (const [index, process] of this.#processes.filter(({ alive }) => alive).entries())
      timeline.after(index * staggerMs, () => this.#replace(process));
  }

  #replace(process: WorkerProcess): void {
    const { timeline } = this.#around;
    process.quiet();
    timeline.after(12_000, () => {
      if (!process.alive) return;
      process.stop();
      this.#processes = this.#processes.filter((other) => other !== process);
      timeline.after(2_000, () => this.#start(process.plan));
    });
  }

  #start(plan: ProcessPlan): void {
    this.#cleanUp();
    this.#processes.push(new WorkerProcess(plan, this.#around, this.#random.fork(`process ${this.#started++}`)));
  }

  /** A process that starts removes those whose hash has expired, once a minute at most (lib/sidekiq/api.rb, 8.1.7). */
  #cleanUp(): void {
    const { database, timeline } = this.#around;
    if (timeline.nowMs - this.#cleanedMs < 60_000) return;
    this.#cleanedMs = timeline.nowMs;
    database.set("process_cleanup", "1");
    database.expire("process_cleanup", 60);
    const ghosts = this.#processes.filter(({ identity }) => database.typeOf(identity) === undefined);
    for (const { identity } of ghosts) database.srem("processes", identity);
    this.#processes = this.#processes.filter((process) => !ghosts.includes(process));
  }

  /** Some process moves what is due, about every five seconds. */
  #poll(): void {
    const { store, timeline } = this.#around;
    if (this.#processes.some(({ alive }) => alive))
      for (const set of ["retry", "schedule"] as const) for (const job of store.takeDue(set)) this.enqueue(job);
    timeline.after(pollMs * this.#random.between(0.5, 1.5), () => this.#poll());
  }
}
