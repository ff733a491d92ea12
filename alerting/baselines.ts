import {
  classFailed,
  classDuration,
  classLongestRunning,
  classProcessed,
  failureRecorded,
  jobFailed,
  jobProcessed,
  queueLatency,
  queueSize,
  setSize,
  workerBusy,
  workerCount,
  workerMemory,
  workerSlots,
} from "../src/catalogue/jobqueue.ts";
import { redisClientsConnected, redisMemoryUsed, redisPingTime } from "../src/catalogue/redis.ts";
import { dailyPeak, seasonal } from "../src/generate/baseline.ts";
import * as q from "../src/promql/promql.ts";
import { arrivals, classLabels, queueLabels, targetLabels } from "./scopes.ts";

/** What is usual, for every quantity that an alert judges against its own past. */

export const usualLatency = seasonal({
  record: "queue:jobqueue_queue_latency_seconds:usual",
  meaning: "Highest latency of a queue around this time.",
  labels: queueLabels,
  of: q.maxOverTime(q.range(queueLatency, "90m")),
  ahead: 45,
  bound: "upper",
});
export const peakLatency = dailyPeak({
  record: "queue:jobqueue_queue_latency_seconds:peak",
  meaning: "Highest latency of a queue on a usual day.",
  labels: queueLabels,
  of: q.maxOverTime(q.range(queueLatency, "1d")),
});
export const usualSize = seasonal({
  record: "queue:jobqueue_queue_size:usual",
  meaning: "Largest size of a queue around this time.",
  labels: queueLabels,
  of: q.maxOverTime(q.range(queueSize, "90m")),
  ahead: 45,
  bound: "upper",
});
export const peakSize = dailyPeak({
  record: "queue:jobqueue_queue_size:peak",
  meaning: "Largest size of a queue on a usual day.",
  labels: queueLabels,
  of: q.maxOverTime(q.range(queueSize, "1d")),
});
export const usualArrivals = seasonal({
  record: "target:queuewatch_arrivals:usual",
  meaning: "Highest rate at which jobs arrive in a target around this time.",
  labels: targetLabels,
  of: q.maxOverTime(q.subquery(arrivals, "90m", "5m")),
  ahead: 45,
  bound: "upper",
});
export const usualThroughput = seasonal({
  record: "target:jobqueue_job_processed:usual_low",
  meaning: "Rate at which a target processes jobs around this time, at the low end.",
  labels: targetLabels,
  of: q.rate(jobProcessed, "40m"),
  ahead: 20,
  bound: "lower",
});
export const usualFailures = seasonal({
  record: "target:queuewatch_failure_ratio:usual",
  meaning: "Share of a target's attempts that fail around this time.",
  labels: targetLabels,
  of: q.divide(q.rate(jobFailed, "2h"), q.rate(jobProcessed, "2h")),
  ahead: 60,
  bound: "upper",
});
export const usualClassFailures = seasonal({
  record: "class:queuewatch_failure_ratio:usual",
  meaning: "Share of a class's attempts that fail around this time.",
  labels: classLabels,
  of: q.divide(q.rate(classFailed, "2h"), q.rate(classProcessed, "2h")),
  ahead: 60,
  bound: "upper",
});
export const usualQueueRecords = seasonal({
  record: "queue:jobqueue_failure_recorded:usual",
  meaning: "Failure records of a queue per second around this time.",
  labels: queueLabels,
  of: q.sumBy(q.rate(failureRecorded, "1h"), queueLabels),
  ahead: 30,
  bound: "upper",
});
export const usualClassRecords = seasonal({
  record: "class:jobqueue_failure_recorded:usual",
  meaning: "Failure records of a class per second around this time.",
  labels: classLabels,
  of: q.sumBy(q.rate(failureRecorded, "1h"), classLabels),
  ahead: 30,
  bound: "upper",
});
export const usualSets = seasonal({
  record: "set:jobqueue_set_size:usual",
  meaning: "Largest size of the retry, dead and failed sets around this time.",
  labels: [...targetLabels, "set"],
  of: q.maxOverTime(q.range(setSize, "90m")),
  ahead: 45,
  bound: "upper",
});
export const usualSetGrowth = seasonal({
  record: "set:jobqueue_set_size:usual_growth",
  meaning:
    "Fastest growth of the dead and failed sets in a quarter of an hour around this time; clearing them lowers nothing.",
  labels: [...targetLabels, "set"],
  of: q.maxOverTime(q.subquery(q.delta(q.range(setSize, "15m")), "75m", "15m")),
  ahead: 45,
  bound: "upper",
});
export const usualWorkers = seasonal({
  record: "target:jobqueue_worker_count:usual_low",
  meaning: "Active workers of a target around this time, at the low end.",
  labels: targetLabels,
  of: q.maxBy(q.quantileOverTime(0.5, q.range(workerCount, "1h", { state: "active" })), targetLabels),
  ahead: 30,
  bound: "lower",
});
export const saturation = q.divide(
  q.sumBy(q.avgOverTime(q.range(workerBusy, "15m")), targetLabels),
  q.above(q.sumBy(q.avgOverTime(q.range(workerSlots, "15m")), targetLabels), 0),
);
export const usualSaturation = seasonal({
  record: "target:queuewatch_saturation:usual",
  meaning: "Share of job slots in use around this time, at the high end.",
  labels: targetLabels,
  of: q.maxOverTime(q.subquery(saturation, "90m", "15m")),
  ahead: 45,
  bound: "upper",
});
export const usualDuration = seasonal({
  record: "class:jobqueue_class_duration_seconds:usual",
  meaning: "Mean execution time of a class around this time.",
  labels: classLabels,
  of: q.divide(q.observedRate(classDuration, "2h"), q.observationRate(classDuration, "2h")),
  ahead: 60,
  bound: "upper",
});
/** Mean time that a job spends executing, for every system: jobs running divided by jobs ended (Little's law). */
export const processingTime = q.divide(
  q.sumBy(q.avgOverTime(q.range(workerBusy, "6m")), targetLabels),
  q.above(q.sumBy(q.rate(jobProcessed, "6m"), targetLabels), 0),
);
export const usualProcessingTime = seasonal({
  record: "target:queuewatch_processing_time_seconds:usual",
  meaning: "Mean execution time of a target's jobs around this time.",
  labels: targetLabels,
  of: q.maxOverTime(q.subquery(processingTime, "90m", "10m")),
  ahead: 45,
  bound: "upper",
});
export const longestRuns = dailyPeak({
  record: "class:jobqueue_class_longest_running_seconds:peak",
  meaning: "Longest run of a class on a usual day.",
  labels: classLabels,
  of: q.maxOverTime(q.range(classLongestRunning, "1d")),
});
/** Resident memory for each job slot: comparable although the number of workers changes. */
export const memoryPerSlot = q.divide(
  q.sumBy(q.select(workerMemory), targetLabels),
  q.above(q.sumBy(q.select(workerSlots), targetLabels), 0),
);
export const usualMemory = dailyPeak({
  record: "target:queuewatch_worker_memory_per_slot_bytes:peak",
  meaning: "Highest resident memory for each job slot on a usual day.",
  labels: targetLabels,
  of: q.maxOverTime(q.subquery(memoryPerSlot, "1d", "15m")),
});
export const usualPing = seasonal({
  record: "target:redis_ping_time_seconds:usual",
  meaning: "Round trip of a PING around this time.",
  labels: targetLabels,
  of: q.quantileOverTime(0.9, q.range(redisPingTime, "90m")),
  ahead: 45,
  bound: "upper",
});
export const usualClients = seasonal({
  record: "target:redis_clients_connected:usual",
  meaning: "Clients connected to Redis around this time.",
  labels: targetLabels,
  of: q.maxOverTime(q.range(redisClientsConnected, "90m")),
  ahead: 45,
  bound: "upper",
});
export const peakRedisMemory = dailyPeak({
  record: "target:redis_memory_used_bytes:peak",
  meaning: "Most memory that Redis uses on a usual day.",
  labels: targetLabels,
  of: q.maxOverTime(q.range(redisMemoryUsed, "1d")),
});
