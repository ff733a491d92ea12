import { defineMetric } from "./metric.ts";

/**
 * Upper bounds of Sidekiq's execution-time histogram, in seconds (the 26th bucket is open).
 * Source: sidekiq lib/sidekiq/metrics/shared.rb, `BUCKET_INTERVALS` (ms), the same in 7.0 to 8.1.
 */
export const durationBounds = [
  0.02, 0.03, 0.045, 0.065, 0.1, 0.15, 0.225, 0.335, 0.5, 0.75, 1.1, 1.7, 2.5, 3.8, 5.75, 8.5, 13, 20, 30, 45, 65, 100,
  150, 225, 335,
] as const;

// Queues

export const queueSize = defineMetric({
  name: "jobqueue.queue.size",
  kind: "gauge",
  unit: "{job}",
  help: "Jobs waiting in the queue.",
  attributes: ["queue"],
});
export const queueLatency = defineMetric({
  name: "jobqueue.queue.latency",
  kind: "gauge",
  unit: "s",
  help: "Age of the oldest job waiting in the queue; 0 when the queue is empty.",
  attributes: ["queue"],
  combine: "max",
});
export const queueLatencyUncertainty = defineMetric({
  name: "jobqueue.queue.latency_uncertainty",
  kind: "gauge",
  unit: "s",
  help: "Half-width of the latency's estimate; only for queues whose latency is estimated.",
  attributes: ["queue"],
  combine: "max",
});
export const queueLatencyLimit = defineMetric({
  name: "jobqueue.queue.latency_limit",
  kind: "gauge",
  unit: "s",
  help: "Latency that the queue promises to stay under, as configured or stated by its name.",
  attributes: ["queue", "severity"],
  combine: "min",
});
export const queueSizeLimit = defineMetric({
  name: "jobqueue.queue.size_limit",
  kind: "gauge",
  unit: "{job}",
  help: "Size that the queue promises to stay under, as configured.",
  attributes: ["queue", "severity"],
  combine: "min",
});
export const queueInfo = defineMetric({
  name: "jobqueue.queue.info",
  kind: "gauge",
  unit: "{queue}",
  help: "Always 1; says which team owns the queue.",
  attributes: ["queue", "team"],
});
export const queueEnqueued = defineMetric({
  name: "jobqueue.queue.enqueued",
  kind: "counter",
  unit: "{job}",
  help: "Jobs seen being added to the queue; what comes and goes between two reads is missed.",
  attributes: ["queue"],
  accuracy: "lower bound",
});
export const queueDequeued = defineMetric({
  name: "jobqueue.queue.dequeued",
  kind: "counter",
  unit: "{job}",
  help: "Jobs seen being taken from the queue; what comes and goes between two reads is missed.",
  attributes: ["queue"],
  accuracy: "lower bound",
});
export const queueRunning = defineMetric({
  name: "jobqueue.queue.running",
  kind: "gauge",
  unit: "{job}",
  help: "Jobs of the queue that active and quiet workers are executing.",
  attributes: ["queue"],
  accuracy: "sample",
});
export const queueLongestRunning = defineMetric({
  name: "jobqueue.queue.longest_running",
  kind: "gauge",
  unit: "s",
  help: "How long the longest-running job of the queue has been executing; 0 when none is.",
  attributes: ["queue"],
  combine: "max",
  accuracy: "sample",
});
export const queueWorkers = defineMetric({
  name: "jobqueue.queue.workers",
  kind: "gauge",
  unit: "{worker}",
  help: "Active workers that serve the queue; a worker that serves several counts in each.",
  attributes: ["queue"],
  sumOver: [],
});
export const queueSlots = defineMetric({
  name: "jobqueue.queue.slots",
  kind: "gauge",
  unit: "{slot}",
  help: "Job slots (threads) of active workers that may take jobs of the queue; shared slots count in each queue.",
  attributes: ["queue"],
  sumOver: [],
});
export const queuePaused = defineMetric({
  name: "jobqueue.queue.paused",
  kind: "gauge",
  unit: "{queue}",
  help: "1 when the queue is paused, else 0.",
  attributes: ["queue"],
});
export const payloadInvalid = defineMetric({
  name: "jobqueue.payload.invalid",
  kind: "counter",
  unit: "{job}",
  help: "Payloads seen that are not a job: malformed, without a class, or with absurd times. Each is counted once.",
  attributes: ["queue", "error.type"],
  accuracy: "lower bound",
});
export const payloadSize = defineMetric({
  name: "jobqueue.payload.size",
  kind: "gauge",
  unit: "By",
  help: "Rough memory per job waiting in the queue.",
  attributes: ["queue"],
  combine: "max",
  accuracy: "estimate",
});

