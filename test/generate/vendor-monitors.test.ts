import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import * as z from "zod";
import { catalogue } from "../../src/catalogue/catalogue.ts";
import { commonAttributes } from "../../src/catalogue/metric.ts";
import { parseGeneratorConfig } from "../../src/config/load.ts";
import { alerts } from "../../alerting/alerts.ts";
import { datadogFiles } from "../../src/generate/datadog-monitors.ts";
import type { GeneratedFile } from "../../src/generate/generator.ts";
import { newRelicFiles } from "../../src/generate/new-relic-conditions.ts";
import { run } from "../support/command-line.ts";

// What the vendors' APIs document; nothing else may stand in the files.
// Datadog: docs.datadoghq.com/api/latest/monitors (v1, "Create a monitor") and monitors/guide/monitor_api_options.
const datadogMonitor = z.strictObject({
  name: z.string().min(1),
  type: z.literal("query alert"),
  query: z.string().regex(/^(?:avg|sum|min|max)\(last_\d+m\):.+ (?:>|>=|<|<=) \d+(?:\.\d+)?$/),
  message: z.string().min(1),
  tags: z.array(
    z
      .string()
      .regex(/^[a-z][a-z0-9_\-:./]*$/)
      .max(200),
  ),
  priority: z.int().min(1).max(5),
  options: z.strictObject({
    thresholds: z.strictObject({ critical: z.number() }),
    notify_no_data: z.boolean(),
    no_data_timeframe: z.int().min(2).optional(),
    include_tags: z.boolean(),
    require_full_window: z.boolean(),
    evaluation_delay: z.int().min(0),
    renotify_interval: z.int().min(1),
  }),
});

// New Relic: docs.newrelic.com/docs/apis/nerdgraph/examples/nerdgraph-api-nrql-condition-alerts, …/create-nrql-alert-conditions
// (windows of 30 s to 120 min, slides that divide them, loss of signal after 30 s to 48 h), …/title-template (256 characters).
const newRelicCondition = z
  .strictObject({
    name: z.string().min(1),
    enabled: z.literal(true),
    description: z.string().min(1).max(4_000),
    titleTemplate: z.string().max(256),
    runbookUrl: z.url().optional(),
    nrql: z.strictObject({
      query: z.string().regex(/^SELECT .+ FROM Metric WHERE metricName IN \('[^;]+'\).*$/),
    }),
    signal: z.strictObject({
      aggregationWindow: z.int().min(30).max(7_200),
      slideBy: z.int().min(30).optional(),
      aggregationMethod: z.literal("EVENT_FLOW"),
      aggregationDelay: z.int().min(0).max(1_200),
      fillOption: z.literal("NONE"),
    }),
    terms: z
      .array(
        z.strictObject({
          threshold: z.number(),
          thresholdDuration: z.int().min(60).max(86_400),
          thresholdOccurrences: z.literal("ALL"),
          operator: z.enum(["ABOVE", "ABOVE_OR_EQUALS", "BELOW", "BELOW_OR_EQUALS"]),
          priority: z.enum(["CRITICAL", "WARNING"]),
        }),
      )
      .min(1)
      .optional(),
    expiration: z.strictObject({
      expirationDuration: z.int().min(30).max(172_800),
      openViolationOnExpiration: z.boolean(),
      closeViolationsOnExpiration: z.boolean(),
    }),
    violationTimeLimitSeconds: z.int().min(300).max(2_592_000),
  })
  .refine(({ terms, expiration }) => terms !== undefined || expiration.openViolationOnExpiration)
  .refine(({ signal: { aggregationWindow, slideBy } }) =>
    slideBy === undefined ? true : slideBy < aggregationWindow && aggregationWindow % slideBy === 0,
  )
  .refine(({ signal, terms = [] }) =>
    terms.every(({ thresholdDuration }) => thresholdDuration % (signal.slideBy ?? signal.aggregationWindow) === 0),
  );

const known = new Map<string, readonly string[]>(
  catalogue.map(({ attributes, name, scope }) => [name, [...commonAttributes[scope], ...attributes]]),
);

