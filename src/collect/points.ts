import * as jobqueue from "../catalogue/jobqueue.ts";
import type { QueuePromise } from "../config/promises.ts";
import { exportedName } from "../self/printable.ts";
import type {
  ClassState,
  FailureGroup,
  HostState,
  QueueState,
  SetState,
  Snapshot,
  WorkersState,
} from "../systems/system.ts";
import type { NameMap } from "./names.ts";
import { Recorder, type Sample } from "./record.ts";

/** How a target's names become attributes, and what its config says of its queues and workers. */
export interface TargetView {
  readonly queueName: NameMap;
  readonly className: NameMap;
  readonly promise: (queue: string) => QueuePromise;
  readonly byHost: boolean;
  readonly workerMinimum: number | undefined;
}

/** Past this many hosts the rest is combined. */
const maxHosts = 100;
/** `host.name` of all hosts together, where the config does not want them apart. */
export const allHosts = "all";

/** Says a snapshot in the catalogue's words. */
export function snapshotSamples(snapshot: Snapshot, view: TargetView): Sample[] {
  const record = new Recorder();
  for (const queue of snapshot.queues) recordQueue(record, queue, view);
  for (const jobClass of snapshot.classes) recordClass(record, jobClass, view);
  for (const set of snapshot.sets) recordSet(record, set);
  recordFailures(record, snapshot, view);
  recordJobs(record, snapshot, view);
  recordWorkers(record, snapshot.workers, view);
  recordHosts(record, snapshot.workers.hosts, view);
  for (const { schedule, overdue } of snapshot.schedules)
    record.state(jobqueue.scheduleOverdue, overdue, { schedule: exportedName(schedule) });
  record.state(jobqueue.schedulerUp, snapshot.schedulerUp === undefined ? undefined : Number(snapshot.schedulerUp), {});
  record.increment(jobqueue.deployMarked, snapshot.deploysSince.length, {});
  return record.samples;
}

function recordQueue(record: Recorder, state: QueueState, view: TargetView): void {
  const queue = view.queueName(state.queue);
  if (queue === undefined) return;
  const own = { queue };
  record.state(jobqueue.queueSize, state.size, own);
  record.state(jobqueue.queueLatency, state.latency, own);
  record.state(jobqueue.queueLatencyUncertainty, state.latencyUncertainty, own);
  record.increment(jobqueue.queueEnqueued, state.enqueuedSince, own);
  record.increment(jobqueue.queueDequeued, state.dequeuedSince, own);
  record.state(jobqueue.queueRunning, state.running, own);
  record.state(jobqueue.queueLongestRunning, state.longestRunning, own);
  record.state(jobqueue.queueWorkers, state.workers, own);
  record.state(jobqueue.queueSlots, state.slots, own);
  record.state(jobqueue.queuePaused, Number(state.paused), own);
  record.state(jobqueue.payloadSize, state.payloadBytes, own);
  recordPromise(record, queue, view.promise(state.queue));
}

function recordPromise(record: Recorder, queue: string, promise: QueuePromise): void {
  for (const severity of ["warning", "critical"] as const) {
    record.state(jobqueue.queueLatencyLimit, promise.latency[severity], { queue, severity });
    record.state(jobqueue.queueSizeLimit, promise.size[severity], { queue, severity });
  }
  if (promise.team !== undefined) record.state(jobqueue.queueInfo, 1, { queue, team: promise.team });
}

function recordClass(record: Recorder, state: ClassState, view: TargetView): void {
  const jobClass = view.className(state.jobClass);
  if (jobClass === undefined) return;
  const own = { "job.class": jobClass };
  record.increment(jobqueue.classProcessed, state.processedSince, own);
  record.increment(jobqueue.classFailed, state.failedSince, own);
  record.increment(jobqueue.classDuration, state.durationSince, own);
  if (state.running === 0) return;
  record.state(jobqueue.classRunning, state.running, own);
  record.state(jobqueue.classLongestRunning, state.longestRunning, own);
}

function recordSet(record: Recorder, { set, size, overdue, lag }: SetState): void {
  record.state(jobqueue.setSize, size, { set });
  record.state(jobqueue.setOverdue, overdue, { set });
  record.state(jobqueue.setLag, lag, { set });
}

function recordFailures(record: Recorder, snapshot: Snapshot, view: TargetView): void {
  for (const group of snapshot.failures) {
    const own = failureAttributes(group, view);
    if (own) record.state(jobqueue.failureSize, group.count, { set: group.set, ...own });
  }
  for (const group of snapshot.failuresSince) {
    const own = failureAttributes(group, view);
    if (own) record.increment(jobqueue.failureRecorded, group.count, own);
  }
  for (const { queue: raw, errorType, count } of snapshot.invalidSince) {
    const queue = view.queueName(raw);
    if (queue !== undefined) record.increment(jobqueue.payloadInvalid, count, { queue, "error.type": errorType });
  }
}

function failureAttributes(group: FailureGroup, view: TargetView) {
  const queue = view.queueName(group.queue);
  const jobClass = view.className(group.jobClass);
  if (queue === undefined || jobClass === undefined) return undefined;
  return { queue, "job.class": jobClass, "error.type": exportedName(group.errorType) };
}

function recordJobs(record: Recorder, snapshot: Snapshot, view: TargetView): void {
  record.total(jobqueue.jobProcessed, snapshot.jobs.processed, {});
  record.total(jobqueue.jobFailed, snapshot.jobs.failed, {});
  for (const { jobClass: raw, count } of snapshot.lostJobsSince) {
    const jobClass = view.className(raw);
    if (jobClass !== undefined) record.increment(jobqueue.jobLost, count, { "job.class": jobClass });
  }
}

function recordWorkers(record: Recorder, workers: WorkersState, view: TargetView): void {
  for (const state of ["active", "quiet", "lost"] as const)
    record.state(jobqueue.workerCount, workers[state], { state });
  record.state(jobqueue.workerMinimum, view.workerMinimum, {});
  record.increment(jobqueue.workerStarted, workers.startedSince, {});
  record.increment(jobqueue.workerStopped, workers.stoppedSince, {});
  record.increment(jobqueue.workerLost, workers.lostSince, {});
  for (const { version, count } of workers.versions)
    record.state(jobqueue.workerInfo, count, { version: exportedName(version) });
}

function recordHosts(record: Recorder, hosts: readonly HostState[], view: TargetView): void {
  const named = hosts.toSorted((one, two) => (one.host < two.host ? -1 : 1));
  named.forEach((host, index) => {
    const name = index < maxHosts ? exportedName(host.host) : "other";
    const own = { "host.name": view.byHost ? name : allHosts };
    record.state(jobqueue.workerSlots, host.slots, own);
    record.state(jobqueue.workerBusy, host.busy, own);
    record.state(jobqueue.workerMemory, host.memory, own);
    record.state(jobqueue.workerHeartbeatAge, host.heartbeatAge, own);
    record.state(jobqueue.workerRedisRtt, host.redisRtt, own);
  });
}
