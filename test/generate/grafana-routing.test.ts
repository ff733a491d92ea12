import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { queueInfo, queueLatency, queueLatencyLimit } from "../../src/catalogue/jobqueue.ts";
import { parseGeneratorConfig } from "../../src/config/load.ts";
import { generateAlerting, lockFile } from "../../src/generate/alerting.ts";
import type { GeneratedFile } from "../../src/generate/generator.ts";
import { sample } from "../../src/generate/sample-series.ts";
import { promtoolMissing, testRules, type RuleCase } from "../support/promtool-rules.ts";

const example = `
targets:
  - name: shop
    redis: "\${REDIS_URL}"
    queues:
      charge_old: { size: { critical: 5 } }
      "charge_*": { team: payments }
      "report$*": { team: reporting }
alerting:
  contacts:
    oncall: { pagerduty: { integration_key: "\${PAGERDUTY_KEY}" } }
    chat: { slack: { url: "\${SLACK_URL}" } }
    till: { slack: { url: "\${TILL_URL}" } }
    security: { email: [security@example.com] }
    heart: { webhook: { url: "\${HEART_URL}" } }
  routes:
    critical: [oncall, chat]
    warning: [chat]
    threat: [security, oncall]
    watchdog: [heart]
    teams: { payments: { critical: [till, oncall], warning: [till] }, reporting: { warning: [chat] } }
  times: { office: [{ weekdays: ["monday:friday"], from: "09:00", to: "18:00" }] }
`;
const config = parseGeneratorConfig(example, "queuewatch.yaml");

interface Rule {
  readonly uid: string;
  readonly title: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly data: readonly { readonly model: { readonly expr: string } }[];
  readonly notification_settings?: { readonly receiver: string; readonly repeat_interval: string };
}

function document(files: readonly GeneratedFile[], name: string): Record<string, unknown> {
  const path = `grafana/provisioning/alerting/queuewatch-${name}.json`;
  return JSON.parse(files.find((file) => file.path === path)?.text ?? assert.fail(`no ${path}`));
}

function rulesOf(files: readonly GeneratedFile[]): Rule[] {
  return (document(files, "rules")["groups"] as { rules: Rule[] }[]).flatMap(({ rules }) => rules);
}

suite("Grafana's rules of queues with owners", () => {
  const files = generateAlerting(config, { outputs: ["grafana"] });
  const rules = rulesOf(files);
  const latency = rules.filter(({ title }) => title.startsWith("QueueLatencyPromiseBroken"));
  const receiverOf = (title: string): string | undefined =>
    rules.find((rule) => rule.title === title)?.notification_settings?.receiver;

  test("an owner has a rule of its own where other contacts serve it", () => {
    assert.equal(receiverOf("QueueLatencyPromiseBroken (critical)"), "queuewatch-chat+oncall");
    assert.equal(receiverOf("QueueLatencyPromiseBroken (critical, payments)"), "queuewatch-oncall+till");
    assert.equal(receiverOf("QueueLatencyPromiseBroken (warning, payments)"), "queuewatch-till");
    assert.equal(receiverOf("QueueLatencyPromiseBroken (warning, reporting)"), undefined);
  });

  test("what security is called for, and what has no queue, has no owner", () => {
    const owned = rules.filter(({ title }) => title.endsWith(", payments)"));
    assert.ok(owned.length > 10);
    for (const { title, labels } of owned) {
      assert.equal(labels["team"], "operations", title);
      assert.match(title, /^Queue/);
    }
  });

  test("the owner's rules are remembered, and deleted when the owner is gone", () => {
    const lock = files.find(({ path }) => path === lockFile)?.text ?? assert.fail();
    const uids = latency.filter(({ title }) => title.includes("payments")).map(({ uid }) => uid);
    assert.equal(new Set(uids).size, 2);
    const unowned = parseGeneratorConfig(
      example.replaceAll(", team: payments", "").replaceAll("{ team: payments }", "{}"),
      "q.yaml",
    );
    const gone = document(generateAlerting(unowned, { outputs: ["grafana"], lock }), "rules")["deleteRules"];
    for (const uid of uids) assert.ok((gone as { uid: string }[]).some((one) => one.uid === uid));
  });

  test("one of an owner's queues fires for the owner, every other one for all", { skip: promtoolMissing }, async () => {
    const ruled = latency
      .filter(({ labels }) => labels["severity"] === "critical")
      .map(({ title, data, for: held, labels }) => ({
        alert: title.includes("payments") ? "Owner" : "Everybody",
        expr: data[0]?.model.expr ?? "",
        for: held,
        labels,
        annotations: {},
      }));
    const late = (queue: string): RuleCase["series"] => [
      sample(queueLatencyLimit, { queue, severity: "critical" }, "60x90"),
      sample(queueLatency, { queue }, "300x90"),
    ];
    const owned = [...late("charge_new"), sample(queueInfo, { queue: "charge_new", team: "payments" }, "1x90")];
    const others = [...late("mail"), sample(queueInfo, { queue: "report", team: "reporting" }, "1x90")];
    const fires = (alert: string, series: RuleCase["series"], yes: boolean): RuleCase => ({
      title: `${alert} ${yes}`,
      alert,
      series,
      at: "20m",
      fires: yes ? ["critical"] : [],
    });
    const file = { groups: [{ name: "g", interval: "1m", rules: ruled }] };
    assert.equal(
      await testRules(file, [
        fires("Owner", owned, true),
        fires("Everybody", owned, false),
        fires("Owner", others, false),
        fires("Everybody", others, true),
      ]),
      undefined,
    );
  });

  test("a channel's page says what owners' routes send there", () => {
    const page = generateAlerting(config).find(({ path }) => path === "runbooks/contacts/till.md")?.text ?? "";
    assert.match(page, /- Alerts of the queues of payments, for operations: critical, warning$/m);
    assert.match(page, /Critical alerts arrive here/);
  });

  test("the dead man's switch is heard every 5 minutes", () => {
    const settings = rules.find(({ uid }) => uid === "qw-queuewatch-watchdog-none")?.notification_settings;
    assert.equal(settings?.receiver, "queuewatch-heart");
    assert.equal(settings.repeat_interval, "5m");
  });
});