// Jobs of the whole target

export const jobProcessed = defineMetric({
  name: "jobqueue.job.processed",
  kind: "counter",
  unit: "{job}",
  help: "Attempts to execute a job that ended, failures included, as the system counts them in Redis.",
  startsAtZero: false,
});
export const jobFailed = defineMetric({
  name: "jobqueue.job.failed",
  kind: "counter",
  unit: "{job}",
  help: "Attempts that raised an error, as the system counts them in Redis.",
  startsAtZero: false,
});
export const jobLost = defineMetric({
  name: "jobqueue.job.lost",
  kind: "counter",
  unit: "{job}",
  help: "Jobs presumed lost: held by a worker that died, and not seen again.",
  attributes: ["job.class"],
  accuracy: "upper bound",
});

// Job classes

export const classProcessed = defineMetric({
  name: "jobqueue.class.processed",
  kind: "counter",
  unit: "{job}",
  help: "Attempts of the class that ended, failures included, where the system records them per class.",
  attributes: ["job.class"],
});
export const classFailed = defineMetric({
  name: "jobqueue.class.failed",
  kind: "counter",
  unit: "{job}",
  help: "Attempts of the class that raised an error, where the system records them per class.",
  attributes: ["job.class"],
});
export const classDuration = defineMetric({
  name: "jobqueue.class.duration",
  kind: "histogram",
  unit: "s",
  help: "Execution time of the class's successful jobs.",
  attributes: ["job.class"],
  bounds: durationBounds,
});
export const classRunning = defineMetric({
  name: "jobqueue.class.running",
  kind: "gauge",
  unit: "{job}",
  help: "Jobs of the class that active and quiet workers are executing.",
  attributes: ["job.class"],
  accuracy: "sample",
});
export const classLongestRunning = defineMetric({
  name: "jobqueue.class.longest_running",
  kind: "gauge",
  unit: "s",
  help: "How long the longest-running job of the class has been executing; 0 when none is.",
  attributes: ["job.class"],
  combine: "max",
  accuracy: "sample",
});

// Sets and failures

export const setSize = defineMetric({
  name: "jobqueue.set.size",
  kind: "gauge",
  unit: "{job}",
  help: "Jobs in the set: scheduled, retry, dead (Sidekiq), failed (Resque).",
  attributes: ["set"],
});
export const setOverdue = defineMetric({
  name: "jobqueue.set.overdue",
  kind: "gauge",
  unit: "{job}",
  help: "Jobs of the set that are due and have not been moved to their queue.",
  attributes: ["set"],
});
export const setLag = defineMetric({
  name: "jobqueue.set.lag",
  kind: "gauge",
  unit: "s",
  help: "How long the most overdue job of the set has been due; 0 when none is.",
  attributes: ["set"],
  combine: "max",
});
export const failureSize = defineMetric({
  name: "jobqueue.failure.size",
  kind: "gauge",
  unit: "{job}",
  help: "What the retry, dead and failed sets consist of; the largest groups, the rest as `other`. Adds up to the set's size.",
  attributes: ["set", "queue", "job.class", "error.type"],
  accuracy: "sample",
});
export const failureRecorded = defineMetric({
  name: "jobqueue.failure.recorded",
  kind: "counter",
  unit: "{job}",
  help: "New failure records seen (Resque: dirty exits included).",
  attributes: ["queue", "job.class", "error.type"],
  accuracy: "lower bound",
});