/** The attributes of a query must be those of every metric in it. */
function assertKnown(metrics: readonly string[], attributes: readonly string[], query: string): void {
  assert.ok(metrics.length > 0, query);
  for (const metric of metrics)
    for (const attribute of attributes)
      assert.ok(known.get(metric)?.includes(attribute), `${metric} has no ${attribute}: ${query}`);
}

/** Metrics and tags of a query of Datadog's exist; delta sums are counts there, and gauges have no modifier. */
function assertTags(query: string): void {
  const parts = [...query.matchAll(/(?:max|sum):([\w.]+)\{([^}]*)\}(?: by \{([^}]*)\})?(\.as_\w+\(\))?/g)];
  for (const [, metric = "", scope = "", groups = "", modifier] of parts) {
    const filtered = [...scope.matchAll(/([\w.]+):/g)].map(([, tag = ""]) => tag).filter((tag) => tag !== "activejob");
    assertKnown([metric], [...filtered, ...groups.split(",").filter((tag) => tag !== "")], query);
    const kind = catalogue.find(({ name }) => name === metric)?.kind;
    assert.equal(modifier !== undefined, kind === "counter", query);
  }
}

/** What stands in backticks in NRQL are metrics and attributes; counters are summed, gauges are not. */
function assertQuoted(query: string, metrics: readonly string[]): void {
  const quoted = [...query.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name);
  for (const name of quoted)
    assert.ok(
      metrics.includes(name) || metrics.some((metric) => known.get(metric)?.includes(name)),
      `${name}: ${query}`,
    );
  for (const [, aggregate, metric] of query.matchAll(/(\w+)\(`([\w.]+)`\)/g))
    assert.equal(aggregate === "sum", catalogue.find(({ name }) => name === metric)?.kind === "counter", query);
}

const config = parseGeneratorConfig(
  `
environment: production
alerting:
  runbooks_url: https://example.com/runbooks
  contacts:
    oncall: { pagerduty: { integration_key: "\${PAGERDUTY_KEY}" } }
    chat: { slack: { url: "\${SLACK_URL}", channel: "#ops" } }
    security: { email: [security@example.com] }
    hook: { discord: { url: "\${DISCORD_URL}" } }
  routes: { critical: [oncall, hook], warning: [chat], threat: [security] }
  thresholds: { InvalidPayloads: { critical: 7 } }
  disable: [RedisCpuHigh]
`,
  "queuewatch.yaml",
);
const withSettings = parseGeneratorConfig(
  `
targets: [{ name: a, queues: { mail: { team: crm } } }]
alerting:
  contacts: { chat: { slack: { url: "\${SLACK_URL}", channel: "#ops" } }, crm: { email: [crm@example.com] } }
  routes: { critical: [chat], teams: { crm: { critical: [crm] } } }
  times: { night: [{ from: "22:00", to: "24:00" }] }
  mutes: [{ during: night }]
  escalate_after: 4h
`,
  "queuewatch.yaml",
);
const plain = parseGeneratorConfig("{}", "queuewatch.yaml");

const jsonOf = (files: readonly GeneratedFile[]): [string, unknown][] =>
  files.filter(({ path }) => path.endsWith(".json")).map(({ path, text }) => [path.slice(0, -5), JSON.parse(text)]);
const datadog = (from = plain) =>
  new Map(jsonOf(datadogFiles(from)).map(([id, monitor]) => [id, datadogMonitor.parse(monitor)]));
const newRelic = (from = plain) =>
  new Map(jsonOf(newRelicFiles(from)).map(([id, condition]) => [id, newRelicCondition.parse(condition)]));
const pageOf = (files: readonly GeneratedFile[]): string =>
  files.find(({ path }) => path === "README.md")?.text ?? assert.fail("no page");

