import { redisAofLastWriteOk, redisRdbLastSaveOk } from "../../src/catalogue/redis.ts";
import { defineAlert } from "../../src/generate/alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import * as q from "../../src/promql/promql.ts";
import { targetLabels, whileReadable } from "../scopes.ts";

const failing = () =>
  whileReadable<(typeof targetLabels)[number]>(
    q.or(q.equal(q.select(redisRdbLastSaveOk), 0), q.equal(q.select(redisAofLastWriteOk), 0)),
  );

export const redisPersistence = defineAlert({
  name: "RedisPersistenceFailing",
  category: "redis",
  team: "operations",
  labels: targetLabels,
  panel: { dashboard: "redis", panel: "unsaved" },
  levels: [
    { severity: "warning", for: "1m", keepFiring: "5m", expr: failing },
    { severity: "critical", for: "10m", keepFiring: "5m", expr: failing },
  ],
  summary: (t) => `Redis of ${t.label("target")} cannot write to disk`,
  description: (t) =>
    `The last snapshot or write to the append-only file of ${t.label("target")}'s Redis failed. By default Redis then refuses writes.`,
  runbook: {
    meaning: "Redis cannot persist: disk full, no permission, or no memory to fork.",
    impact:
      "Writes may be refused at once (stop-writes-on-bgsave-error); a restart loses all since the last good save.",
    diagnosis: ["Redis's log says why. Disk full? Memory overcommit off? A read-only volume?"],
    look: ["redisPersistence", "redisMemory"],
    mitigation: ["Make room, then save once by hand and see that it succeeds. Do not restart Redis before."],
    act: ["restoreRedis", "freeRedisMemory"],
  },
  tests: [
    {
      title: "for long",
      series: [sample(redisRdbLastSaveOk, {}, "1x10 0x60")],
      at: "30m",
      fires: ["warning", "critical"],
    },
    { title: "just now", series: [sample(redisAofLastWriteOk, {}, "1x10 0x60")], at: "14m", fires: ["warning"] },
    {
      title: "well",
      series: [sample(redisRdbLastSaveOk, {}, "1x60"), sample(redisAofLastWriteOk, {}, "1x60")],
      at: "30m",
      fires: [],
    },
  ],
});
