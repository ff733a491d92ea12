import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { classProcessed, queueSize } from "../../src/catalogue/jobqueue.ts";
import { snapshotCollection } from "../../src/cli/snapshot-collection.ts";
import { renderSnapshots } from "../../src/cli/snapshot-formats.ts";
import { snapshotTable } from "../../src/cli/snapshot-table.ts";
import { columns, painter, shortBytes, shortDuration } from "../../src/cli/terminal.ts";
import { targetView } from "../../src/collect/view.ts";
import { parseConfig } from "../../src/config/load.ts";
import type { QueueState } from "../../src/systems/system.ts";
import { snapshotOf } from "../support/snapshot.ts";

const plain = painter(false);
const config = parseConfig(
  `targets: [{ name: shop, redis: "redis://x", queues: { critical: { latency: { warning: 1s, critical: 10s } } }, workers: { minimum: 3 } }]`,
  { file: "q.yaml", env: {} },
);
const target = config.targets[0] ?? assert.fail();

function queue(name: string, parts: Partial<QueueState> = {}): QueueState {
  const empty = {
    size: 0,
    latency: 0,
    running: 0,
    longestRunning: 0,
    workers: 1,
    slots: 5,
    enqueuedSince: 0,
    dequeuedSince: 0,
  };
  return { queue: name, latencyUncertainty: undefined, paused: false, payloadBytes: undefined, ...empty, ...parts };
}

const full = snapshotOf({
  queues: [
    queue("mail", { size: 7, latency: 65, latencyUncertainty: 2, running: 1, longestRunning: 3.21 }),
    queue("critical", { size: 3, latency: 12, workers: 0, slots: 0, paused: true }),
  ],
  classes: [
    {
      jobClass: "HardJob",
      running: 1,
      longestRunning: 3.2,
      processedSince: 4,
      failedSince: 1,
      durationSince: { counts: [1, 1], sum: 5 },
    },
  ],
  sets: [{ set: "scheduled", size: 8, overdue: 2, lag: 90 }],
  failures: [{ set: "dead", queue: "mail", jobClass: "HardJob", errorType: "IOError", count: 6 }],
  jobs: { processed: 76, failed: 27 },
  workers: {
    ...snapshotOf().workers,
    active: 2,
    lost: 1,
    versions: [{ version: "8.1.7", count: 2 }],
    hosts: [{ host: "web-1", slots: 5, busy: 1, memory: 104_857_600, heartbeatAge: 4.2, redisRtt: undefined }],
  },
  problems: [{ code: "CLOCK_SKEW", message: "a time lies in the future", count: 1 }],
});

describe("a snapshot as tables", () => {
  test("says what was found, in columns", () => {
    const expected = `shop · sidekiq · 2026-01-02 03:04:05 UTC · 76 processed · 27 failed

QUEUE     SIZE    LATENCY  RUNNING  LONGEST  WORKERS  SLOTS
critical     3        12s        0        –        0      0  paused
mail         7  1m05s ±2s        1     3.2s        1      5

SET        SIZE  OVERDUE    LAG
scheduled     8        2  1m30s

WORKERS  2 active of at least 3 · 0 quiet · 1 lost · 2 × 8.1.7
HOST   BUSY  SLOTS   MEMORY  HEARTBEAT
web-1     1      5  100 MiB       4.2s

CLASS    RUNNING  LONGEST  PROCESSED  FAILED  MEAN
HardJob        1     3.2s          4       1  2.5s

FAILURES IN  QUEUE  CLASS    ERROR    JOBS
dead         mail   HardJob  IOError     6

! CLOCK_SKEW: a time lies in the future
`;
    assert.equal(snapshotTable(full, target, plain), expected);
  });

  test("shows broken promises in colour", () => {
    const text = snapshotTable(full, target, painter(true));
    assert.ok(text.includes("\u001b[31m12s\u001b[39m"), "a latency over its critical limit is red");
    assert.ok(text.includes("\u001b[31m2 active of at least 3"), "too few workers are red");
    assert.ok(!text.includes("\u001b[31m1m05s"), "what promises nothing breaks nothing");
  });

  test("of nothing is short", () => {
    assert.equal(
      snapshotTable(snapshotOf(), target, plain),
      "shop · sidekiq · 2026-01-02 03:04:05 UTC\n\nno queues\n\nWORKERS  0 active of at least 3 · 0 quiet · 0 lost\n",
    );
  });

  test("does not let a name forge lines, colours or columns", () => {
    const hostile = queue(`a\nWORKERS  9 active\u001b[2J\u202e${"x".repeat(5_000)}`);
    const lines = snapshotTable(snapshotOf({ queues: [hostile] }), target, plain).split("\n");
    assert.equal(lines.filter((line) => line.startsWith("WORKERS")).length, 1);
    for (const line of lines) {
      assert.ok(line.length < 140);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(line, /[\u0000-\u001f\u202e]/);
    }
  });
});

