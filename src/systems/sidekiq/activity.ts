import type { HostState, QueueState, WorkersState } from "../system.ts";
import type { Process } from "./processes.ts";
import type { RunningJob } from "./work.ts";

type QueueActivity = Pick<QueueState, "running" | "longestRunning" | "workers" | "slots">;
type ClassActivity = { readonly running: number; readonly longestRunning: number };

/** What processes do, by queue, by class and in all. Lost ones execute nothing, quiet ones take nothing new. */
export interface Activity {
  queue(name: string): QueueActivity;
  readonly classes: ReadonlyMap<string, ClassActivity>;
  readonly workers: Omit<WorkersState, "startedSince" | "stoppedSince" | "lostSince">;
}

interface Doing {
  running: number;
  longestRunning: number;
  workers: number;
  slots: number;
}

export function activityOf(
  processes: readonly Process[],
  jobsOf: (identity: string) => readonly RunningJob[],
  nowMs: number,
): Activity {
  const queues = new Map<string, Doing>();
  const classes = new Map<string, Doing>();
  const alive = processes.filter(({ state }) => state !== "lost");
  for (const { identity, capsules, state } of alive) {
    for (const { queue, jobClass, runAtMs } of jobsOf(identity)) {
      const age = runAtMs === undefined ? 0 : Math.max(0, nowMs - runAtMs) / 1_000;
      run(entryOf(queues, queue), age);
      run(entryOf(classes, jobClass), age);
    }
    if (state === "active") serve(queues, capsules);
  }
  return {
    queue: (name) => queues.get(name) ?? newDoing(),
    classes,
    workers: workersOf(processes, alive),
  };
}

function run(doing: Doing, age: number): void {
  doing.running++;
  if (age > doing.longestRunning) doing.longestRunning = age;
}

function serve(queues: Map<string, Doing>, capsules: Process["capsules"]): void {
  capsules.forEach(({ concurrency, queues: names }, index) => {
    names.forEach((name) => {
      const doing = entryOf(queues, name);
      doing.slots += concurrency;
      // A process is one worker of a queue, however many of its capsules serve it.
      if (index === 0 || !capsules.slice(0, index).some((former) => former.queues.includes(name))) doing.workers++;
    });
  });
}

function newDoing(): Doing {
  return { running: 0, longestRunning: 0, workers: 0, slots: 0 };
}

function entryOf(map: Map<string, Doing>, name: string): Doing {
  const known = map.get(name);
  if (known) return known;
  const doing = newDoing();
  map.set(name, doing);
  return doing;
}

function workersOf(processes: readonly Process[], alive: readonly Process[]): Activity["workers"] {
  const versions = new Map<string, number>();
  for (const { info } of alive)
    if (info.version !== undefined) versions.set(info.version, (versions.get(info.version) ?? 0) + 1);
  const quiet = alive.filter(({ state }) => state === "quiet").length;
  return {
    active: alive.length - quiet,
    quiet,
    lost: processes.length - alive.length,
    versions: [...versions].map(([version, count]) => ({ version, count })),
    hosts: [...Map.groupBy(alive, ({ info }) => info.host)].map(([host, some]) => hostOf(host, some)),
    processes: alive.flatMap(({ info: { host, pid } }) => (pid === undefined ? [] : [{ host, pid }])),
  };
}

function hostOf(host: string, processes: readonly Process[]): HostState {
  const all: { -readonly [Name in keyof HostState]: HostState[Name] } = {
    host,
    slots: 0,
    busy: 0,
    memory: undefined,
    heartbeatAge: undefined,
    redisRtt: undefined,
  };
  processes.forEach(({ slots, busy, memory, heartbeatAge, redisRtt }) => {
    all.slots += slots;
    all.busy += busy;
    all.memory = joined(all.memory, memory, (one, other) => one + other);
    all.heartbeatAge = joined(all.heartbeatAge, heartbeatAge, Math.max);
    all.redisRtt = joined(all.redisRtt, redisRtt, Math.max);
  });
  return all;
}

/** Two values that may be unknown as one, which is known where one of them is. */
function joined(
  one: number | undefined,
  other: number | undefined,
  join: (one: number, other: number) => number,
): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return join(one, other);
}
