/** Things to do, for runbooks and the incident response plan. */
export interface Procedure {
  readonly title: string;
  readonly steps: readonly string[];
  readonly avoid: readonly string[];
  /** How to see that it worked. */
  readonly verify: string;
}

export const procedures: Readonly<Record<string, Procedure>> = {
  addWorkers: {
    title: "Add workers",
    steps: [
      "See first that what the jobs wait for (database, services, Redis) has room: connections, CPU, locks.",
      "Add a quarter to a half of the present slots, wait five minutes, look again.",
      "Give a flooded or starved queue workers of its own rather than more shared ones.",
    ],
    avoid: ["Do not add workers to a slow database: they make it slower."],
    verify: "Throughput rises and latency falls; mean execution time stays.",
  },
  throttleProducers: {
    title: "Throttle producers",
    steps: [
      "Find the source by class: endpoint, import, schedule, tenant.",
      "Limit or switch off that source: rate limit at the edge, feature flag, disabled schedule.",
      "Only then work off what has come in.",
    ],
    avoid: ["Do not raise limits to get rid of the alert."],
    verify: "Arrivals fall to the usual within minutes.",
  },
  pauseQueue: {
    title: "Pause a queue",
    steps: [
      'Sidekiq Pro and Enterprise: `Sidekiq::Queue.new("NAME").pause!`. Else, and for Resque: start workers without the queue in their list and stop the others gracefully.',
      "Say so in the incident's channel, with the time at which it will be looked at again.",
    ],
    avoid: ["Do not pause without an end: QueuePausedTooLong will remind you."],
    verify: "The queue's running jobs go to 0; its size grows.",
  },
  resumeQueue: {
    title: "Resume a queue",
    steps: [
      "See that the reason for the pause is gone.",
      'Sidekiq Pro and Enterprise: `Sidekiq::Queue.new("NAME").unpause!`; else start the workers with the queue again.',
      "With a large backlog resume with few workers first.",
    ],
    avoid: ["Do not resume at the busiest hour if it can wait."],
    verify: "Latency falls; failures stay as usual.",
  },
  quarantineJobs: {
    title: "Quarantine poisoned jobs",
    steps: [
      "Pause the queue, or stop the workers that serve it.",
      "Copy a sample of payloads to a place that only the incident's people can read.",
      "Move the jobs of the class to a queue that nobody serves, in lots, with a script of the application that a second person has read; count before and after.",
      "Resume the queue.",
    ],
    avoid: [
      "Do not clear the whole queue: real jobs are among them.",
      "Do not paste payloads into chats or tickets: they hold personal data.",
      "Do not run FLUSHDB, FLUSHALL or DEL on a queue.",
    ],
    verify: "The counts add up; failures fall to the usual.",
  },
  requeueSafely: {
    title: "Requeue safely",
    steps: [
      "See that the cause is gone, and that the jobs may run twice and late.",
      "Try one job, then ten, then lots of a hundred, with a look at failures between them.",
      "Sidekiq: retry from the dead set by class. Resque: `Resque::Failure.requeue(index)` for chosen entries.",
    ],
    avoid: ["Do not retry all at once: it is a flood of your own making."],
    verify: "The set shrinks, failures stay as usual.",
  },
  restartWorkers: {
    title: "Restart workers",
    steps: [
      "Ask for quiet first (Sidekiq: TSTP; Resque: USR2 stops taking jobs after the present one), wait for jobs to end, then stop (TERM; Resque: QUIT).",
      "One after the other, each back and giving heartbeats before the next.",
    ],
    avoid: ["Do not kill (KILL) while jobs run: without super_fetch they are lost."],
    verify: "The number of active workers is as usual and none is lost.",
  },
  rollback: {
    title: "Roll back",
    steps: [
      "Compare the beginning with the last deploy mark.",
      "Roll back workers and producers together if job arguments changed.",
    ],
    avoid: ["Do not mend forward under pressure if the way back is known."],
    verify: "Failures and execution times return to the usual within minutes.",
  },
  freeRedisMemory: {
    title: "Make room in Redis",
    steps: [
      "Raise maxmemory if the host has memory, in the file too.",
      "Set `maxmemory-policy noeviction` in a Redis that holds jobs.",
      "Find what holds the memory: queue lengths times payload size, other users' keys.",
      "Move what is not jobs to a Redis of its own.",
    ],
    avoid: ["Never FLUSH. No KEYS *: it stops Redis."],
    verify: "Memory falls below 80 % of the limit, evictions stop.",
  },
  restoreRedis: {
    title: "Bring Redis back",
    steps: [
      "Is a replica in good order? Fail over to it.",
      "Else look at the files first: is there a good snapshot or append-only file? Copy it before any start.",
      "Start, wait for loading to end, then let workers and producers in.",
    ],
    avoid: ["Do not start an empty Redis over the data: the first save would replace it."],
    verify: "`queuewatch check` is green, queue sizes are what they were.",
  },
  restartScheduler: {
    title: "Restart the scheduler",
    steps: [
      "See that only one runs, and which host holds the lock.",
      "Start it; due jobs come all at once, so look at the queues.",
    ],
    avoid: ["Do not delete a lock whose holder may be alive: periodic jobs would run twice."],
    verify: "The lag falls to seconds; schedules run at their next time.",
  },
  restartAgent: {
    title: "Restart queuewatch",
    steps: [
      "Run `queuewatch check` and do what each ✖ says.",
      "Restart it; counts go on from where they were if it has a `state_dir`.",
    ],
    avoid: ["Do not give it a user that may write."],
    verify: "Targets are up on the Agent dashboard, no points are dropped.",
  },
  closeRedis: {
    title: "Close Redis to strangers",
    steps: [
      "Note the addresses of clients that do not belong; keep the list as evidence.",
      "Close the network to them, change the password, give each program an ACL user of its own.",
      "Look for what they wrote: new queues, classes, schedules.",
    ],
    avoid: ["Do not only kill the connections: they come back."],
    verify: "Only known addresses are connected; ACL LOG stays empty.",
  },
  protectEvidence: {
    title: "Keep the evidence",
    steps: [
      "Write down the time of each observation and action, in UTC.",
      "Keep: screenshots or exports of the dashboards, CLIENT LIST, ACL LOG, SLOWLOG, the application's and proxy's logs, a few payloads.",
      "Keep it where the incident's people alone can read it, with a checksum.",
    ],
    avoid: ["Do not restart or delete before it is kept, unless harm goes on."],
    verify: "A second person can find everything from the notes alone.",
  },
  silenceWithEnd: {
    title: "Silence, with an end",
    steps: ["Match alertname, target and queue, nothing wider.", "Give it an end of hours, a name and a reason."],
    avoid: ["Never silence a whole severity or team."],
    verify: "The silence is listed with its end; other alerts still arrive.",
  },
  testChannel: {
    title: "Test a channel",
    steps: [
      "Send a test notification to it and have a person confirm that it came.",
      "See that the dead man's switch still reports.",
    ],
    avoid: ["Do not assume that one channel's success says anything of another."],
    verify: "The person confirmed.",
  },
};