interface Route {
  readonly receiver: string;
  readonly group_by?: readonly string[];
  readonly object_matchers?: readonly (readonly [string, string, string])[];
  readonly routes?: readonly Route[];
  readonly continue?: boolean;
  readonly active_time_intervals?: readonly string[];
}

/** Grafana's tree as Alertmanager, on which it is built, has it. */
function forAlertmanager({
  receiver,
  group_by,
  object_matchers = [],
  routes = [],
  continue: on = false,
}: Route): object {
  return {
    receiver,
    ...(group_by === undefined ? {} : { group_by }),
    matchers: object_matchers.map(
      ([label, operator, value]) => label + operator + JSON.stringify(value.replaceAll("$$", "$")),
    ),
    continue: on,
    routes: routes.map(forAlertmanager),
  };
}

const receiversIn = ({ receiver, routes = [] }: Route): string[] => [receiver, ...routes.flatMap(receiversIn)];
const treeOf = (text: string): Route => {
  const files = generateAlerting(parseGeneratorConfig(text, "q.yaml"), { outputs: ["grafana"], policyTree: true });
  return (document(files, "policies")["policies"] as Route[])[0] ?? assert.fail();
};

const amtoolMissing = spawnSync("amtool", ["--version"]).error === undefined ? false : "amtool is not on PATH";
suite("Grafana's policy tree, as amtool reads it", { skip: amtoolMissing }, () => {
  const tree = treeOf(example);
  const route = (labels: string): string[] => {
    const folder = mkdtempSync(join(tmpdir(), "tree-"));
    try {
      const file = join(folder, "alertmanager.yaml");
      const receivers = [...new Set(receiversIn(tree))].map((name) => ({ name }));
      writeFileSync(
        file,
        JSON.stringify({ route: { ...forAlertmanager(tree), matchers: undefined, continue: undefined }, receivers }),
      );
      const args = ["config", "routes", "test", `--config.file=${file}`, "app=queuewatch", ...labels.split(" ")];
      const { status, stdout, stderr } = spawnSync("amtool", args, { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      return stdout.trim().split(",").toSorted();
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["team=operations severity=critical", ["queuewatch-chat", "queuewatch-oncall"]],
    ["team=operations severity=warning", ["queuewatch-chat"]],
    ["team=security severity=warning", ["queuewatch-oncall", "queuewatch-security"]],
    ["team=operations severity=none", ["queuewatch-heart"]],
    ["team=operations severity=critical target=shop queue=charge_new", ["queuewatch-oncall", "queuewatch-till"]],
    ["team=operations severity=warning target=shop queue=charge_new", ["queuewatch-till"]],
    ["team=operations severity=critical target=shop queue=charge_old", ["queuewatch-chat", "queuewatch-oncall"]],
    ["team=operations severity=critical target=else queue=charge_new", ["queuewatch-chat", "queuewatch-oncall"]],
    ["team=security severity=critical target=shop queue=charge_new", ["queuewatch-oncall", "queuewatch-security"]],
  ];
  for (const [labels, receivers] of cases) test(labels, () => assert.deepEqual(route(labels), receivers));
});

suite("a warning and its critical level in Grafana's policy tree", () => {
  const team = (tree: Route, receiver: string): Route[] =>
    (tree.routes ?? [])
      .filter(({ object_matchers = [] }) => object_matchers.length === 2 && object_matchers[1]?.[2] === "operations")
      .flatMap(({ routes = [] }) => routes)
      .filter((one) => one.receiver === receiver);

  test("reach a contact by one route that groups by what they share", () => {
    const tree = treeOf(example);
    assert.deepEqual(
      team(tree, "queuewatch-chat").map(({ object_matchers }) => object_matchers),
      [[["severity", "=~", "critical|warning"]]],
    );
    assert.deepEqual(tree.group_by, ["grafana_folder", "alert", "environment", "target"]);
    const rules = rulesOf(generateAlerting(config, { outputs: ["grafana"], policyTree: true }));
    const levels = rules.filter(({ uid }) => uid.startsWith("qw-queue-latency-promise-broken"));
    assert.deepEqual(new Set(levels.map(({ labels }) => labels["alert"])), new Set(["QueueLatencyPromiseBroken"]));
    assert.equal(levels.length, 2, "the tree knows the owners: no rules of their own");
  });

  test("stay apart where one of them is muted", () => {
    const routes = team(treeOf(`${example}  mutes: [{ outside: office, severity: [warning] }]\n`), "queuewatch-chat");
    assert.deepEqual(
      routes.map(({ object_matchers, active_time_intervals }) => [object_matchers?.[0]?.[2], active_time_intervals]),
      [
        ["critical", undefined],
        ["warning", ["office"]],
      ],
    );
  });

  test("every contact point of the tree has one receiver, as far as the root allows", () => {
    const files = generateAlerting(config, { outputs: ["grafana"], policyTree: true });
    const points = document(files, "contact-points")["contactPoints"] as { name: string; receivers: object[] }[];
    assert.deepEqual(
      points.filter(({ receivers }) => receivers.length !== 1).map(({ name }) => name),
      ["queuewatch-chat+oncall"],
    );
  });
});

suite("the message of a group with both levels, as Alertmanager's templates make it", { skip: amtoolMissing }, () => {
  const alert = (severity: string, status: string): object => ({
    status,
    labels: { alert: "QueueGrowing", severity },
    annotations: {},
  });
  const render = (name: string, status: string, alerts: readonly object[], common: object): string => {
    const files = generateAlerting(config, { outputs: ["grafana"] });
    const texts = (document(files, "templates")["templates"] as { template: string }[]).map(({ template }) => template);
    const folder = mkdtempSync(join(tmpdir(), "template-"));
    try {
      writeFileSync(join(folder, "all.tmpl"), texts.join("\n"));
      const data = {
        receiver: "chat",
        status,
        alerts,
        groupLabels: {},
        commonLabels: common,
        commonAnnotations: {},
        externalURL: "",
      };
      writeFileSync(join(folder, "data.json"), JSON.stringify(data));
      const args = [
        "template",
        "render",
        `--template.glob=${folder}/*.tmpl`,
        `--template.text={{ template "${name}" . }}`,
        `--template.data=${folder}/data.json`,
      ];
      const { status: code, stdout, stderr } = spawnSync("amtool", args, { encoding: "utf8" });
      assert.equal(code, 0, stderr);
      return stdout.trim();
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const shared = { alert: "QueueGrowing", target: "shop" };

  test("has the worst severity that fires", () => {
    const both = [alert("warning", "firing"), alert("critical", "firing")];
    assert.equal(render("queuewatch.title", "firing", both, shared), "[FIRING:2] critical: QueueGrowing shop");
    assert.equal(render("queuewatch.urgency", "firing", both, shared), "critical");
    const eased = [alert("warning", "firing"), alert("critical", "resolved")];
    assert.equal(render("queuewatch.chat.title", "firing", eased, shared), "[FIRING] warning: QueueGrowing shop");
  });

  test("says what it is alone", () => {
    const one = [alert("info", "firing")];
    assert.equal(
      render("queuewatch.title", "firing", one, { ...shared, severity: "info" }),
      "[FIRING:1] info: QueueGrowing shop",
    );
    assert.equal(render("queuewatch.urgency", "firing", one, { severity: "critical" }), "critical");
  });
});
