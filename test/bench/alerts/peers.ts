/** Rules that people use today, in our own words and with our metric names; thresholds as they are shipped. */
export interface PeerRule {
  readonly set: string;
  readonly name: string;
  readonly severity: "warning" | "critical";
  readonly hold: number;
  readonly expr: string;
}

const target = "environment, system, target";
const rule = (set: string, severity: PeerRule["severity"], hold: number, name: string, expr: string): PeerRule => ({
  set,
  name,
  severity,
  hold,
  expr,
});

export const peerRules: readonly PeerRule[] = [
  rule(
    "celery-mixin",
    "warning",
    1,
    "fail rate",
    `sum by (${target}, queue, job_class) (increase(jobqueue_failure_recorded_total[10m])) / on (${target}, job_class) group_left () sum by (${target}, job_class) (increase(jobqueue_class_processed_total[10m])) * 100 > 5`,
  ),
  rule("celery-mixin", "warning", 20, "queue length", `sum by (${target}, queue) (jobqueue_queue_size) > 100`),
  rule(
    "celery-mixin",
    "warning",
    15,
    "worker down",
    `sum by (${target}) (jobqueue_worker_count{state="lost"}) > 0 or sum by (${target}) (jobqueue_worker_count{state="active"}) == 0`,
  ),
  rule(
    "awesome-prometheus-alerts",
    "critical",
    0,
    "latency",
    `max by (${target}) (jobqueue_queue_latency_seconds) > 60`,
  ),
  rule("awesome-prometheus-alerts", "warning", 1, "size", `jobqueue_queue_size > 100`),
  rule("awesome-prometheus-alerts", "warning", 10, "failures", `rate(jobqueue_job_failed_total[5m]) > 0.1`),
  rule(
    "awesome-prometheus-alerts",
    "warning",
    10,
    "saturated",
    `sum by (${target}) (jobqueue_worker_busy) >= sum by (${target}) (jobqueue_worker_slots) * 0.9`,
  ),
  rule("awesome-prometheus-alerts", "critical", 1, "redis down", `queuewatch_target_up == 0`),
  rule(
    "awesome-prometheus-alerts",
    "warning",
    2,
    "redis memory",
    `redis_memory_used_bytes / redis_maxmemory_bytes * 100 > 90 and redis_maxmemory_bytes > 0`,
  ),
  rule(
    "awesome-prometheus-alerts",
    "warning",
    2,
    "redis clients",
    `redis_clients_connected / redis_clients_limit > 0.9`,
  ),
  rule(
    "awesome-prometheus-alerts",
    "critical",
    0,
    "redis rejected",
    `increase(redis_connections_rejected_total[1m]) > 5`,
  ),
  rule(
    "gitlab, older Sidekiq rules",
    "critical",
    30,
    "too large",
    `max by (environment, target, queue) (jobqueue_queue_size) > 50000`,
  ),
  rule(
    "gitlab, older Sidekiq rules",
    "warning",
    15,
    "latency",
    `max by (environment, target) (jobqueue_queue_latency_seconds) > 600`,
  ),
];
