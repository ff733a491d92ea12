import * as jobs from "../../../src/catalogue/jobqueue.ts";
import * as own from "../../../src/catalogue/queuewatch.ts";
import * as redis from "../../../src/catalogue/redis.ts";
import type { Metric } from "../../../src/catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../../../src/catalogue/prometheus-name.ts";
import type { MinuteSeries } from "../../support/backfilled-prometheus.ts";
import { drawIncidents, type Incident, type Kind } from "./incidents.ts";
import type { Random } from "./random.ts";

/** Simulated weeks of two job systems, a value a minute, with labelled incidents. */
export interface World {
  readonly series: readonly MinuteSeries[];
  readonly incidents: readonly Incident[];
  readonly minutes: number;
}

interface QueueShape {
  readonly name: string;
  readonly classes: readonly string[];
  /** Jobs a minute in a weekday's afternoon; seconds for each. */
  readonly rate: number;
  readonly seconds: number;
  /** Hour, jobs and days (0 is Sunday) of batches that are put in at once. */
  readonly batch?: { readonly hour: number; readonly jobs: number; readonly days: readonly number[] };
  readonly limit?: readonly [number, number];
}

interface TargetShape {
  readonly name: string;
  readonly system: "sidekiq" | "resque";
  readonly queues: readonly QueueShape[];
  readonly workers: number;
  readonly slots: number;
}

const day = 1_440;
const everyDay = [0, 1, 2, 3, 4, 5, 6];

function shapes(random: Random): TargetShape[] {
  const vary = (value: number) => value * random.between(0.7, 1.4);
  return [
    {
      name: "shop",
      system: "sidekiq",
      workers: 6,
      slots: 10,
      queues: [
        { name: "critical", classes: ["ChargeJob"], rate: vary(60), seconds: 0.4, limit: [10, 60] },
        { name: "default", classes: ["SyncJob", "IndexJob", "WebhookJob"], rate: vary(300), seconds: vary(0.8) },
        { name: "mailers", classes: ["MailJob"], rate: vary(90), seconds: vary(1.2) },
        {
          name: "bulk",
          classes: ["ReportJob"],
          rate: vary(2),
          seconds: vary(6),
          batch: { hour: 2, jobs: Math.round(vary(9_000)), days: everyDay },
        },
        { name: "low", classes: ["CleanupJob"], rate: vary(0.2), seconds: 2 },
      ],
    },
    {
      name: "ledger",
      system: "resque",
      workers: 16,
      slots: 1,
      queues: [
        { name: "events", classes: ["EventJob", "AuditJob"], rate: vary(90), seconds: vary(2) },
        { name: "files", classes: ["FileJob"], rate: vary(6), seconds: vary(20) },
        {
          name: "statements",
          classes: ["StatementJob"],
          rate: vary(0.5),
          seconds: vary(8),
          batch: { hour: 3, jobs: Math.round(vary(2_500)), days: [1] },
        },
        { name: "low", classes: ["PruneJob"], rate: vary(0.3), seconds: 3 },
      ],
    },
  ];
}

/** Draws a world of `days` days; incidents begin on day `quietDays`. */
export function drawWorld(random: Random, days: number, quietDays: number): World {
  const minutes = days * day;
  const targets = shapes(random);
  const incidents = drawIncidents(
    random,
    targets.map(({ name }) => name),
    quietDays * day,
    minutes - day / 4,
  );
  const series = targets.flatMap((target) => {
    const mine = incidents.filter((incident) => incident.target === target.name);
    return simulate(target, mine, { random, minutes, holiday: Math.floor(random.between(quietDays + 2, days - 1)) });
  });
  return { series, incidents, minutes };
}

interface Span {
  readonly random: Random;
  readonly minutes: number;
  /** The day on which there is little work. */
  readonly holiday: number;
}

/** How busy an hour of the week is, 1 in a weekday's afternoon; the first day is a Monday. */
function season(minute: number, holiday: number): number {
  const weekday = Math.floor(minute / day) % 7;
  const hour = (minute % day) / 60;
  const curve = 0.25 + 0.75 * Math.exp(-(((hour - 14) / 5) ** 2));
  const monday = weekday === 0 ? 1.3 : 1;
  const weekend = weekday >= 5 ? 0.45 : 1;
  return curve * monday * weekend * (Math.floor(minute / day) === holiday ? 0.35 : 1);
}

class Recorder {
  readonly #series = new Map<string, { name: string; labels: Record<string, string>; values: Float64Array }>();
  readonly #minutes: number;
  readonly #common: Record<string, string>;

  constructor(minutes: number, common: Record<string, string>) {
    this.#minutes = minutes;
    this.#common = common;
  }

