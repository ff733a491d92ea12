/** What the incident response plan says whatever the config is; names of people and channels come from the config. */

export const roles: readonly (readonly [role: string, duty: string])[] = [
  ["Incident lead", "Decides, gives out tasks, keeps the time, declares the end. Does not type commands."],
  ["Operator", "Looks and acts on Redis, workers and queues; says each step before doing it."],
  [
    "Security lead",
    "Leads instead when the cause may be hostile; decides about evidence and about telling authorities.",
  ],
  ["Scribe", "Writes the log: time in UTC, what was seen, what was done, by whom."],
  ["Communicator", "Tells those inside and outside what they need to know, at the times promised."],
];

export const classes: readonly (readonly [name: string, meaning: string, answer: string, update: string])[] = [
  [
    "SEV1",
    "Background work has stopped, jobs are being lost, or an attack is going on.",
    "at once, day and night",
    "every 30 minutes",
  ],
  ["SEV2", "A promise to users is broken, or will be within the hour.", "within 15 minutes", "every hour"],
  ["SEV3", "Unusual and not yet harmful: most warnings.", "the same working day", "when it changes"],
  ["SEV4", "Good to know.", "at the next review", "none"],
];

export const firstSteps: readonly string[] = [
  "Acknowledge the alert, so that others know somebody has it.",
  "Open its dashboard link; look at Overview from the top left to the bottom right.",
  "Give it a class from the table above; when in doubt the higher one. Open a channel and a log for SEV1 and SEV2.",
  "Open the runbook of the alert that stands for the cause: Redis before workers, workers before queues.",
  "Stop the harm first, find the cause second, clean up third.",
];

export interface Scenario {
  readonly title: string;
  readonly signs: readonly string[];
  readonly steps: readonly string[];
  readonly act: readonly string[];
  readonly over: string;
}

export const scenarios: readonly Scenario[] = [
  {
    title: "Backlog",
    signs: ["QueueLatencyPromiseBroken", "QueueLatencyUnusual", "QueueGrowing", "ThroughputLow"],
    steps: ["Tell more work from slower work: arrivals and execution time.", "Protect the queues with promises first."],
    act: ["addWorkers", "throttleProducers", "pauseQueue"],
    over: "latencies are within their promises and falling for half an hour",
  },
  {
    title: "Flood (denial of service)",
    signs: ["TargetFlooded", "SeveralQueuesFlooded", "QueueFlooded", "RedisMemoryHigh"],
    steps: [
      "Call the security lead.",
      "Find and stop the source.",
      "Watch Redis's memory: at 90 % it becomes SEV1.",
      "Keep evidence before the flood is moved aside.",
    ],
    act: ["throttleProducers", "protectEvidence", "quarantineJobs"],
    over: "arrivals are usual for an hour and the source is closed",
  },
  {
    title: "Queue poisoning",
    signs: ["InvalidPayloads", "UnknownJobClass", "ClassFailureSpike", "WorkersCrashLoop"],
    steps: [
      "Call the security lead.",
      "Find out who can write to Redis and who can choose arguments.",
      "Quarantine, close the way in, then clean.",
    ],
    act: ["protectEvidence", "quarantineJobs", "closeRedis"],
    over: "no new invalid payloads or failures for an hour and the way in is closed",
  },
  {
    title: "High failure rate",
    signs: ["FailureRatioHigh", "ClassFailureRatioHigh", "RetriesGrowing", "DeadJobsGrowing"],
    steps: ["One class or many?", "Compare with the last deploy.", "Pause what fails for sure: each try costs."],
    act: ["rollback", "pauseQueue", "requeueSafely"],
    over: "the share of failures is usual and retries shrink",
  },
  {
    title: "Dead workers",
    signs: ["NoWorkers", "WorkersLost", "WorkersBelowMinimum", "QueueUnserved", "JobsPresumedLost"],
    steps: ["Why did they die: memory, deploy, host, network?", "Start replacements.", "Find the jobs they held."],
    act: ["restartWorkers", "addWorkers", "requeueSafely"],
    over: "the usual number of workers is active for half an hour and lost jobs are accounted for",
  },
  {
    title: "Redis trouble",
    signs: ["RedisUnreachable", "RedisMemoryHigh", "RedisEvictingKeys", "RedisPersistenceFailing", "RedisSlow"],
    steps: [
      "Is data being lost right now (evictions, refused writes)? Then SEV1.",
      "Copy the files before any restart.",
    ],
    act: ["restoreRedis", "freeRedisMemory"],
    over: "Redis is reachable, below 80 % of its memory and saves",
  },
  {
    title: "Blind monitoring",
    signs: ["AgentSilent", "AgentLosesData", "NotificationsFailing", "AlertRulesFailing", "CriticalAlertsSilenced"],
    steps: [
      "Put a person at the job system's own pages until sight is back.",
      "Ask whether it was made blind on purpose: who changed what?",
    ],
    act: ["restartAgent", "testChannel", "protectEvidence"],
    over: "the dead man's switch and a test notification arrive",
  },
];

