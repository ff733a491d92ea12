import { redisMaxmemory, redisMaxmemoryPolicy, redisMemoryUsed } from "../../src/catalogue/redis.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

const labels = [...targetLabels, "policy"] as const;
const risky = q.select(redisMaxmemoryPolicy, { policy: q.not("noeviction") });
const safeBefore = q.presentOverTime(q.range(redisMaxmemoryPolicy, "12h", { policy: "noeviction" }));
const filling = q.above(q.divide(q.select(redisMemoryUsed), q.above(q.select(redisMaxmemory), 0)), 0.6);
const onTarget = q.on(...targetLabels);

export const redisUnsafePolicy = defineAlert({
  name: "RedisUnsafeEvictionPolicy",
  category: "redis",
  team: "operations",
  labels,
  panel: { dashboard: "redis", panel: "policy" },
  levels: [
    { severity: "info", for: "10m", expr: () => whileReadable<(typeof labels)[number]>(risky) },
    {
      severity: "warning",
      for: "2m",
      keepFiring: "10m",
      expr: () =>
        whileReadable<(typeof labels)[number]>(
          q.or(q.and(risky, safeBefore, onTarget), q.and(risky, filling, onTarget)),
        ),
    },
  ],
  summary: (t) => `Redis of ${t.label("target")} may throw jobs away: its policy is ${t.label("policy")}`,
  description: (t) =>
    `maxmemory-policy of ${t.label("target")} is ${t.label("policy")}: when memory is full, Redis deletes keys, and queues are keys.`,
  runbook: {
    meaning: "A job queue needs `noeviction`. A warning where the policy was changed today, or memory is above 60 %.",
    impact: "None until memory is full; then jobs vanish.",
    diagnosis: ["Was the policy changed, or is the Redis shared with a cache?"],
    look: ["redisPolicy", "redisMemory"],
    mitigation: ["Set noeviction, in the configuration file too. Give the cache a Redis of its own."],
    act: ["freeRedisMemory"],
  },
  tests: [
    {
      title: "changed today",
      series: [
        sample(redisMaxmemoryPolicy, { policy: "noeviction" }, "1x20 stale"),
        sample(redisMaxmemoryPolicy, { policy: "allkeys-lru" }, "_x20 1x40"),
      ],
      at: "35m",
      fires: ["info", "warning"],
    },
    {
      title: "as it has always been",
      series: [sample(redisMaxmemoryPolicy, { policy: "allkeys-lru" }, "1x60")],
      at: "35m",
      fires: ["info"],
    },
    { title: "safe", series: [sample(redisMaxmemoryPolicy, { policy: "noeviction" }, "1x60")], at: "35m", fires: [] },
  ],
});
