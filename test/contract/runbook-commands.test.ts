import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { alerts } from "../../alerting/alerts.ts";
import { looks } from "../../alerting/commands.ts";
import { parseGeneratorConfig } from "../../src/config/load.ts";
import { runbookPage } from "../../src/generate/runbook.ts";
import { type RedisServer, startRedisServer } from "../support/redis-server.ts";

const config = parseGeneratorConfig(
  `targets: [{ name: shop, redis: "\${REDIS_URL}" }, { name: media, redis: "\${MEDIA_URL}", system: resque, namespaces: ["it's"] }]`,
  "queuewatch.yaml",
);
const pages = alerts.map((alert) => ({ alert, page: runbookPage(alert, config) }));

/** The words of the command lines of all runbooks, without `redis-cli` and as a shell would part them. */
const lines = new Set(
  pages.flatMap(({ page }) => [...page.matchAll(/^redis-cli (.+)$/gm)].map(([, line = ""]) => line)),
);
const words = (line: string): string[] =>
  line.split(" ").map((word) => (word.startsWith("'") ? word.slice(1, -1).replaceAll(`'\\''`, "'") : word));

suite("commands of the runbooks", () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startRedisServer();
    const admin = ["config|get", "client|list", "acl|whoami", "acl|list", "acl|log", "slowlog|get", "latency|latest"];
    const allowed = ["+@read", "-keys", "+ping", "+info", "+lastsave", ...admin.map((name) => `+${name}`)];
    await redis.cli(["ACL", "SETUSER", "reader", "on", "nopass", "~*", "-@all", ...allowed]);
  });
  after(() => redis.stop());
  const asReader = (command: readonly string[]): Promise<string> =>
    redis.cli(["--user", "reader", "--pass", "none", "--no-auth-warning", ...command]);

  test("work for a user who may only read", async () => {
    assert.ok(lines.size > 30);
    for (const line of lines) assert.doesNotMatch(await asReader(words(line)), /NOPERM|\bERR\b/, line);
    assert.match(await asReader(["DEL", "queues"]), /NOPERM/);
  });

  test("never walk through all of a queue, nor through all keys", () => {
    for (const line of lines) assert.doesNotMatch(line, /SAMPLES 0|LRANGE \S+ 0 -1|\bKEYS\b|HGETALL \S*queue:/, line);
  });

  test("change nothing in a console either", () => {
    const consoles = Object.values(looks).flatMap(({ sidekiq, resque }) => [
      ...(sidekiq?.console ?? []),
      ...(resque?.console ?? []),
    ]);
    assert.ok(consoles.length > 10);
    const changes =
      /\.(?:clear|delete\w*|retry\w*|kill\w*|pause!|unpause!|quiet!|stop!|enqueue|requeue|remove\w*|push|prune\w*|unregister\w*|save|set)\b/;
    for (const line of consoles) assert.doesNotMatch(line, changes);
    assert.match('Sidekiq::Queue.new("NAME").clear', changes);
  });
});

suite("the runbooks' pages", () => {
  test("have no heading without a text, and say a command once under each", () => {
    for (const { alert, page } of pages) {
      assert.doesNotMatch(page, /^#+ .*\n+#+ /m, alert.name);
      for (const section of page.split(/^#+ /m)) {
        const commands = [...section.matchAll(/^redis-cli (.+)$/gm)].map(([, line]) => line);
        assert.equal(new Set(commands).size, commands.length, alert.name);
      }
    }
  });

  test("name a threshold only where the alert has one", () => {
    for (const { alert, page } of pages) {
      const named = page.includes(`alerting.thresholds.${alert.name}`);
      assert.equal(named, Object.keys(alert.thresholds).length > 0, alert.name);
    }
  });
});
