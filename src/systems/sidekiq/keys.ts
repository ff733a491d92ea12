/**
 * Names of Sidekiq's keys under a prefix (empty, or a namespace of Sidekiq 6). Sources: sidekiq lib/sidekiq/{client,
 * launcher,api,metrics/tracking,metrics/shared,deploy}.rb, 6.4.1 to 8.1.7; Pro and Enterprise: their wiki.
 */
export interface Keys {
  readonly queues: string;
  readonly processes: string;
  readonly paused: string;
  readonly processed: string;
  readonly failed: string;
  readonly schedule: string;
  readonly retry: string;
  readonly dead: string;
  /** Enterprise: held by the process that enqueues periodic jobs. */
  readonly leader: string;
  queue(name: string): string;
  process(identity: string): string;
  /** Jobs being executed; up to 6.4.1 under another name. */
  work(identity: string): string;
  oldWork(identity: string): string;
  /** Pro's super_fetch: jobs that a process holds of a queue. */
  held(identity: string, queue: string): string;
  /** Deploy marks of a day. */
  marks(ms: number): string;
}

export function keysUnder(prefix: string): Keys {
  const key = (name: string) => prefix + name;
  return {
    queues: key("queues"),
    processes: key("processes"),
    paused: key("paused"),
    processed: key("stat:processed"),
    failed: key("stat:failed"),
    schedule: key("schedule"),
    retry: key("retry"),
    dead: key("dead"),
    leader: key("dear-leader"),
    queue: (name) => key(`queue:${name}`),
    process: key,
    work: (identity) => key(`${identity}:work`),
    oldWork: (identity) => key(`${identity}:workers`),
    held: (identity, queue) => key(`queue:sq|${identity}|${queue}`),
    marks: (ms) => key(`${new Date(ms).toISOString().slice(0, 10).replaceAll("-", "")}-marks`),
  };
}

const hex = "[0-9a-f]".repeat(12);

/** Key patterns as Redis ACLs write them. `workers` is Resque's: looked at to tell whose the other keys are. */
export function keyPatterns(prefix: string): string[] {
  const patterns = [
    ["queues", "queue:*", "paused", "processes", "stat:*", "schedule", "retry", "dead", "dear-leader", "workers"],
    [`*:*:${hex}`, `*:*:${hex}:work`, `*:*:${hex}:workers`],
    ["j|*", "h|*", "*-[0-3][0-9]-[0-2][0-9]:*", "[0-9]*-marks"],
    ["cron_jobs*", "cron_job:*", "schedules", "sidekiq-scheduler:*"],
  ];
  return patterns.flat().map((pattern) => prefix + pattern);
}