  // oxlint-disable-next-line max-params -- read a hundred times as metric, minute, value, labels
  set(metric: Metric, minute: number, value: number, labels: Record<string, string> = {}, suffix = ""): void {
    const name = prometheusName(metric) + suffix;
    const key = `${name} ${Object.values(labels).join(" ")}`;
    let one = this.#series.get(key);
    if (one === undefined) {
      const common = metric.scope === "agent" ? { environment: "production" } : this.#common;
      const named = Object.entries(labels).map(([label, text]) => [prometheusLabel(label), text] as const);
      one = {
        name,
        labels: { ...common, ...Object.fromEntries(named) },
        values: new Float64Array(this.#minutes).fill(Number.NaN),
      };
      this.#series.set(key, one);
    }
    one.values[minute] = value;
  }

  all(): MinuteSeries[] {
    return [...this.#series.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** A waiting line: jobs by the minute in which they came. */
class Line {
  readonly #waiting: { minute: number; count: number }[] = [];
  size = 0;

  add(minute: number, count: number): void {
    if (count <= 0) return;
    this.#waiting.push({ minute, count });
    this.size += count;
  }

  take(count: number): number {
    let left = Math.min(count, this.size);
    const taken = left;
    while (left > 0) {
      const head = this.#waiting[0];
      if (head === undefined) break;
      const part = Math.min(head.count, left);
      head.count -= part;
      left -= part;
      if (head.count === 0) this.#waiting.shift();
    }
    this.size -= taken;
    return taken;
  }

  latency(minute: number): number {
    const head = this.#waiting[0];
    return head === undefined ? 0 : Math.max(0, (minute - head.minute) * 60 + 3);
  }
}

/** One system, minute by minute: a long list of small causes, kept in one place so that it reads from top to bottom. */
// oxlint-disable-next-line complexity
function simulate(shape: TargetShape, incidents: readonly Incident[], span: Span): MinuteSeries[] {
  const { random, minutes } = span;
  const out = new Recorder(minutes, { environment: "production", system: shape.system, target: shape.name });
  const lines = new Map(shape.queues.map(({ name }) => [name, new Line()]));
  const total = new Map<string, number>();
  const count = (key: string, by: number): number => {
    const value = (total.get(key) ?? 0) + by;
    total.set(key, value);
    return value;
  };
  const retries = new Float64Array(minutes + 200);
  let retrying = 0;
  let swell = 0;
  let deployAt = -1;
  let active = shape.workers;
  let memory = 1;
  let dead = 40;
  let failedList = 300;
  let clientsLeak = 0;
  let latestRun = 0;
  const [worst] = shape.queues;
  const victim = shape.queues[1] ?? worst;
  for (let minute = 0; minute < minutes; minute += 1) {
    const now = new Map<Kind, Incident>();
    for (const incident of incidents)
      if (minute >= incident.from && minute <= incident.to) now.set(incident.kind, incident);
    const is = (kind: Kind) => now.has(kind);
    const force = (kind: Kind) => now.get(kind)?.force ?? 0;
    const progress = (kind: Kind) => {
      const incident = now.get(kind);
      return incident === undefined ? 0 : (minute - incident.from) / (incident.to - incident.from);
    };
    swell = 0.97 * swell + 0.03 * random.normal();
    const busyness = season(minute, span.holiday) * Math.exp(swell * 0.6);
    const hour = (minute % day) / 60;
    if (hour > 9 && hour < 18 && random.next() < 1 / 300) deployAt = minute;
    const deploying = minute - deployAt < 2 && deployAt >= 0;
    // Workers
    let wanted: number = shape.workers;
    if (is("dead workers")) wanted = 0;
    if (is("half the workers")) wanted = Math.ceil(shape.workers * (0.6 - 0.2 * force("half the workers")));
    const before = active;
    active = deploying ? (shape.system === "resque" ? 0 : Math.floor(wanted / 2)) : wanted;
    const looping = is("crash loop") ? Math.ceil(shape.workers * 0.3) : 0;
    const killed =
      (is("dead workers") && now.get("dead workers")?.from === minute) ||
      (is("half the workers") && now.get("half the workers")?.from === minute);
    const lost = count("lost", (killed ? before - active : 0) + looping);
    out.set(jobs.workerLost, minute, lost);
    out.set(jobs.workerStarted, minute, count("started", Math.max(0, active - before) + looping));
    out.set(jobs.workerStopped, minute, count("stopped", killed ? 0 : Math.max(0, before - active)));
    out.set(jobs.workerCount, minute, active, { state: "active" });
    out.set(jobs.workerCount, minute, 0, { state: "quiet" });
    out.set(jobs.workerCount, minute, Math.min(5, killed ? before - active : looping), { state: "lost" });
    const slots = active * shape.slots;
    let slow = 1;
    if (is("degraded database")) slow = 3 + 4 * force("degraded database");
    if (is("slow decline")) slow = 1 + progress("slow decline") * (3 + 2 * force("slow decline"));
    const down = is("redis down");
    // Arrivals
    let failed = 0;
    let processed = 0;
    let room = slots * 60;
    let running = 0;
    for (const queue of shape.queues) {
      const line = lines.get(queue.name) ?? new Line();
      let rate = queue.rate * busyness;
      if (is("flood") && queue === victim) rate += queue.rate * (8 + 15 * force("flood"));
      if (is("flood of all queues")) rate += queue.rate * (4 + 6 * force("flood of all queues")) + 10;
      if (is("slow flood") && queue === victim)
        rate += queue.rate * progress("slow flood") * (3 + 4 * force("slow flood"));
      let arriving = down ? 0 : random.poisson(rate);
      const { batch } = queue;
      const weekday = (Math.floor(minute / day) + 1) % 7;
      if (
        batch !== undefined &&
        batch.days.includes(weekday) &&
        minute % day === batch.hour * 60 + Math.round(batch.jobs % 17)
      )
        arriving += Math.round(batch.jobs * random.between(0.85, 1.15));
      if (queue === victim) arriving += Math.round(retries[minute] ?? 0);
      line.add(minute, arriving);
      const paused = is("queue paused") && queue === victim;
      const unserved = is("queue unserved") && queue === victim;
      const seconds = queue.seconds * slow;
      const share = paused || unserved || down ? 0 : Math.max(0, Math.floor(room / seconds));
      const done = line.take(share);
      const stuck = is("stuck job") && queue === victim;
      room -= done * seconds;
      running += (done * seconds) / 60;
      processed += done;
      if (!down) {
        out.set(jobs.queueSize, minute, line.size, { queue: queue.name });
        out.set(jobs.queueLatency, minute, line.latency(minute), { queue: queue.name });
        out.set(jobs.queuePaused, minute, paused ? 1 : 0, { queue: queue.name });
        out.set(jobs.queueWorkers, minute, unserved ? 0 : active, { queue: queue.name });
        out.set(jobs.queueRunning, minute, Math.min(slots, Math.ceil((done * seconds) / 60)), { queue: queue.name });
        if (queue.limit) {
          out.set(jobs.queueLatencyLimit, minute, queue.limit[0], { queue: queue.name, severity: "warning" });
          out.set(jobs.queueLatencyLimit, minute, queue.limit[1], { queue: queue.name, severity: "critical" });
        }
      }
      // oxlint-disable-next-line complexity
      queue.classes.forEach((name, index) => {
        const mine = random.poisson(done / queue.classes.length);
        let chance = name === "WebhookJob" || name === "EventJob" ? 0.05 : 0.004;
        if (is("failing everywhere")) chance = 0.25 + 0.5 * force("failing everywhere");
        if (is("degraded database")) chance += 0.05;
        let extra = 0;
        const poisoned = queue === victim && index === 0;
        if (poisoned && is("poisoned class")) extra = random.poisson(30 + 60 * force("poisoned class"));
        if (poisoned && is("small poisoned class")) extra = random.poisson(4 + 4 * force("small poisoned class"));
        const bad = random.poisson(mine * chance) + extra;
        failed += bad;
        processed += extra;
        const labels = { "job.class": name };
        if (shape.system === "sidekiq" && !down) {
          out.set(jobs.classProcessed, minute, count(`p ${name}`, mine + extra), labels);
          out.set(jobs.classFailed, minute, count(`f ${name}`, bad), labels);
          const good = Math.max(0, mine - bad);
          out.set(jobs.classDuration, minute, count(`c ${name}`, good), labels, "_count");
          out.set(
            jobs.classDuration,
            minute,
            count(`s ${name}`, good * seconds * random.between(0.9, 1.1)),
            labels,
            "_sum",
          );
        }
        if (!down) {
          const type = poisoned && extra > 0 ? "ArgumentError" : "Timeout::Error";
          for (const error of poisoned ? ["ArgumentError", "Timeout::Error"] : ["Timeout::Error"])
            out.set(jobs.failureRecorded, minute, count(`r ${name} ${error}`, error === type ? bad : 0), {
              queue: queue.name,
              ...labels,
              "error.type": error,
            });
          if (stuck && index === 0) latestRun += 60;
          const longest = stuck && index === 0 ? latestRun : done > 0 ? seconds * random.between(1, 4) : 0;
          if (!stuck && queue === victim) latestRun = 0;
          out.set(jobs.classLongestRunning, minute, longest, labels);
        }
        for (let i = 0; i < bad && shape.system === "sidekiq"; i += 1) {
          retrying += 1;
          const at = minute + 1 + Math.floor(random.between(0, 60));
          if (at < minutes && random.next() < 0.9) retries[at] = (retries[at] ?? 0) + 1;
          else dead += random.next() < 0.1 ? 1 : 0;
        }
        if (shape.system === "resque") failedList += bad;
      });
      if (queue === victim && !down) {
        out.set(
          jobs.payloadInvalid,
          minute,
          count("invalid", is("invalid payloads") ? random.poisson(1 + 6 * force("invalid payloads")) : 0),
          { queue: queue.name, "error.type": "malformed" },
        );
        out.set(
          jobs.failureRecorded,
          minute,
          count("unknown", is("unknown class") ? random.poisson(1 + 3 * force("unknown class")) : 0),
          { queue: queue.name, "job.class": "GhostJob", "error.type": "NameError" },
        );
      }
    }
    retrying = Math.max(0, retrying - (retries[minute] ?? 0));
    if (minute % 1_440 === 600) failedList = Math.round(failedList * 0.4);
    // The agent
    const silent = is("agent silent");
    out.set(own.targetUp, minute, down ? 0 : 1);
    out.set(own.exportPoints, minute, count("delivered", is("export failing") ? 100 : 1_000), {
      destination: shape.name,
      outcome: "delivered",
    });
    out.set(own.exportPoints, minute, count("rejected", is("export failing") ? 900 : 0), {
      destination: shape.name,
      outcome: "rejected",
    });
    if (!down) {
      out.set(jobs.jobProcessed, minute, count("processed", processed));
      out.set(jobs.jobFailed, minute, count("failed", failed));
      out.set(jobs.jobLost, minute, count("gone", is("lost jobs") && progress("lost jobs") < 0.3 ? 3 : 0), {
        "job.class": "SyncJob",
      });
      if (shape.system === "sidekiq") {
        out.set(jobs.setSize, minute, retrying, { set: "retry" });
        out.set(jobs.setSize, minute, dead, { set: "dead" });
      } else out.set(jobs.setSize, minute, failedList, { set: "failed" });
      out.set(jobs.workerSlots, minute, slots, { "host.name": "host-1" });
      out.set(jobs.workerBusy, minute, Math.min(slots, Math.round(running + random.between(0, 1))), {
        "host.name": "host-1",
      });
      memory = is("memory leak")
        ? memory + 0.004
        : deploying
          ? 1
          : Math.max(1, memory * 0.999 + random.between(-0.003, 0.004));
      out.set(jobs.workerMemory, minute, memory * 600e6 * Math.max(1, active), { "host.name": "host-1" });
      const idle = is("scheduler dead") ? (minute - (now.get("scheduler dead")?.from ?? 0)) * 60 : 0;
      out.set(jobs.schedulerUp, minute, idle >= 180 ? 0 : 1);
      out.set(jobs.setLag, minute, idle > 0 ? idle : random.between(0, 15), { set: "scheduled" });
      out.set(jobs.setOverdue, minute, idle > 0 ? idle / 20 : Math.round(random.between(0, 2)), { set: "scheduled" });
      const missed = is("schedule missed") ? (minute - (now.get("schedule missed")?.from ?? 0)) * 60 : idle;
      out.set(jobs.scheduleOverdue, minute, missed > 0 ? missed : random.next() < 0.02 ? 40 : 0, {
        schedule: "hourly",
      });
      // Redis
      const jobsHeld = [...lines.values()].reduce((sum, line) => sum + line.size, 0) + retrying;
      const used = is("redis full") ? 0.35 + 0.6 * progress("redis full") : is("redis evicting") ? 0.99 : 0.3;
      out.set(redis.redisMemoryUsed, minute, used * 4e9 + jobsHeld * 1_500 + random.between(0, 2e7));
      out.set(redis.redisMaxmemory, minute, 4e9);
      out.set(redis.redisMaxmemoryPolicy, minute, 1, { policy: is("redis policy") ? "allkeys-lru" : "noeviction" });
      out.set(redis.redisKeysEvicted, minute, count("evicted", is("redis evicting") ? 20 : 0));
      out.set(
        redis.redisPingTime,
        minute,
        (is("redis slow") ? 0.1 + 0.5 * force("redis slow") : 0.001) * random.between(0.7, 1.6) +
          (random.next() < 0.01 ? 0.2 : 0),
      );
      clientsLeak = is("redis clients") ? clientsLeak + 150 : 0;
      out.set(
        redis.redisClientsConnected,
        minute,
        Math.min(10_000, 90 + active * 4 + clientsLeak + random.between(0, 9)),
      );
      out.set(redis.redisClientsLimit, minute, 10_000);
      out.set(redis.redisConnectionsRejected, minute, count("refused", clientsLeak > 10_000 ? 5 : 0));
      out.set(redis.redisRdbLastSaveOk, minute, is("redis persistence") ? 0 : 1);
      out.set(redis.redisCpuTime, minute, count("cpu", 3 + processed / 300), { state: "user" });
    }
    if (silent) out.all().forEach(({ values }) => ((values as Float64Array)[minute] = Number.NaN));
  }
  return out.all();
}