// Workers

export const workerCount = defineMetric({
  name: "jobqueue.worker.count",
  kind: "gauge",
  unit: "{worker}",
  help: "Registered workers: active, quiet (taking no jobs), lost (no heartbeat for three periods).",
  attributes: ["state"],
});
export const workerMinimum = defineMetric({
  name: "jobqueue.worker.minimum",
  kind: "gauge",
  unit: "{worker}",
  help: "Active workers that there should be at least, as configured.",
  combine: "max",
});
export const workerSlots = defineMetric({
  name: "jobqueue.worker.slots",
  kind: "gauge",
  unit: "{slot}",
  help: "Job slots (threads) of active and quiet workers.",
  attributes: ["host.name"],
});
export const workerBusy = defineMetric({
  name: "jobqueue.worker.busy",
  kind: "gauge",
  unit: "{slot}",
  help: "Job slots of active and quiet workers that execute a job.",
  attributes: ["host.name"],
  accuracy: "sample",
});
export const workerMemory = defineMetric({
  name: "jobqueue.worker.memory",
  kind: "gauge",
  unit: "By",
  help: "Resident memory of active and quiet workers.",
  attributes: ["host.name"],
  accuracy: "sample",
});
export const workerHeartbeatAge = defineMetric({
  name: "jobqueue.worker.heartbeat_age",
  kind: "gauge",
  unit: "s",
  help: "Age of the oldest last heartbeat among active and quiet workers.",
  attributes: ["host.name"],
  combine: "max",
});
export const workerRedisRtt = defineMetric({
  name: "jobqueue.worker.redis_rtt",
  kind: "gauge",
  unit: "s",
  help: "Slowest round trip to Redis that an active or quiet worker measured at its last heartbeat.",
  attributes: ["host.name"],
  combine: "max",
  accuracy: "sample",
});
export const workerInfo = defineMetric({
  name: "jobqueue.worker.info",
  kind: "gauge",
  unit: "{worker}",
  help: "Active and quiet workers by the version of the job system they run.",
  attributes: ["version"],
});
export const workerCpuTime = defineMetric({
  name: "jobqueue.worker.cpu.time",
  kind: "counter",
  unit: "s",
  help: "CPU time of the workers whose processes the agent can see.",
  attributes: ["host.name"],
  accuracy: "lower bound",
});
export const workerNetworkIo = defineMetric({
  name: "jobqueue.worker.network.io",
  kind: "counter",
  unit: "By",
  help: "Network traffic in the network namespaces of the workers whose processes the agent can see.",
  attributes: ["host.name", "direction"],
  accuracy: "lower bound",
});
export const workerStarted = defineMetric({
  name: "jobqueue.worker.started",
  kind: "counter",
  unit: "{worker}",
  help: "Workers that were seen to appear.",
  accuracy: "lower bound",
});
export const workerStopped = defineMetric({
  name: "jobqueue.worker.stopped",
  kind: "counter",
  unit: "{worker}",
  help: "Workers that were seen to leave cleanly.",
  accuracy: "lower bound",
});
export const workerLost = defineMetric({
  name: "jobqueue.worker.lost",
  kind: "counter",
  unit: "{worker}",
  help: "Workers that were seen to stop giving heartbeats without leaving.",
});

// Schedules and deploys

export const scheduleOverdue = defineMetric({
  name: "jobqueue.schedule.overdue",
  kind: "gauge",
  unit: "s",
  help: "How late the schedule's last due run is; 0 when it ran.",
  attributes: ["schedule"],
  combine: "max",
});
export const schedulerUp = defineMetric({
  name: "jobqueue.scheduler.up",
  kind: "gauge",
  unit: "{scheduler}",
  help: "1 while a scheduler holds its lock, 0 after 180 s without; only where one is to be expected.",
  combine: "max",
});
export const deployMarked = defineMetric({
  name: "jobqueue.deploy.marked",
  kind: "counter",
  unit: "{deploy}",
  help: "Deploy marks seen (Sidekiq 7 and newer).",
});
