import * as redis from "../src/catalogue/redis.ts";
import type { Mapping } from "../src/generate/dashboard/model.ts";
import { redisClientsHigh } from "../alerting/redis/redis-clients.ts";
import { redisCpu } from "../alerting/redis/redis-cpu.ts";
import { redisMemoryHigh } from "../alerting/redis/redis-memory.ts";
import { redisSlow } from "../alerting/redis/redis-slow.ts";
import { limitsOf } from "../src/generate/dashboard/alert-limit.ts";
import {
  dashboard,
  flaggedAbove,
  labelColumn,
  noneIsGood,
  plain,
  series,
  stat,
  table,
  timeseries,
  worseAbove,
} from "../src/generate/dashboard/panels.ts";
import { targetLabels, targetScope as scope } from "../src/generate/dashboard/queries.ts";
import { above, add, divide, increase, matches, maxBy, minBy, rate, select, sumBy } from "../src/promql/promql.ts";

const byTarget = ["target"] as const;
const now = "$__rate_interval" as const;
const used = select(redis.redisMemoryUsed, scope);
const limit = above(select(redis.redisMaxmemory, scope), 0);
const found = sumBy(rate(redis.redisKeyspaceHits, "5m", scope), byTarget);
const missed = sumBy(rate(redis.redisKeyspaceMisses, "5m", scope), byTarget);
const hits = divide(found, above(add(found, missed), 0));
const well: readonly Mapping[] = [
  { value: 1, text: "OK", color: "green" },
  { value: 0, text: "Failed", color: "red" },
];

