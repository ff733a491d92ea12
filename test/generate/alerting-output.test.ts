import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { checkAlertNames } from "../../src/generate/checked-config.ts";
import { parseGeneratorConfig } from "../../src/config/load.ts";
import { generateAlerting, lockFile } from "../../src/generate/alerting.ts";
import { grafanaProblems } from "../../src/generate/grafana-validator.ts";
import { markdownText } from "../../src/generate/markdown.ts";

const example = `
targets:
  - name: shop
    redis: "\${REDIS_URL}"
    queues:
      critical: { latency: { warning: 10s, critical: 60s }, team: payments }
      "a\\"b|c *": { size: { critical: 5 }, team: payments }
alerting:
  contacts:
    oncall: { pagerduty: { integration_key: "\${PAGERDUTY_KEY}" }, purpose: "wakes <!channel> {{ x }} <b>\\n# one" }
    chat: { slack: { url: "\${SLACK_URL}", channel: "#ops$HOME" } }
    security: { email: [security@example.com] }
  routes:
    critical: [oncall, chat]
    warning: [chat]
    threat: [security, oncall]
    teams: { payments: { critical: [chat] } }
  times: { office: [{ weekdays: ["monday:friday"], from: "09:00", to: "18:00", location: Europe/Berlin }] }
  mutes: [{ outside: office, severity: [warning] }]
  thresholds: { QueueGrowing: { floor: 999 } }
  classes: { "Web*.X": { failure_ratio: { warning: 0.5, critical: 0.9 } } }
  disable: [RedisSlow]
`;
const config = parseGeneratorConfig(example, "queuewatch.yaml");
const files = generateAlerting(config, { lock: '{"rules":["qw-gone-warning","someone-else"]}' });
const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? assert.fail(`no ${path}`);
const grafana = (name: string): Record<string, never[]> =>
  JSON.parse(textOf(`grafana/provisioning/alerting/queuewatch-${name}.json`));

interface Rule {
  readonly uid: string;
  readonly notification_settings?: { readonly receiver: string; readonly active_time_intervals?: string[] };
}
const rules = (grafana("rules")["groups"] as { rules: Rule[] }[] | undefined)?.flatMap((group) => group.rules) ?? [];
const rule = (uid: string): Rule => rules.find((one) => one.uid === uid) ?? assert.fail(uid);

suite("routing", () => {
  test("a rule goes to the contacts of its severity and team", () => {
    assert.equal(rule("qw-no-workers-critical").notification_settings?.receiver, "queuewatch-chat+oncall");
    assert.equal(rule("qw-target-flooded-warning").notification_settings?.receiver, "queuewatch-oncall+security");
  });

  test("warnings keep to office hours", () => {
    assert.deepEqual(rule("qw-queue-growing-warning").notification_settings?.active_time_intervals, ["office"]);
    assert.equal(rule("qw-no-workers-critical").notification_settings?.active_time_intervals, undefined);
  });

  test("in the shadow all goes to one contact", () => {
    const shadow = parseGeneratorConfig(`${example}  shadow: security\n`, "queuewatch.yaml");
    const all = generateAlerting(shadow, { outputs: ["grafana"] }).find(({ path }) => path.includes("rules.json"));
    const receivers = new Set([...(all?.text ?? "").matchAll(/"receiver": "([^"]+)"/g)].map(([, name]) => name));
    assert.deepEqual([...receivers], ["queuewatch-security"]);
  });
});

suite("config", () => {
  test("thresholds, classes and switched-off alerts", () => {
    const text = textOf("prometheus/queuewatch.rules.yaml");
    assert.match(text, /usual, 999\)|, 999\)/);
    assert.match(text, /job_class=~"Web\.\*\\\\\.X"/);
    assert.doesNotMatch(text, /RedisSlow/);
  });

  test("alerts and thresholds that there are not are refused, at their places", () => {
    const text = `alerting:
  disable: [RedisSlow, QueueGrowin]
  thresholds:
    QueueGrowing: { flor: 1, floor: 2, xyzzy: 3 }
    Xyzzy: { floor: 1 }
    RedisUnreachable: { ratio: 1 }
`;
    assert.throws(() => parseGeneratorConfig(text, "q.yaml", checkAlertNames), {
      code: "CONFIG_INVALID",
      message: [
        "q.yaml:2:24: alerting.disable[1]: there is no alert `QueueGrowin` (did you mean `QueueGrowing`?)",
        "q.yaml:4:27: alerting.thresholds.QueueGrowing.flor: `QueueGrowing` has no threshold `flor` (did you mean `floor`?)",
        "q.yaml:4:47: alerting.thresholds.QueueGrowing.xyzzy: `QueueGrowing` has no threshold `xyzzy` (it has floor, factor)",
        "q.yaml:5:12: alerting.thresholds.Xyzzy: there is no alert `Xyzzy`",
        "q.yaml:6:32: alerting.thresholds.RedisUnreachable.ratio: `RedisUnreachable` has no threshold `ratio` (it has none)",
      ].join("\n"),
    });
  });

  test("a secret that is no reference is refused, and not shown", () => {
    const plain =
      'alerting: { contacts: { a: { pagerduty: { integration_key: "s3cr3t" } } }, routes: { critical: [a] } }';
    assert.throws(() => parseGeneratorConfig(plain, "q.yaml"), {
      message:
        'q.yaml:1:60: alerting.contacts.a.pagerduty.integration_key: give the secret by reference: "${NAME}" or "file:/path"',
    });
  });
});

