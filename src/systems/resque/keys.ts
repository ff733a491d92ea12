/**
 * Names of Resque's keys under a prefix. Sources: resque lib/resque/data_store.rb (2.x, 3.0), resque-scheduler
 * lib/resque/scheduler/{locking,scheduling_extensions}.rb (4.11, 5.0), node-resque dist/core (9.7.1).
 */
export interface Keys {
  readonly queues: string;
  readonly workers: string;
  readonly heartbeats: string;
  readonly paused: string;
  readonly processed: string;
  readonly failedStat: string;
  readonly failed: string;
  readonly failedQueues: string;
  readonly delayed: string;
  readonly lastEnqueued: string;
  readonly persistentSchedules: string;
  /** Locks that a running scheduler holds, whichever one it is. */
  readonly schedulerLocks: readonly string[];
  queue(name: string): string;
  worker(id: string): string;
  ping(name: string): string;
  delayedAt(timestamp: string): string;
  /** A list of failures, by its name in `failed_queues`. */
  failedList(name: string): string;
}

/** `lockPrefix` is resque-scheduler's RESQUE_SCHEDULER_MASTER_LOCK_PREFIX. */
export function keysUnder(prefix: string, lockPrefix?: string): Keys {
  const key = (name: string) => prefix + name;
  // resque-scheduler puts the namespace before the lock's name, and Redis::Namespace does so once more.
  const master = (name: string) => `${prefix}${prefix}${name}`;
  return {
    queues: key("queues"),
    workers: key("workers"),
    heartbeats: key("workers:heartbeat"),
    paused: key("pause-all-workers"),
    processed: key("stat:processed"),
    failedStat: key("stat:failed"),
    failed: key("failed"),
    failedQueues: key("failed_queues"),
    delayed: key("delayed_queue_schedule"),
    lastEnqueued: key("delayed:last_enqueued_at"),
    persistentSchedules: key("persistent_schedules"),
    schedulerLocks: [
      master("resque_scheduler_master_lock"),
      key("resque_scheduler_master_lock"),
      key("resque_scheduler_leader_lock"),
      ...(lockPrefix ? [master(`${lockPrefix}:resque_scheduler_master_lock`)] : []),
    ],
    queue: (name) => key(`queue:${name}`),
    worker: (id) => key(`worker:${id}`),
    ping: (name) => key(`worker:ping:${name}`),
    delayedAt: (timestamp) => key(`delayed:${timestamp}`),
    failedList: key,
  };
}