suite("Datadog's monitors", () => {
  test("every one is what the API takes, asks for metrics and tags that the agent sends, and compares with its threshold", () => {
    for (const from of [plain, config])
      for (const { options, query } of datadog(from).values()) {
        assert.equal(Number(query.split(" ").at(-1)), options.thresholds.critical);
        assert.equal(options.no_data_timeframe !== undefined, options.notify_no_data);
        assertTags(query);
        // Only sums over time make sense of counts (docs: monitors/guide/as-count-in-monitor-evaluations).
        if (query.includes("as_count")) assert.match(query, /^sum\(/);
        assert.equal(query.split("(").length, query.split(")").length);
      }
  });

  const golden: readonly (readonly [string, string])[] = [
    ["redis-unreachable-critical", "max(last_2m):max:queuewatch.target.up{*} by {system,target} <= 0"],
    ["schedule-missed-warning", "min(last_1m):max:jobqueue.schedule.overdue{*} by {system,target,schedule} > 180"],
    [
      "queue-latency-promise-broken-critical",
      "min(last_2m):max:jobqueue.queue.latency{*} by {system,target,queue} - max:jobqueue.queue.latency_limit{severity:critical} by {system,target,queue} > 0",
    ],
    [
      "invalid-payloads-critical",
      "sum(last_10m):sum:jobqueue.payload.invalid{*} by {system,target,queue,error.type}.as_count() > 20",
    ],
    [
      "redis-cpu-high-warning",
      "avg(last_5m):sum:redis.cpu.time{(state:sys OR state:user)} by {system,target}.as_rate() > 0.8",
    ],
    [
      "failure-ratio-high-warning",
      "sum(last_10m):(sum:jobqueue.job.failed{*} by {system,target}.as_count() / sum:jobqueue.job.processed{*} by {system,target}.as_count()) * is_greater(sum:jobqueue.job.processed{*} by {system,target}.as_count(), 29.5) > 0.1",
    ],
    [
      "redis-memory-high-critical",
      "min(last_2m):max:redis.memory.used{*} by {system,target} / cutoff_min(max:redis.maxmemory{*} by {system,target}, 1) > 0.9",
    ],
    [
      "workers-below-minimum-critical",
      "max(last_5m):sum:jobqueue.worker.count{state:active} by {system,target} - (max:jobqueue.worker.minimum{*} by {system,target} * 0.5) <= 0",
    ],
    [
      "queue-unserved-critical",
      "min(last_5m):(max:jobqueue.queue.size{*} by {system,target,queue}) * (1 - is_greater(max:jobqueue.queue.workers{*} by {system,target,queue}, 0)) > 0",
    ],
    [
      "queue-paused-too-long-warning",
      "min(last_15m):(max:jobqueue.queue.size{*} by {system,target,queue}) * is_greater(max:jobqueue.queue.paused{*} by {system,target,queue}, 0.5) > 0",
    ],
    [
      "redis-unsafe-eviction-policy-info",
      "min(last_10m):max:redis.maxmemory_policy{NOT policy:noeviction} by {system,target,policy} >= 0",
    ],
    ["redis-persistence-failing-critical-2", "max(last_10m):max:redis.aof.last_write_ok{*} by {system,target} <= 0"],
    ["agent-silent-critical", "max(last_1m):max:queuewatch.target.up{*} by {system,target} < 0"],
  ];
  for (const [id, query] of golden) test(`${id} is said`, () => assert.equal(datadog().get(id)?.query, query));

  test("an agent that stops sending is told by missing data", () => {
    assert.equal(datadog().get("agent-silent-warning")?.options.no_data_timeframe, 2);
    assert.equal(datadog().get("agent-silent-critical")?.options.no_data_timeframe, 4);
  });

  test("what is left out of a rule is said in the message", () => {
    const { message = "" } = datadog().get("queue-latency-promise-broken-critical") ?? {};
    assert.match(message, /fires as well for queues that are paused/);
    assert.match(message, /nobody serves: see QueueUnserved first/);
    assert.match(message, /no worker is active: see NoWorkers first/);
    assert.match(datadog().get("failure-ratio-high-warning")?.message ?? "", /not compared with what is usual/);
  });

  test("names are template variables, with brackets where they have a dot", () => {
    const { message = "" } = datadog().get("class-failure-ratio-high-warning") ?? {};
    assert.match(message, /of \{\{\[job\.class\]\.name\}\} fail in \{\{target\.name\}\}/);
  });

  test("the config decides on environment, thresholds, contacts and links", () => {
    const monitors = datadog(config);
    const { query, message } = monitors.get("invalid-payloads-critical") ?? assert.fail("left out");
    assert.match(query, /\{environment:production\} by .* > 7$/);
    assert.match(message, /\n\n@security@example\.com$/);
    assert.match(message, /https:\/\/example\.com\/runbooks\/invalid-payloads\.md/);
    const messageOf = (id: string): string => monitors.get(id)?.message ?? "";
    assert.match(messageOf("redis-unreachable-critical"), /\n\n@pagerduty-oncall @webhook-hook$/);
    assert.match(messageOf("redis-unreachable-warning"), /\n\n@slack-ops$/);
    assert.equal(monitors.get("redis-cpu-high-warning"), undefined);
    assert.ok(!JSON.stringify([...monitors.values()]).includes("_KEY}"));
  });

  test("a window is never shorter than two reads", () => {
    const slow = parseGeneratorConfig("interval: 2m", "queuewatch.yaml");
    assert.match(datadog(slow).get("redis-unreachable-warning")?.query ?? "", /^max\(last_4m\)/);
  });
});

suite("New Relic's conditions", () => {
  test("every one is what NerdGraph takes, and asks for metrics and attributes that the agent sends", () => {
    for (const from of [plain, config])
      for (const { nrql, titleTemplate } of newRelic(from).values()) {
        const { query } = nrql;
        const [, names = ""] = /metricName IN \(([^)]*)\)/.exec(query) ?? [];
        const metrics = names.split(", ").map((name) => name.slice(1, -1));
        const [, facets] = / FACET (.*)$/.exec(query) ?? [];
        const facetNames = facets?.split(", ").map((facet) => facet.slice(1, -1)) ?? [];
        assertKnown(metrics, facetNames, query);
        for (const [, tag = ""] of titleTemplate.matchAll(/\{\{tag\.(.*?)\}\}/g))
          assert.ok(facetNames.includes(tag), tag);
        assertQuoted(query, metrics);
      }
  });

  const golden: readonly (readonly [string, string])[] = [
    [
      "redis-unreachable-critical",
      "SELECT latest(`queuewatch.target.up`) FROM Metric WHERE metricName IN ('queuewatch.target.up') FACET `system`, `target`",
    ],
    [
      "queue-size-promise-broken-warning",
      "SELECT latest(`jobqueue.queue.size`) - filter(latest(`jobqueue.queue.size_limit`), WHERE `severity` = 'warning') FROM Metric WHERE metricName IN ('jobqueue.queue.size', 'jobqueue.queue.size_limit') FACET `system`, `target`, `queue`",
    ],
    [
      "redis-cpu-high-critical",
      "SELECT sum(`redis.cpu.time`) / 300 FROM Metric WHERE metricName IN ('redis.cpu.time') AND (`state` = 'sys' OR `state` = 'user') FACET `system`, `target`",
    ],
    [
      "unknown-job-class-warning",
      "SELECT sum(`jobqueue.failure.recorded`) FROM Metric WHERE metricName IN ('jobqueue.failure.recorded') AND (`error.type` = 'NameError' OR `error.type` LIKE 'uninitialized constant%' OR `error.type` = 'ActiveJob::UnknownJobClassError') FACET `system`, `target`, `queue`, `job.class`",
    ],
    [
      "workers-below-minimum-critical",
      "SELECT filter(latest(`jobqueue.worker.count`), WHERE `state` = 'active') - (latest(`jobqueue.worker.minimum`) * 0.5) FROM Metric WHERE metricName IN ('jobqueue.worker.count', 'jobqueue.worker.minimum') FACET `system`, `target`",
    ],
    [
      "redis-unsafe-eviction-policy-info",
      "SELECT latest(`redis.maxmemory_policy`) FROM Metric WHERE metricName IN ('redis.maxmemory_policy') AND `policy` != 'noeviction' FACET `system`, `target`, `policy`",
    ],
  ];
  for (const [id, query] of golden) test(`${id} is said`, () => assert.equal(newRelic().get(id)?.nrql.query, query));

  test("growth is counted over its window, for as long as the rule asks", () => {
    const { signal, terms } = newRelic().get("invalid-payloads-critical") ?? assert.fail("left out");
    assert.deepEqual([signal.aggregationWindow, signal.slideBy], [600, 60]);
    assert.deepEqual(terms?.[0], {
      threshold: 20,
      thresholdDuration: 60,
      thresholdOccurrences: "ALL",
      operator: "ABOVE",
      priority: "CRITICAL",
    });
  });

  test("an agent that stops sending is told by the loss of its signal", () => {
    const { expiration, terms } = newRelic().get("agent-silent-critical") ?? assert.fail("left out");
    assert.equal(terms, undefined);
    assert.deepEqual(expiration, {
      expirationDuration: 240,
      openViolationOnExpiration: true,
      closeViolationsOnExpiration: false,
    });
  });

  test("what is left out of a rule is said in the description", () => {
    const { description = "" } = newRelic().get("queue-latency-promise-broken-warning") ?? {};
    assert.match(description, /About this condition: It fires as well for queues that are paused/);
  });

  test("the config decides on environment, thresholds and links", () => {
    const condition = newRelic(config).get("invalid-payloads-critical");
    assert.match(condition?.nrql.query ?? "", /AND `environment` = 'production' FACET/);
    assert.equal(condition?.terms?.[0]?.threshold, 7);
    assert.equal(condition.runbookUrl, "https://example.com/runbooks/invalid-payloads.md");
  });
});