suite("secrets and hostile names", () => {
  test("references stay references, in each program's own form", () => {
    assert.match(
      textOf("grafana/provisioning/alerting/queuewatch-contact-points.json"),
      /"integrationKey": "\$\{PAGERDUTY_KEY\}"/,
    );
    assert.match(
      textOf("alertmanager/alertmanager.yaml"),
      /routing_key_file: "\/etc\/alertmanager\/secrets\/PAGERDUTY_KEY"/,
    );
    assert.doesNotMatch(textOf("alertmanager/alertmanager.yaml"), /\$\{/);
  });

  test("a dollar sign is doubled where Grafana interpolates", () => {
    assert.match(textOf("grafana/provisioning/alerting/queuewatch-contact-points.json"), /"#ops\$\$HOME"/);
  });

  test("names are plain text in Markdown", () => {
    assert.doesNotMatch(textOf("runbooks/contacts/oncall.md"), /<!channel>|<b>|^# one/m);
    assert.doesNotMatch(markdownText("[x](http://evil) `a` | b\n# c"), /[[\]`|\n#](?!\d)/);
  });

  test("chats take out what would ping or link", () => {
    assert.match(textOf("grafana/provisioning/alerting/queuewatch-templates.json"), /reReplaceAll/);
  });
});

suite("Grafana's files", () => {
  test("rules that are no more are deleted; rules of others are left alone", () => {
    assert.deepEqual(grafana("rules")["deleteRules"], [{ orgId: 1, uid: "qw-gone-warning" }]);
    assert.ok(JSON.parse(textOf(lockFile)).rules.includes("qw-no-workers-critical"));
  });

  test("the policy tree is written only when asked for", () => {
    assert.ok(!files.some(({ path }) => path.includes("policies")));
    const whole = generateAlerting(config, { outputs: ["grafana"], policyTree: true });
    assert.ok(whole.some(({ path }) => path.endsWith("queuewatch-policies.json")));
    assert.ok(!whole.some(({ text }) => text.includes("notification_settings")));
  });

  const broken: readonly (readonly [string, object, RegExp])[] = [
    ["an interval that the scheduler does not divide", { interval: "15s" }, /multiple of 10 s/],
    ["a group without a folder", { folder: "" }, /folder is empty/],
    ["a rule without a query", { rules: [{ data: [] }] }, /no query/],
    ["a condition that does not exist", { rules: [{ condition: "Z" }] }, /condition does not exist/],
    ["a uid that is too long", { rules: [{ uid: "x".repeat(41) }] }, /uid is not/],
    ["a panel without a dashboard", { rules: [{ panelId: 3 }] }, /only one of dashboard and panel/],
    ["an unknown receiver", { rules: [{ notification_settings: { receiver: "nobody" } }] }, /does not exist/],
    ["a braced variable in an annotation", { rules: [{ annotations: { a: "${HOME}" } }] }, /contains \$\{/],
    [
      "an empty time range",
      { rules: [{ data: [{ refId: "A", datasourceUid: "p", relativeTimeRange: { from: 0, to: 0 } }] }] },
      /time range/,
    ],
  ];
  for (const [title, group, problem] of broken)
    test(`the validator refuses ${title}`, () => {
      const document = { groups: [{ name: "g", folder: "f", interval: "1m", ...group }] };
      assert.match(grafanaProblems([document]).join("\n"), problem);
    });

  test("the validator takes what is right", () => {
    const names = ["rules", "contact-points", "templates", "mute-times"];
    assert.deepEqual(grafanaProblems(names.map(grafana)), []);
  });
});

const amtoolMissing = spawnSync("amtool", ["--version"]).error === undefined ? false : "amtool is not on PATH";
suite("Alertmanager's file, as amtool reads it", { skip: amtoolMissing }, () => {
  const amtool = (...args: readonly string[]): string => {
    const folder = mkdtempSync(join(tmpdir(), "amtool-"));
    try {
      const file = join(folder, "alertmanager.yaml");
      writeFileSync(file, textOf("alertmanager/alertmanager.yaml"));
      const { status, stdout, stderr } = spawnSync(
        "amtool",
        [
          ...args.slice(0, 2),
          ...(args[0] === "check-config" ? [file] : ["test", `--config.file=${file}`]),
          ...args.slice(2),
        ].filter((arg) => arg !== ""),
        { encoding: "utf8" },
      );
      assert.equal(status, 0, stderr);
      return stdout.trim();
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const route = (...labels: readonly string[]): string => amtool("config", "routes", "app=queuewatch", ...labels);

  test("it is valid", () => {
    assert.match(amtool("check-config", ""), /SUCCESS/);
  });

  test("alerts arrive where they should", () => {
    assert.equal(route("severity=critical", "team=operations"), "queuewatch-chat+oncall");
    assert.equal(route("severity=critical", "team=security"), "queuewatch-oncall+security");
    assert.equal(route("severity=critical", "team=operations", "target=shop", "queue=critical"), "queuewatch-chat");
    assert.equal(route("severity=info", "team=operations"), "queuewatch-nobody");
  });
});
