import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { alerts } from "../../alerting/alerts.ts";
import { queueLatency, queueLatencyLimit } from "../../src/catalogue/jobqueue.ts";
import { parseGeneratorConfig } from "../../src/config/load.ts";
import { parseDuration } from "../../src/config/quantities.ts";
import { generateAlerting } from "../../src/generate/alerting.ts";
import { ruleFile } from "../../src/generate/prometheus-rules.ts";
import { renderAlert } from "../../src/generate/rendered-alert.ts";
import { sample } from "../../src/generate/sample-series.ts";
import { promtoolMissing, testRules, type RuleCase } from "../support/promtool-rules.ts";

const contacts = `
  contacts: { oncall: { webhook: { url: "\${ONCALL_URL}" } }, chat: { webhook: { url: "\${CHAT_URL}" } } }
  routes: { critical: [oncall], warning: [chat] }
`;
const config = parseGeneratorConfig(`alerting:\n  escalate_after: 30m\n${contacts}`, "queuewatch.yaml");
const without = parseGeneratorConfig(`alerting:\n${contacts}`, "queuewatch.yaml");
const textOf = (given: typeof config, path: string): string =>
  generateAlerting(given).find((file) => file.path === path)?.text ?? assert.fail(`no ${path}`);

suite("a warning that stands for alerting.escalate_after", () => {
  const promise = alerts.filter(({ name }) => name === "QueueLatencyPromiseBroken");
  const late = (values: string, at: string, fires: RuleCase["fires"]): RuleCase => ({
    title: `${values} at ${at}`,
    alert: "QueueLatencyPromiseBroken",
    series: [
      sample(queueLatencyLimit, { queue: "mailers", severity: "warning" }, "10x120"),
      sample(queueLatencyLimit, { queue: "mailers", severity: "critical" }, "600x120"),
      sample(queueLatency, { queue: "mailers" }, values),
    ],
    at,
    fires,
  });

  test("becomes critical then, and not where it ended in between", { skip: promtoolMissing }, async () => {
    const cases = [
      late("0x10 30x80", "38m", ["warning"]),
      late("0x10 30x80", "45m", ["warning", "critical"]),
      late("0x10 30x20 0x5 30x60", "50m", ["warning"]),
      late("0x10 30x40 0x40", "70m", []),
    ];
    assert.equal(await testRules(ruleFile(promise, config.alerting), cases), undefined);
    const never = late("0x10 30x80", "80m", ["warning"]);
    assert.equal(await testRules(ruleFile(promise, without.alerting), [never]), undefined);
  });

  test("is the same alert, told apart by a label, for every alert with a warning and for no other", () => {
    for (const alert of alerts) {
      const { levels, standing } = renderAlert(alert, config.alerting, "prometheus");
      const warning = levels.find(({ severity }) => severity === "warning");
      assert.equal(standing?.expr, warning?.expr, alert.name);
      if (!standing) continue;
      assert.deepEqual(standing.labels, { ...warning?.labels, severity: "critical", escalated: "yes" });
      const own = parseDuration(warning?.for ?? "") ?? assert.fail(alert.name);
      assert.equal(standing.for, `${own / 60 + 30}m`);
      assert.ok(standing.uid.length <= 40, standing.uid);
      assert.match(standing.annotations["summary"] ?? "", /^A warning stands unattended: ./);
    }
  });

  test("goes to those who are called for critical alerts in Grafana", () => {
    const text = textOf(config, "grafana/provisioning/alerting/queuewatch-rules.json");
    const { groups } = JSON.parse(text) as {
      groups: { rules: { title: string; notification_settings: { receiver: string } }[] }[];
    };
    const standing = groups.flatMap(({ rules }) => rules).filter(({ title }) => title.endsWith("(critical, standing)"));
    assert.equal(
      standing.length,
      alerts.filter(({ levels }) => levels.some(({ severity }) => severity === "warning")).length,
    );
    for (const rule of standing) assert.equal(rule.notification_settings.receiver, "queuewatch-oncall");
  });

  test("is inhibited by the critical level, and stands in the runbook", () => {
    assert.match(textOf(config, "alertmanager/alertmanager.yaml"), /target_matchers:\n\s+- .*\n\s+- .*escalated=.*yes/);
    assert.doesNotMatch(textOf(without, "alertmanager/alertmanager.yaml"), /escalated/);
    assert.match(textOf(config, "runbooks/queue-growing.md"), /a warning that stands \| 35m/);
    assert.doesNotMatch(textOf(without, "runbooks/queue-growing.md"), /a warning that stands/);
  });

  test("has to stand for a minute at least", () => {
    assert.throws(() => parseGeneratorConfig("alerting: { escalate_after: 5s }", "q.yaml"), /at least 1m/);
  });
});
