import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/agent.ts";
import { startRedisServer, type RedisServer } from "../support/redis-server.ts";
import { startAlertChain, type AlertChain } from "./support/alert-chain.ts";
import type { HeldAlert } from "./support/alertmanager.ts";
import type { Channels } from "./support/channels.ts";
import { saysWhenAndWhere } from "./support/message-text.ts";

// What is between a firing rule and its message: times at which nothing is sent, and an Alertmanager that is killed.

describe("the delivery of alerts", () => {
  const started = new AsyncDisposableStack();
  const begun = Date.now();
  let shop: RedisServer;
  let mail: RedisServer;
  let chain: AlertChain;

  before(async () => {
    shop = await startRedisServer(["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"]);
    started.defer(() => shop.stop());
    mail = await startRedisServer();
    started.defer(() => mail.stop());
    chain = await startAlertChain(started, {
      targets: [
        { name: "shop", system: "sidekiq", redis: shop.url },
        { name: "mail", system: "sidekiq", redis: mail.url },
      ],
      groups: ["oncall", "desk", "readers", "security"],
      alerting: alerting({ freeze: here, office: there }),
      rules: "a minute is a second",
    });
  });

  after(() => started.disposeAsync());

  const held = async (name: string, is: (alert: HeldAlert) => boolean): Promise<void> =>
    eventually(`${name} in Alertmanager`, async () => (await chain.alertmanager.alerts(name)).some(is));
  const told = (group: string, text: string) =>
    chain.channels.messages(group).filter((message) => message.text.includes(text));

  test("nothing is sent during a mute, by the clock of its zone, and it is once the mute is not now", async () => {
    await held("RedisUnsafeEvictionPolicy", ({ status }) => status.mutedBy.includes("freeze"));
    assert.deepEqual(told("readers", "RedisUnsafeEvictionPolicy"), []);
    await chain.rerouted(alerting({ freeze: there, office: there }));
    for (const message of await chain.received("readers", "firing", /RedisUnsafeEvictionPolicy/))
      await saysWhenAndWhere(message, chain.generated, begun);
  });

  test("nothing is sent outside of the times that alone are for it, and it is within", async () => {
    // The other configuration of the test before is what this alert is about.
    await held("AlertConfigChanged", ({ status }) => status.mutedBy.includes("office"));
    assert.deepEqual(told("security", "AlertConfigChanged"), []);
    await chain.rerouted(alerting({ freeze: there, office: here }));
    for (const message of await chain.received("security", "firing", /AlertConfigChanged/))
      await saysWhenAndWhere(message, chain.generated, begun);
  });

  test("what fires while Alertmanager is down is told when it is back, and that it was down", async () => {
    mail.kill("SIGKILL");
    await chain.received("oncall", "firing", redisUnreachable("mail"));
    const saved = await chain.alertmanager.metric("alertmanager_nflog_maintenance_total");
    await eventually("what was sent is on disk", async () => {
      return (await chain.alertmanager.metric("alertmanager_nflog_maintenance_total")) >= saved + 2;
    });
    await chain.alertmanager.kill();
    shop.kill("SIGKILL");
    for (const labels of ['alertname="RedisUnreachable",target="shop"', 'alertname="NotificationsFailing"']) {
      const firing = `ALERTS{${labels},alertstate="firing"}`;
      await eventually(firing, async () => (await chain.prometheus.query(firing)).length > 0);
    }
    await chain.alertmanager.restart();
    for (const message of await chain.received("oncall", "firing", redisUnreachable("shop")))
      await saysWhenAndWhere(message, chain.generated, begun);
    for (const message of await chain.received("desk", "firing", /Notifications by prometheus fail/))
      await saysWhenAndWhere(message, chain.generated, begun);
  });

  test("what was told before it was killed is not told again", async () => {
    await held("RedisUnreachable", ({ labels }) => labels["target"] === "mail" && labels["severity"] === "critical");
    const asked = await chain.alertmanager.metric("alertmanager_nflog_queries_total");
    // Each flush of a group asks its log for each of its four contacts whether it was told.
    await eventually("more flushes", async () => {
      return (await chain.alertmanager.metric("alertmanager_nflog_queries_total")) >= asked + 40;
    });
    const again = chain.channels
      .messages("oncall")
      .filter(({ status, text }) => status === "firing" && redisUnreachable("mail").test(text));
    assert.deepEqual(again.map(({ channel }) => channel).toSorted(), ["mail", "pagerduty", "slack", "webhook"]);
  });

  test("and its end is told by Prometheus through the new Alertmanager", async () => {
    await mail.restart();
    await chain.received("oncall", "resolved", redisUnreachable("mail"));
  });
});

const redisUnreachable = (target: string): RegExp =>
  new RegExp(`critical[^]*${target} cannot be read|${target} cannot be read[^]*critical`);

interface Clock {
  readonly from: string;
  readonly to: string;
  readonly location: string;
}

/** Info about operations is muted during `freeze`, info about security is sent within `office` only. */
const alerting =
  (times: Readonly<Record<"freeze" | "office", Clock>>) =>
  ({ of }: Channels) => ({
    routes: { critical: of("oncall"), warning: of("desk"), info: of("readers"), threat: of("security") },
    times: { freeze: [times.freeze], office: [times.office] },
    mutes: [
      { during: "freeze", severity: ["info"], team: "operations" },
      { outside: "office", severity: ["info"], team: "security" },
    ],
  });

const minutesIn = (timeZone: string): number => {
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const [hours = 0, minutes = 0] = clock.format(new Date()).split(":").map(Number);
  return hours * 60 + minutes;
};

/** At least five hours from UTC, where midnight is far: a clock read in UTC would be wrong by more than the window. */
const location =
  ["Asia/Kolkata", "Asia/Tokyo", "Pacific/Honolulu"].find((zone) => {
    const minutes = minutesIn(zone);
    return minutes > 150 && minutes < 1_290;
  }) ?? assert.fail("midnight is near everywhere");

/** Two hours about a time of day. */
function about(minutes: number): Clock {
  const at = (minute: number): string =>
    [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
  return { from: at(Math.max(0, minutes - 60)), to: at(Math.min(1_440, minutes + 60)), location };
}

/** Now in the zone, and what the clock shows in UTC, which in the zone is another time. */
const here = about(minutesIn(location));
const there = about(minutesIn("UTC"));