suite("the pages", () => {
  for (const [vendor, make] of [
    ["Datadog", datadogFiles],
    ["New Relic", newRelicFiles],
  ] as const)
    test(`${vendor}: every level of every alert is made or named as left out, with the reason`, () => {
      const files = make(plain);
      const page = pageOf(files);
      const made = new Set(files.map(({ path }) => path));
      const linked = [...page.matchAll(/\]\(([^)]+\.json)\)/g)].map(([, path]) => path);
      assert.deepEqual(new Set(linked), new Set([...made].filter((path) => path.endsWith(".json"))));
      const titles = jsonOf(files).map(([, json]) => (json as { name: string }).name);
      for (const { name, levels } of alerts)
        for (const { severity } of levels) {
          const said = titles.some((title) => title.startsWith(`queuewatch: ${name} (${severity}`));
          const left = new RegExp(`^\\| ${name} \\| ${severity} \\| It .+\\. \\|$`, "m").test(page);
          assert.ok(said !== left, `${name} ${severity}`);
        }
      assert.match(page, /\| QueueGrowing \| warning \| It compares with its own past\. \|/);
      assert.match(page, /\| AlertRulesFailing \| warning \| It reads metrics that the agent does not send\. \|/);
    });
});

suite("what a vendor is not told", () => {
  const byHand = (files: readonly GeneratedFile[]): string =>
    /## By hand\n\n([^]*?)\n\n## /.exec(files.find(({ path }) => path === "README.md")?.text ?? "")?.[1] ?? "";

  test("stands on its page: settings that it does not carry, and what is to be set up there", () => {
    const [datadogPage, newRelicPage] = [byHand(datadogFiles(withSettings)), byHand(newRelicFiles(withSettings))];
    for (const page of [datadogPage, newRelicPage])
      for (const setting of ["routes.teams", "mutes", "escalate_after", "runbooks_url"])
        assert.match(page, new RegExp(`^- \`alerting\\.${setting}\``, "m"));
    assert.match(datadogPage, /^- Set up in Datadog's integrations: @slack-ops\.$/m);
    assert.match(newRelicPage, /^- `alerting\.contacts` and `alerting\.routes` are left out/m);
  });

  test("and is nothing where the config gives no such setting", () => {
    const linked = parseGeneratorConfig("alerting: { runbooks_url: https://example.com }", "queuewatch.yaml");
    for (const files of [datadogFiles(linked), newRelicFiles(linked)]) assert.equal(byHand(files), "");
  });

  test("is said when it is generated", async () => {
    const dir = await mkdtemp(join(tmpdir(), "queuewatch-by-hand-"));
    after(() => rm(dir, { recursive: true }));
    const { code, err } = await run(["generate", "datadog", "--out", dir], {});
    assert.equal(code, 0);
    assert.match(err, /^Datadog: `alerting\.runbooks_url` is not given/m);
  });
});
