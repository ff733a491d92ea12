import { redisKeysEvicted } from "../../src/catalogue/redis.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

export const redisEvicting = defineAlert({
  name: "RedisEvictingKeys",
  category: "redis",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "redis", panel: "evictions" },
  levels: [
    {
      severity: "critical",
      for: "1m",
      keepFiring: "10m",
      expr: () => whileReadable<(typeof targetLabels)[number]>(q.above(q.increase(redisKeysEvicted, "10m"), 0)),
    },
  ],
  summary: (t) => `Redis of ${t.label("target")} throws keys away: ${t.value("count")} in ten minutes`,
  description: (t) =>
    `Redis evicted ${t.value("count")} keys of ${t.label("target")} in ten minutes. Whole queues may be among them.`,
  runbook: {
    meaning: "Memory is full and the policy allows eviction, so Redis deletes keys. A queue is one key.",
    impact: "Jobs are lost without a trace, thousands at once.",
    diagnosis: ["See policy and memory; which queues shrank without being processed?"],
    look: ["redisPolicy", "redisMemory", "redisEvictions", "queueSize"],
    mitigation: ["Set noeviction at once, then make room. Note what is missing: it must be enqueued again."],
    act: ["freeRedisMemory", "protectEvidence", "requeueSafely"],
  },
  tests: [
    { title: "evicting", series: [sample(redisKeysEvicted, {}, "0x10 5+5x30")], at: "15m", fires: ["critical"] },
    { title: "long ago", series: [sample(redisKeysEvicted, {}, "500x60")], at: "40m", fires: [] },
    { title: "Redis was restarted", series: [sample(redisKeysEvicted, {}, "500x20 0x40")], at: "25m", fires: [] },
  ],
});
