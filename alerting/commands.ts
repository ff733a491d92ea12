/** Read-only ways to look at a system, for runbooks. `{prefix}` is the target's key prefix, `{queue}` a queue's name. */
export interface Look {
  readonly title: string;
  /** For every system: redis-cli commands. */
  readonly redis?: readonly string[];
  readonly sidekiq?: { readonly redis?: readonly string[]; readonly console?: readonly string[] };
  readonly resque?: { readonly redis?: readonly string[]; readonly console?: readonly string[] };
  readonly shell?: readonly string[];
}

export const looks: Readonly<Record<string, Look>> = {
  queueSize: {
    title: "How many jobs wait",
    sidekiq: {
      redis: ["SMEMBERS {prefix}queues", "LLEN {prefix}queue:{queue}"],
      console: ["Sidekiq::Queue.all.map { |q| [q.name, q.size, q.latency] }"],
    },
    resque: {
      redis: ["SMEMBERS {prefix}queues", "LLEN {prefix}queue:{queue}"],
      console: ["Resque.queues.map { |q| [q, Resque.size(q)] }"],
    },
  },
  queueHead: {
    title: "Which classes wait, those at the head first (shows arguments: do not paste it into chats)",
    sidekiq: {
      redis: ["LRANGE {prefix}queue:{queue} -5 -1"],
      console: ['Sidekiq::Queue.new("{queue}").first(50).map(&:display_class).tally # the newest 50'],
    },
    resque: {
      redis: ["LRANGE {prefix}queue:{queue} 0 4"],
      console: ['Resque.peek("{queue}", 0, 50).map { |j| j["class"] }.tally # the next 50'],
    },
  },
  queueWorkers: {
    title: "Who serves the queue",
    sidekiq: { console: ["Sidekiq::ProcessSet.new.map { |p| [p.identity, p.queues] }"] },
    resque: { console: ["Resque.workers.map { |w| [w.to_s, w.queues] }"] },
  },
  pausedQueues: {
    title: "Which queues are paused",
    sidekiq: { redis: ["SMEMBERS {prefix}paused"], console: ["Sidekiq::Queue.all.select(&:paused?).map(&:name)"] },
  },
  workers: {
    title: "Which workers are there, and since when their last heartbeat is",
    sidekiq: {
      redis: ["SCARD {prefix}processes", "SMEMBERS {prefix}processes"],
      console: [
        "Sidekiq::ProcessSet.new.map { |p| [p.identity, Time.now.to_f - p['beat'], p['busy'], p['concurrency']] }",
      ],
    },
    resque: {
      redis: ["SMEMBERS {prefix}workers", "HGETALL {prefix}workers:heartbeat"],
      console: ["Resque.workers.map { |w| [w.to_s, w.state, w.heartbeat] }"],
    },
  },
  workerJobs: {
    title: "What runs right now, the longest first",
    sidekiq: {
      console: [
        "Sidekiq::WorkSet.new.map { |process, _, work| [work.run_at, process, work.queue, work.job.klass] }.sort_by(&:first).first(20)",
      ],
    },
    resque: {
      console: [
        'Resque.working.map { |w| [w.job["run_at"], w.to_s, w.job.dig("payload", "class")] }.sort_by { |a| a[0].to_s }.first(20)',
      ],
    },
  },
  retrySet: {
    title: "What waits for a retry",
    sidekiq: {
      redis: ["ZCARD {prefix}retry"],
      console: [
        "Sidekiq::RetrySet.new.first(500).map { |j| [j.display_class, j['error_class']] }.tally.sort_by { |_, n| -n }.first(10)",
      ],
    },
    resque: { redis: ["ZCARD {prefix}delayed_queue_schedule"] },
  },
  deadSet: {
    title: "What was given up",
    sidekiq: {
      redis: ["ZCARD {prefix}dead"],
      console: [
        "Sidekiq::DeadSet.new.first(500).map { |j| [j.display_class, j['error_class']] }.tally.sort_by { |_, n| -n }.first(10)",
      ],
    },
    resque: { redis: ["LLEN {prefix}failed"] },
  },
  failedList: {
    title: "What failed last",
    sidekiq: { redis: ["ZCARD {prefix}retry", "ZCARD {prefix}dead"] },
    resque: {
      redis: ["LLEN {prefix}failed"],
      console: [
        'Resque::Failure.all([Resque::Failure.count - 50, 0].max, 50).map { |f| [f.dig("payload", "class"), f["exception"]] }.tally',
      ],
    },
  },
  scheduledSet: {
    title: "What is due, and for how long",
    sidekiq: { redis: ["ZCARD {prefix}schedule", "ZRANGE {prefix}schedule 0 0 WITHSCORES"] },
    resque: { redis: ["ZRANGE {prefix}delayed_queue_schedule 0 0 WITHSCORES"] },
  },
  schedules: {
    title: "Who schedules, and what",
    sidekiq: {
      redis: ["SMEMBERS {prefix}cron_jobs", "GET {prefix}dear-leader"],
      console: ["Sidekiq::Cron::Job.all.map { |j| [j.name, j.cron, j.status, j.last_enqueue_time] }"],
    },
    resque: { redis: ["GET {prefix}resque_scheduler_master_lock", "TTL {prefix}resque_scheduler_master_lock"] },
  },
  counters: {
    title: "Totals of processed and failed: read twice, a minute apart",
    redis: ["GET {prefix}stat:processed", "GET {prefix}stat:failed"],
  },
  redisPing: { title: "Does Redis answer, and how fast", redis: ["PING", "INFO server"] },
  redisMemory: { title: "Redis's memory", redis: ["INFO memory", "MEMORY USAGE {prefix}queue:{queue}"] },
  redisPolicy: { title: "What Redis does when memory is full", redis: ["CONFIG GET maxmemory*"] },
  redisEvictions: { title: "What was evicted", redis: ["INFO stats"] },
  redisClients: { title: "Who is connected (shows addresses)", redis: ["INFO clients", "CLIENT LIST"] },
  redisAcl: { title: "Who may do what", redis: ["ACL WHOAMI", "ACL LIST", "ACL LOG 10"] },
  redisPersistence: { title: "Persistence", redis: ["INFO persistence", "LASTSAVE"] },
  redisSlowlog: { title: "Slow commands", redis: ["SLOWLOG GET 20", "LATENCY LATEST", "INFO commandstats"] },
  agentCheck: { title: "Ask the agent", shell: ["queuewatch check --config queuewatch.yaml"] },
  agentMetrics: {
    title: "The agent's own numbers",
    shell: ["curl -s http://127.0.0.1:9464/metrics | grep ^queuewatch_"],
  },
};
