import type { Facts, FactsOfProcess } from "../systems/sidekiq/world.ts";

/** Every point of `jobqueue.*` that the facts of a picture determine: `seriesOf` the point → its value. */
export function expectedSeries(facts: Facts, lostAfter: number): Map<string, number> {
  const lost = (process: FactsOfProcess) => process.state === "gone" || (process.beat_age ?? Infinity) > lostAfter;
  const alive = facts.processes.filter((process) => !lost(process));
  return new Map([
    ...queues(facts, alive),
    ...classes(facts, alive),
    ...sets(facts),
    ...workers(facts, alive),
    ["jobqueue.job.processed", facts.processed],
    ["jobqueue.job.failed", facts.failed],
    ["jobqueue.deploy.marked", 0],
  ]);
}

type Entry = [series: string, value: number];

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function workOf(facts: Facts, alive: readonly FactsOfProcess[]) {
  const ids = new Set(alive.map(({ identity }) => identity));
  return facts.work.filter(({ process }) => ids.has(process));
}

/** Counters begin at 0; what a quiet process serves does not count. */
function queues(facts: Facts, alive: readonly FactsOfProcess[]): Entry[] {
  const work = workOf(facts, alive);
  return facts.queues.flatMap(({ name, size, latency }) => {
    const own = work.filter(({ queue }) => queue === name);
    const serving = alive.filter(({ state, queues: served }) => state === "running" && served?.includes(name));
    const values = {
      size,
      latency,
      enqueued: 0,
      dequeued: 0,
      running: own.length,
      longest_running: Math.max(0, ...own.map(({ age }) => age)),
      workers: serving.length,
      slots: sum(serving.map((process) => slotsFor(process, name))),
      paused: 0,
    };
    return Object.entries(values).map(([metric, value]): Entry => [`jobqueue.queue.${metric} queue=${name}`, value]);
  });
}

/** From 7.0 a process says its weights a capsule (in order, its concurrency only in total); others have one thread. */
function slotsFor({ concurrency = 0, capsules, weights }: FactsOfProcess, queue: string): number {
  if (!capsules) return concurrency - Math.max(0, (weights?.length ?? 1) - 1);
  return sum(
    Object.values(capsules)
      .filter((capsule) => queue in capsule.weights)
      .map((capsule) => capsule.concurrency),
  );
}

function classes(facts: Facts, alive: readonly FactsOfProcess[]): Entry[] {
  const running = [...Map.groupBy(workOf(facts, alive), (job) => job.class)].flatMap(([name, jobs]): Entry[] => [
    [`jobqueue.class.running job.class=${name}`, jobs.length],
    [`jobqueue.class.longest_running job.class=${name}`, Math.max(...jobs.map(({ age }) => age))],
  ]);
  const counted = Object.keys(facts.metrics_by_class ?? {}).flatMap((name): Entry[] => [
    [`jobqueue.class.processed job.class=${name}`, 0],
    [`jobqueue.class.failed job.class=${name}`, 0],
    [`jobqueue.class.duration job.class=${name}`, 0],
  ]);
  return [...running, ...counted];
}

function sets(facts: Facts): Entry[] {
  const timed = (["scheduled", "retry"] as const).flatMap((set): Entry[] => [
    [`jobqueue.set.size set=${set}`, facts[set].size],
    [`jobqueue.set.overdue set=${set}`, facts[set].due],
    [`jobqueue.set.lag set=${set}`, 0],
  ]);
  return [...timed, ["jobqueue.set.size set=dead", facts.dead.size]];
}

function workers(facts: Facts, alive: readonly FactsOfProcess[]): Entry[] {
  const quiet = alive.filter(({ state }) => state === "quiet").length;
  const [host = ""] = new Set(alive.map(({ hostname = "" }) => hostname));
  const of = (key: "concurrency" | "busy" | "rss_kb") => sum(alive.map((process) => process[key] ?? 0));
  const most = (key: "beat_age" | "rtt_us") => Math.max(...alive.map((process) => process[key] ?? 0));
  const told: Entry[] = facts.version.startsWith("6.")
    ? []
    : [[`jobqueue.worker.info version=${facts.version}`, alive.length]];
  return [
    ["jobqueue.worker.count state=active", alive.length - quiet],
    ["jobqueue.worker.count state=quiet", quiet],
    ["jobqueue.worker.count state=lost", facts.processes.length - alive.length],
    ["jobqueue.worker.started", 0],
    ["jobqueue.worker.stopped", 0],
    ["jobqueue.worker.lost", 0],
    ...told,
    [`jobqueue.worker.slots host.name=${host}`, of("concurrency")],
    [`jobqueue.worker.busy host.name=${host}`, of("busy")],
    [`jobqueue.worker.memory host.name=${host}`, of("rss_kb") * 1_024],
    [`jobqueue.worker.heartbeat_age host.name=${host}`, most("beat_age")],
    [`jobqueue.worker.redis_rtt host.name=${host}`, most("rtt_us") / 1e6],
  ];
}