export const messages: readonly (readonly [title: string, text: string])[] = [
  [
    "Inside, first message",
    "INCIDENT [class] [title], since [time UTC]. Effect: [what users notice]. Lead: [name]. Channel: [link]. Next message at [time].",
  ],
  ["Inside, update", "UPDATE [title], [time UTC]. Known: [facts]. Doing: [action, by whom]. Next message at [time]."],
  [
    "Outside, first message",
    "Since [time and zone] [what] is delayed. [What still works.] Nothing needs to be done on your side. Next message by [time].",
  ],
  [
    "Outside, end",
    "[What] works again since [time and zone]. [What was delayed has been made up for / will be by time.] We are sorry for the trouble.",
  ],
  ["End", "CLOSED [title], [time UTC], after [duration]. Cause: [known or supposed]. Review on [date]."],
];

export const reviewTemplate: readonly string[] = [
  "What happened, in three sentences",
  "Effect: who noticed what, for how long, how many jobs late, failed, lost",
  "Time line (UTC): began, first alert, acknowledged, understood, harm stopped, over",
  "Cause, and what let it through",
  "What went well, what did not, where luck helped",
  "Alerts: which came, which should have, which were noise; thresholds to change",
  "Actions: what, by whom, until when",
];

export interface Exercise {
  readonly title: string;
  readonly script: readonly (readonly [minute: string, said: string])[];
  readonly questions: readonly string[];
}

export const exercises: readonly Exercise[] = [
  {
    title: "The import that would not end",
    script: [
      ["0", "TargetFlooded, warning: arrivals are three times the usual. It is Tuesday, 10:40."],
      ["5", "QueueFlooded, critical: the default queue holds 18,000 jobs of one class."],
      ["12", "RedisMemoryHigh, warning: 81 %, full in 50 minutes."],
      ["20", "A colleague says that a customer uploaded a file with two million rows."],
    ],
    questions: [
      "Which class, and who leads?",
      "What do you stop first, and how?",
      "When may the jobs be moved aside, and where is the evidence?",
      "What do you tell the customer?",
    ],
  },
  {
    title: "Something writes here",
    script: [
      ["0", "InvalidPayloads, warning: 4 malformed payloads in the mailers queue. Saturday, 02:10."],
      ["6", "UnknownJobClass, warning: class names nobody knows."],
      ["15", "CLIENT LIST shows an address outside of your networks."],
      ["25", "AlertConfigChanged, info: the routing of alerts was changed."],
    ],
    questions: [
      "Who is woken?",
      "What is kept before anything is closed?",
      "How do you find out what else was written?",
      "Whom must you tell, and by when?",
    ],
  },
  {
    title: "Silence",
    script: [
      ["0", "The dead man's switch stopped an hour ago; the mail about it went to somebody on leave."],
      ["10", "Users report missing mails."],
      ["15", "The job system's own page shows 40,000 jobs waiting and no worker."],
    ],
    questions: [
      "How do you work without dashboards?",
      "What comes first, sight or workers?",
      "Who should have been told of the silence?",
    ],
  },
];
