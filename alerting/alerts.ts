import type { Alert } from "../src/generate/alert.ts";
import { queueGrowing } from "./backlog/queue-growing.ts";
import { queueLatencyPromise } from "./backlog/queue-latency-promise.ts";
import { queueLatencyUnusual } from "./backlog/queue-latency-unusual.ts";
import { queuePausedTooLong } from "./backlog/queue-paused.ts";
import { queueSizePromise } from "./backlog/queue-size-promise.ts";
import { queueSizeUnusual } from "./backlog/queue-size-unusual.ts";
import { queueStalled } from "./backlog/queue-stalled.ts";
import { queueUnserved } from "./backlog/queue-unserved.ts";
import { queueFlooded } from "./flood/queue-flooded.ts";
import { queuesFlooded } from "./flood/queues-flooded.ts";
import { targetFlood } from "./flood/target-flood.ts";
import { classFailureRatio } from "./failure/class-failure-ratio.ts";
import { classFailureSpike } from "./failure/class-failure-spike.ts";
import { deadJobsGrowing } from "./failure/dead-jobs-growing.ts";
import { deadSetFull } from "./failure/dead-set-full.ts";
import { failureRatio } from "./failure/failure-ratio.ts";
import { invalidPayloads } from "./failure/invalid-payloads.ts";
import { queueFailureSpike } from "./failure/queue-failure-spike.ts";
import { retriesGrowing } from "./failure/retries-growing.ts";
import { unknownClasses } from "./failure/unknown-classes.ts";
import { jobStuck } from "./workers/job-stuck.ts";
import { jobsLost } from "./workers/jobs-lost.ts";
import { noWorkers } from "./workers/no-workers.ts";
import { workerMemoryGrowing } from "./workers/worker-memory.ts";
import { workersBelowMinimum } from "./workers/workers-below-minimum.ts";
import { workersBelowUsual } from "./workers/workers-below-usual.ts";
import { workersCrashLoop } from "./workers/workers-crash-loop.ts";
import { workersLost } from "./workers/workers-lost.ts";
import { workersSaturated } from "./workers/workers-saturated.ts";
import { classSlow } from "./performance/class-slow.ts";
import { processingSlow } from "./performance/processing-slow.ts";
import { throughputLow } from "./performance/throughput-low.ts";
import { scheduleMissed } from "./schedules/schedule-missed.ts";
import { scheduledOverdue } from "./schedules/scheduled-overdue.ts";
import { schedulerDown } from "./schedules/scheduler-down.ts";
import { redisClientsHigh } from "./redis/redis-clients.ts";
import { redisCpu } from "./redis/redis-cpu.ts";
import { redisEvicting } from "./redis/redis-evicting.ts";
import { redisMemoryHigh } from "./redis/redis-memory.ts";
import { redisPersistence } from "./redis/redis-persistence.ts";
import { redisUnsafePolicy } from "./redis/redis-policy.ts";
import { redisSlow } from "./redis/redis-slow.ts";
import { redisUnreachable } from "./redis/redis-unreachable.ts";
import { alertConfigChanged } from "./agent/alert-config-changed.ts";
import { alertConfigStale } from "./agent/alert-config-stale.ts";
import { alertsSuppressed } from "./agent/alerts-suppressed.ts";
import { collectionFailing } from "./agent/collection-failing.ts";
import { configRefusedAlert } from "./agent/config-refused.ts";
import { exportFailing } from "./agent/export-failing.ts";
import { notificationsFailing } from "./agent/notifications-failing.ts";
import { rulesFailing } from "./agent/rules-failing.ts";
import { seriesLimited } from "./agent/series-limited.ts";
import { agentSilent } from "./agent/agent-silent.ts";
import { watchdog } from "./agent/watchdog.ts";

/** Every alert, by family; a contract test compares with the folder. */
export const alerts: readonly Alert[] = [
  queueGrowing,
  queueLatencyPromise,
  queueLatencyUnusual,
  queuePausedTooLong,
  queueSizePromise,
  queueSizeUnusual,
  queueStalled,
  queueUnserved,
  queueFlooded,
  queuesFlooded,
  targetFlood,
  classFailureRatio,
  classFailureSpike,
  deadJobsGrowing,
  deadSetFull,
  failureRatio,
  invalidPayloads,
  queueFailureSpike,
  retriesGrowing,
  unknownClasses,
  jobStuck,
  jobsLost,
  noWorkers,
  workerMemoryGrowing,
  workersBelowMinimum,
  workersBelowUsual,
  workersCrashLoop,
  workersLost,
  workersSaturated,
  classSlow,
  processingSlow,
  throughputLow,
  scheduleMissed,
  scheduledOverdue,
  schedulerDown,
  redisClientsHigh,
  redisCpu,
  redisEvicting,
  redisMemoryHigh,
  redisPersistence,
  redisUnsafePolicy,
  redisSlow,
  redisUnreachable,
  alertConfigChanged,
  alertConfigStale,
  alertsSuppressed,
  collectionFailing,
  configRefusedAlert,
  exportFailing,
  notificationsFailing,
  rulesFailing,
  seriesLimited,
  agentSilent,
  watchdog,
];
