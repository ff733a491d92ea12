/** Rules that people use today, in our own words and with our metric names; thresholds as they are shipped. */
export interface PeerRule {
  readonly set: string;
  readonly name: string;
  readonly severity: "warning" | "critical";
  readonly hold: number;
  readonly expr: string;
}

const target = "environment, system, target";

export const peerRules: readonly PeerRule[] = [
  {
    set: "celery-mixin",
    severity: "warning",
    hold: 1,
    name: "fail rate",
    expr: `sum by (${target}, queue, job_class) (increase(jobqueue_failure_recorded_total[10m])) / on (${target}, job_class) group_left () sum by (${target}, job_class) (increase(jobqueue_class_processed_total[10m])) * 100 > 5`,
  },
  {
    set: "celery-mixin",
    severity: "warning",
    hold: 20,
    name: "queue length",
    expr: `sum by (${target}, queue) (jobqueue_queue_size) > 100`,
  },
  {
    set: "celery-mixin",
    severity: "warning",
    hold: 15,
    name: "worker down",
    expr: `sum by (${target}) (jobqueue_worker_count{state="lost"}) > 0 or sum by (${target}) (jobqueue_worker_count{state="active"}) == 0`,
  },
  {
    set: "awesome-prometheus-alerts",
    severity: "critical",
    hold: 0,
    name: "latency",
    expr: `max by (${target}) (jobqueue_queue_latency_seconds) > 60`,
  },
  { set: "awesome-prometheus-alerts", severity: "warning", hold: 1, name: "size", expr: `jobqueue_queue_size > 100` },
  {
    set: "awesome-prometheus-alerts",
    severity: "warning",
    hold: 10,
    name: "failures",
    expr: `rate(jobqueue_job_failed_total[5m]) > 0.1`,
  },
  {
    set: "awesome-prometheus-alerts",
    severity: "warning",
    hold: 10,
    name: "saturated",
    expr: `sum by (${target}) (jobqueue_worker_busy) >= sum by (${target}) (jobqueue_worker_slots) * 0.9`,
  },
  {
    set: "awesome-prometheus-alerts",
    severity: "critical",
    hold: 1,
    name: "redis down",
    expr: `queuewatch_target_up == 0`,
  },
  {
    set: "awesome-prometheus-alerts",
    severity: "warning",
    hold: 2,
    name: "redis memory",
    expr: `redis_memory_used_bytes / redis_maxmemory_bytes * 100 > 90 and redis_maxmemory_bytes > 0`,
  },
  {
    set: "awesome-prometheus-alerts",
    severity: "warning",
    hold: 2,
    name: "redis clients",
    expr: `redis_clients_connected / redis_clients_limit > 0.9`,
  },
  {
    set: "awesome-prometheus-alerts",
    severity: "critical",
    hold: 0,
    name: "redis rejected",
    expr: `increase(redis_connections_rejected_total[1m]) > 5`,
  },
  {
    set: "gitlab, older Sidekiq rules",
    severity: "critical",
    hold: 30,
    name: "too large",
    expr: `max by (environment, target, queue) (jobqueue_queue_size) > 50000`,
  },
  {
    set: "gitlab, older Sidekiq rules",
    severity: "warning",
    hold: 15,
    name: "latency",
    expr: `max by (environment, target) (jobqueue_queue_latency_seconds) > 600`,
  },
];
