import { queuePromise } from "../config/promises.ts";
import type { TargetConfig } from "../config/schema.ts";
import type { ClassState, FailureGroup, QueueState, Snapshot, WorkersState } from "../systems/system.ts";
import { columns, shortBytes, shortDuration, type Cell, type Paint, type Style } from "./terminal.ts";

const maxFailures = 15;

/** A snapshot for people, at one glance: queues, sets, workers, classes, failures. */
export function snapshotTable(snapshot: Snapshot, target: TargetConfig, paint: Paint): string {
  const at = new Date(snapshot.takenAtMs).toISOString().replace("T", " ").slice(0, 19);
  const totals = [count(snapshot.jobs.processed, "processed"), count(snapshot.jobs.failed, "failed")].filter(Boolean);
  const title = [`${paint("bold", target.name)} · ${snapshot.system}`, `${at} UTC`, ...totals].join(" · ");
  const parts = [
    `${title}\n`,
    queueTable(snapshot.queues, target, paint),
    setTable(snapshot, paint),
    workerTable(snapshot.workers, target.workers.minimum, paint),
    classTable(snapshot.classes, paint),
    failureTable(snapshot.failures, paint),
    ...snapshot.problems.map(({ code, message }) => `${paint("yellow", "!")} ${code}: ${message}\n`),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function count(value: number | undefined, word: string): string {
  return value === undefined ? "" : `${value} ${word}`;
}

function queueTable(queues: readonly QueueState[], target: TargetConfig, paint: Paint): string {
  if (queues.length === 0) return "no queues\n";
  const rows = queues
    .toSorted((a, b) => (a.queue < b.queue ? -1 : 1))
    .map((queue): Cell[] => {
      const { latency, size } = queuePromise(target, queue.queue);
      return [
        { text: queue.queue },
        number(queue.size, levelOf(queue.size ?? 0, size)),
        { ...latencyCell(queue), style: levelOf(queue.latency ?? 0, latency) },
        number(queue.running),
        duration(queue.running > 0 ? queue.longestRunning : undefined),
        number(queue.workers, queue.workers === 0 && (queue.size ?? 0) > 0 ? "red" : undefined),
        number(queue.slots),
        { text: queue.paused ? "paused" : "", style: "yellow" },
      ];
    });
  return columns(["QUEUE", "SIZE", "LATENCY", "RUNNING", "LONGEST", "WORKERS", "SLOTS", ""], rows, paint);
}

function latencyCell({ latency, latencyUncertainty }: QueueState): Cell {
  if (latency === undefined || latencyUncertainty === undefined) return duration(latency);
  return { text: `${shortDuration(latency)} ±${shortDuration(latencyUncertainty)}`, right: true };
}

function levelOf(
  value: number,
  limits: { warning?: number | undefined; critical?: number | undefined },
): Style | undefined {
  if (limits.critical !== undefined && value >= limits.critical) return "red";
  return limits.warning !== undefined && value >= limits.warning ? "yellow" : undefined;
}

function setTable({ sets }: Snapshot, paint: Paint): string {
  const rows = sets.map(({ set, size, overdue, lag }): Cell[] => [
    { text: set },
    number(size),
    number(overdue, (overdue ?? 0) > 0 ? "yellow" : undefined),
    duration((overdue ?? 0) > 0 ? lag : undefined),
  ]);
  return rows.length === 0 ? "" : columns(["SET", "SIZE", "OVERDUE", "LAG"], rows, paint);
}

function workerTable(workers: WorkersState, minimum: number | undefined, paint: Paint): string {
  const { active, quiet, lost, versions, hosts } = workers;
  const few = active === 0 || active < (minimum ?? 0);
  const states = [
    paint(few ? "red" : "green", `${active} active${minimum === undefined ? "" : ` of at least ${minimum}`}`),
    `${quiet} quiet`,
    lost > 0 ? paint("red", `${lost} lost`) : "0 lost",
    ...versions.map(({ version, count: many }) => `${many} × ${version}`),
  ];
  const rows = hosts.map((host): Cell[] => [
    { text: host.host },
    number(host.busy),
    number(host.slots),
    { text: host.memory === undefined ? "–" : shortBytes(host.memory), right: true },
    duration(host.heartbeatAge),
  ]);
  const table = rows.length === 0 ? "" : columns(["HOST", "BUSY", "SLOTS", "MEMORY", "HEARTBEAT"], rows, paint);
  return `${paint("dim", "WORKERS")}  ${states.join(" · ")}\n${table}`;
}

function classTable(classes: readonly ClassState[], paint: Paint): string {
  const rows = classes
    .toSorted((a, b) => (a.jobClass < b.jobClass ? -1 : 1))
    .map((state): Cell[] => [
      { text: state.jobClass },
      number(state.running),
      duration(state.running > 0 ? state.longestRunning : undefined),
      number(state.processedSince),
      number(state.failedSince, (state.failedSince ?? 0) > 0 ? "yellow" : undefined),
      duration(meanOf(state)),
    ]);
  const head = ["CLASS", "RUNNING", "LONGEST", "PROCESSED", "FAILED", "MEAN"];
  return rows.length === 0 ? "" : columns(head, rows, paint);
}

function meanOf({ durationSince }: ClassState): number | undefined {
  const total = durationSince?.counts.reduce((sum, many) => sum + many, 0) ?? 0;
  return durationSince && total > 0 ? durationSince.sum / total : undefined;
}

function failureTable(failures: readonly FailureGroup[], paint: Paint): string {
  const largest = failures.toSorted((a, b) => b.count - a.count).slice(0, maxFailures);
  const rows = largest.map(({ set, queue, jobClass, errorType, count: many }): Cell[] => [
    { text: set },
    { text: queue },
    { text: jobClass },
    { text: errorType },
    number(many),
  ]);
  const more = failures.length - largest.length;
  const table = columns(["FAILURES IN", "QUEUE", "CLASS", "ERROR", "JOBS"], rows, paint);
  return rows.length === 0 ? "" : `${table}${more > 0 ? `… and ${more} more groups\n` : ""}`;
}

function number(value: number | undefined, style?: Style): Cell {
  return { text: value === undefined ? "–" : String(value), right: true, style };
}

function duration(seconds: number | undefined): Cell {
  return { text: seconds === undefined ? "–" : shortDuration(seconds), right: true };
}