export default dashboard({
  name: "redis",
  title: "queuewatch / Redis",
  description: "The Redis that holds the jobs: does it have room, does it lose jobs, is it fast.",
  variables: ["environment", "target", "system"],
  from: "now-6h",
  rows: [
    {
      height: 4,
      panels: [
        stat({
          key: "memory-share",
          title: "Memory, of its limit",
          about: "When memory is full, Redis refuses jobs or throws keys away, as its policy says.",
          width: 4,
          unit: "percentunit",
          decimals: 0,
          thresholds: worseAbove(...limitsOf(redisMemoryHigh)),
          filled: true,
          noValue: "No limit",
          series: [series(maxBy(divide(used, limit), []), "of its limit")],
        }),
        stat({
          key: "policy",
          title: "When memory is full",
          about: "Anything but noeviction can throw jobs away.",
          width: 4,
          unit: "none",
          thresholds: plain,
          text: "name",
          series: [series(maxBy(select(redis.redisMaxmemoryPolicy, scope), ["policy"]), ["policy"])],
        }),
        stat({
          key: "evicted",
          title: "Keys thrown away",
          about: "Because of the memory limit, in the chosen time. Jobs may be among them.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          series: [series(sumBy(increase(redis.redisKeysEvicted, "$__range", scope), []), "evicted")],
        }),
        stat({
          key: "rejected",
          title: "Connections refused",
          about: "Because there are too many clients, in the chosen time.",
          width: 4,
          unit: "short",
          decimals: 0,
          thresholds: noneIsGood,
          series: [series(sumBy(increase(redis.redisConnectionsRejected, "$__range", scope), []), "refused")],
        }),
        stat({
          key: "saved",
          title: "Last save to disk",
          about: "Whether the last snapshot succeeded, anywhere.",
          width: 4,
          unit: "none",
          thresholds: plain,
          mappings: well,
          series: [series(minBy(select(redis.redisRdbLastSaveOk, scope), []), "saved")],
        }),
        stat({
          key: "ping-now",
          title: "Round trip",
          about: "Of a PING from the agent; of several targets the slowest.",
          width: 4,
          shows: redis.redisPingTime,
          thresholds: worseAbove(...limitsOf(redisSlow)),
          series: [series(maxBy(select(redis.redisPingTime, scope), []), "round trip")],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "memory",
          title: "Memory",
          about: "Dashed red: the limit, where there is one.",
          width: 8,
          shows: redis.redisMemoryUsed,
          series: [
            series(used, "{{target}} used", { look: "line" }),
            series(select(redis.redisMemoryRss, scope), "{{target}} resident"),
            series(limit, "{{target}} limit", { look: "critical" }),
          ],
        }),
        timeseries({
          key: "evictions",
          title: "Keys thrown away and expired, per second",
          about: "Thrown away for want of memory; expired is usual.",
          width: 8,
          unit: "short",
          series: [
            series(rate(redis.redisKeysEvicted, now, scope), "{{target}} thrown away", { color: "red" }),
            series(rate(redis.redisKeysExpired, now, scope), "{{target}} expired"),
          ],
        }),
        timeseries({
          key: "clients",
          title: "Clients",
          about: "Blocked ones wait for jobs, which is usual. How many there may be stands below.",
          width: 8,
          shows: redis.redisClientsConnected,
          series: [
            series(select(redis.redisClientsConnected, scope), "{{target}} connected"),
            series(select(redis.redisClientsBlocked, scope), "{{target}} blocked"),
          ],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "cpu",
          title: "CPU, of one core",
          about: "Redis answers on one core: near 100 % it is at its limit.",
          width: 8,
          unit: "percentunit",
          thresholds: worseAbove(...limitsOf(redisCpu)),
          series: [
            series(
              sumBy(rate(redis.redisCpuTime, now, { ...scope, state: matches("sys|user") }), targetLabels),
              byTarget,
            ),
          ],
        }),
        timeseries({
          key: "commands",
          title: "Commands per second",
          about: "Of all clients.",
          width: 8,
          unit: "short",
          draw: "area",
          series: [series(rate(redis.redisCommandsProcessed, now, scope), byTarget)],
        }),
        timeseries({
          key: "network",
          title: "Network",
          about: "Read above, written below zero.",
          width: 8,
          unit: "Bps",
          draw: "area",
          series: [
            series(rate(redis.redisNetInput, now, scope), "{{target}} read"),
            series(rate(redis.redisNetOutput, now, scope), "{{target}} written", { look: "below zero" }),
          ],
        }),
      ],
    },
    {
      height: 8,
      panels: [
        timeseries({
          key: "ping",
          title: "Round trip",
          about: "Of a PING from the agent.",
          width: 6,
          shows: redis.redisPingTime,
          series: [series(select(redis.redisPingTime, scope), byTarget)],
        }),
        timeseries({
          key: "unsaved",
          title: "Changes not yet on disk",
          about: "What a crash would lose, where only snapshots are kept.",
          width: 6,
          shows: redis.redisRdbChanges,
          series: [series(select(redis.redisRdbChanges, scope), byTarget)],
        }),
        table({
          key: "servers",
          title: "Servers",
          about: "One line for each Redis. While it forks to save, it serves nobody.",
          width: 12,
          labels: [
            labelColumn("target", "Target", {
              link: { to: "overview", title: "Open the overview", fill: { target: "Target" } },
            }),
          ],
          columns: [
            { title: "Keys", value: sumBy(select(redis.redisDbKeys, scope), byTarget), shows: redis.redisDbKeys },
            {
              title: "Clients, of limit",
              value: maxBy(
                divide(select(redis.redisClientsConnected, scope), above(select(redis.redisClientsLimit, scope), 0)),
                byTarget,
              ),
              unit: "percentunit",
              decimals: 1,
              thresholds: flaggedAbove(...limitsOf(redisClientsHigh)),
              cell: "background",
              width: 120,
            },
            { title: "Look-ups that hit", value: hits, unit: "percentunit", decimals: 0, width: 130 },
            {
              title: "RSS ratio",
              value: maxBy(select(redis.redisMemoryFragmentationRatio, scope), byTarget),
              unit: "none",
              decimals: 2,
            },
            {
              title: "Last fork",
              value: maxBy(select(redis.redisLatestFork, scope), byTarget),
              shows: redis.redisLatestFork,
            },
            { title: "Replicas", value: maxBy(select(redis.redisReplicasConnected, scope), byTarget), unit: "short" },
          ],
          sort: ["Keys"],
        }),
      ],
    },
  ],
});