describe("a snapshot as JSON", () => {
  test("keeps names as they are, and lets none of them act on a terminal", async () => {
    const name = "a\u001b[2J\u202e\u2028\u0085ü\u200b";
    const taken = [{ target, snapshots: [snapshotOf({ queues: [queue(name)] })] }];
    const io = {
      out: () => undefined,
      err: () => undefined,
      env: {},
      version: "1",
      color: true,
      signal: new AbortController().signal,
    };
    const text = await renderSnapshots("json", taken, { config, io });
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u001b\u202e\u2028\u0085\u200b]/);
    const [read] = JSON.parse(text) as { target: string; queues: { queue: string }[] }[];
    assert.deepEqual([read?.target, read?.queues[0]?.queue], ["shop", name]);
  });
});

describe("a snapshot as points", () => {
  const source = { target: "shop", environment: "test", limits: { perMetric: 100, total: 1_000 }, namedQueues: [] };

  test("has counters with what Redis still holds, and each metric once", () => {
    const view = targetView(config, target, "key");
    const resque = snapshotOf({ ...full, system: "resque" });
    const { families } = snapshotCollection([full, resque], { ...source, view }, 1_000);
    assert.equal(new Set(families.map(({ metric }) => metric)).size, families.length);
    const pointsOf = (metric: unknown) => families.find((family) => family.metric === metric)?.points ?? [];
    assert.deepEqual(
      pointsOf(classProcessed).map(({ value, attributes }) => [value, attributes]),
      ["sidekiq", "resque"].map((system) => [
        4,
        { environment: "test", system, target: "shop", "job.class": "HardJob" },
      ]),
    );
    assert.deepEqual(
      pointsOf(queueSize).map(({ value }) => value),
      [7, 3, 7, 3],
    );
  });
});

describe("tables on a terminal", () => {
  test("hold wide characters in their columns", () => {
    const rows = [
      [{ text: "日本" }, { text: "1", right: true }],
      [{ text: "ab" }, { text: "22", right: true }],
    ];
    assert.equal(columns(["NAME", "N"], rows, plain), "NAME   N\n日本   1\nab    22\n");
  });

  const durations: [seconds: number, text: string][] = [
    [0, "0s"],
    [0.04, "0s"],
    [1.26, "1.3s"],
    [59.4, "59s"],
    [59.6, "1m00s"],
    [3_599.7, "1h00m"],
    [7_500, "2h05m"],
    [273_600, "3d04h"],
  ];
  for (const [seconds, text] of durations)
    test(`${seconds} s is ${text}`, () => assert.equal(shortDuration(seconds), text));

  const sizes: [bytes: number, text: string][] = [
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_536, "1.5 KiB"],
    [5 * 1024 ** 3, "5 GiB"],
  ];
  for (const [bytes, text] of sizes) test(`${bytes} bytes are ${text}`, () => assert.equal(shortBytes(bytes), text));
});
