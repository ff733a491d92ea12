import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { queueLatency, queueSize } from "../../src/catalogue/jobqueue.ts";
import { redisLatestFork } from "../../src/catalogue/redis.ts";
import { generate } from "../../src/generate/generate.ts";
import { describe } from "../../src/generate/dashboard/description.ts";
import { panelId } from "../../src/generate/dashboard/frame.ts";
import { linkUrl } from "../../src/generate/dashboard/link.ts";
import { resourceDashboard } from "../../src/generate/dashboard/resource.ts";
import { unitOf } from "../../src/generate/dashboard/unit.ts";
import { dashboards, findPanel } from "../../src/generate/dashboards.ts";
import { generateDashboards } from "../../src/generate/grafana-dashboard.ts";
import { select } from "../../src/promql/promql.ts";
import { dashboardFiles } from "../support/grafana-file.ts";

test("units follow from the metric", () => {
  assert.deepEqual([queueSize, queueLatency, redisLatestFork].map(unitOf), ["short", "s", "µs"]);
});

test("a description ends with the definitions of what is shown", () => {
  assert.equal(
    describe("Look here.", [select(queueLatency), select(queueLatency)]),
    "Look here.\n\n- `jobqueue.queue.latency`: Age of the oldest job waiting in the queue; 0 when the queue is empty.",
  );
});

test("a panel's id depends on its key alone", () => {
  assert.equal(panelId("latency"), panelId("latency"));
  assert.notEqual(panelId("latency"), panelId("size"));
  const { dashboardUid, panelId: id, panel } = findPanel("queue", "latency");
  const file = dashboardFiles().get("queue");
  assert.ok(file);
  assert.equal(file.uid, dashboardUid);
  assert.equal(file.panels.find((one) => one.id === id)?.title, panel.title);
  assert.throws(() => findPanel("queue", "no-such-panel"), RangeError);
});

test("a link keeps time and variables and fills in what was clicked, escaped", () => {
  const link = { to: "queue", title: "Open", fill: { target: "Target", queue: "Queue" } } as const;
  assert.equal(
    linkUrl(link, "row"),
    '/d/queuewatch-queue?${__url_time_range}&${datasource:queryparam}&${environment:queryparam}&${system:queryparam}&var-target=${__data.fields["Target"]:percentencode}&var-queue=${__data.fields["Queue"]:percentencode}',
  );
  assert.match(linkUrl(link, "series"), /var-queue=\$\{__field\.labels\.Queue:percentencode\}/);
});

test("asking twice gives the same files, and one answer does not touch the other", () => {
  assert.deepEqual(generateDashboards({ interval: 15 }), generateDashboards({ interval: 15 }));
});

suite("dashboards of dashboard.grafana.app/v2", () => {
  for (const [name, classic] of dashboardFiles()) {
    test(`${name} shows the same panels with the same queries, each once`, () => {
      const { metadata, spec } = resourceDashboard(dashboards[name as keyof typeof dashboards], { interval: 15 });
      assert.equal(metadata.name, classic.uid);
      const panels = classic.panels.filter(({ type }) => type !== "row");
      const queries = Object.values(spec.elements).map((element) => {
        assert.ok(element.kind === "Panel");
        return element.spec.data.spec.queries.map(({ spec: one }) => one.query.spec.expr);
      });
      assert.deepEqual(
        queries,
        panels.map(({ targets = [] }) => targets.map(({ expr }) => expr)),
      );
      assert.ok(spec.layout.kind === "RowsLayout");
      const { rows } = spec.layout.spec;
      const placed = rows.flatMap(({ spec: { layout } }) =>
        layout.kind === "GridLayout" ? layout.spec.items.map(({ spec: item }) => item) : [],
      );
      assert.deepEqual(placed.map(({ element }) => element.name).toSorted(), Object.keys(spec.elements).toSorted());
      assert.ok(placed.every(({ y }) => y >= 0));
      assert.equal(spec.variables.length, classic.templating.list.length);
      assert.doesNotMatch(JSON.stringify(spec), /placement":"inControlsMenu|_implementsDataqueryVariant/);
    });
  }
});

suite("queuewatch generate grafana", () => {
  const run = async (yaml: string, format?: string) => {
    const directory = mkdtempSync(join(tmpdir(), "generate-"));
    try {
      const config = join(directory, "queuewatch.yaml");
      writeFileSync(config, yaml);
      const said: string[] = [];
      const io = {
        out: (text: string) => void said.push(text),
        err: () => undefined,
        env: {},
        color: false,
        version: "0.0.0",
        signal: new AbortController().signal,
      };
      const out = join(directory, "out");
      const code = await generate({ what: "grafana", config, out, format, policyTree: false }, io);
      const files = readdirSync(out, { recursive: true, encoding: "utf8" });
      const overview = readFileSync(join(out, "overview.json"), "utf8");
      const source = readFileSync(join(out, "provisioning/datasources/queuewatch.yaml"), "utf8");
      return { code, said: said.join(""), files, overview, source };
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  test("writes dashboards, provider and data source, for the slowest target's interval", async () => {
    const { code, files, overview, source } = await run(
      'interval: 30s\ntargets:\n  - { name: shop, redis: "${REDIS_URL}" }\n  - { name: media, interval: 60s }\n',
    );
    assert.equal(code, 0);
    for (const name of Object.keys(dashboards)) assert.ok(files.includes(`${name}.json`));
    assert.ok(files.includes("provisioning/dashboards/queuewatch.yaml"));
    assert.match(overview, /"interval": "60s"/);
    assert.equal(JSON.parse(source).datasources[0].jsonData.timeInterval, "60s");
  });

  test("colours by the config's thresholds of alerts", async () => {
    const failing = { mode: "absolute", steps: [] as unknown[] };
    for (const [yaml, warning, critical] of [
      ["interval: 15s\n", 0.1, 0.3],
      ["alerting: { thresholds: { FailureRatioHigh: { warning: 0.01, critical: 0.02 } } }\n", 0.01, 0.02],
    ] as const) {
      failing.steps = [
        { value: null, color: "green" },
        { value: warning, color: "orange" },
        { value: critical, color: "red" },
      ];
      const { overview } = await run(yaml);
      const { panels } = JSON.parse(overview) as { panels: { title: string; fieldConfig: { defaults: object } }[] };
      const panel = panels.find(({ title }) => title === "Failing attempts");
      assert.deepEqual(Reflect.get(panel?.fieldConfig.defaults ?? {}, "thresholds"), failing);
      assert.match((await run(yaml, "v2")).overview, new RegExp(`"value": ${critical}\\b`));
    }
  });

  test("writes resources when asked for", async () => {
    const { overview } = await run("interval: 15s\n", "v2");
    assert.equal(JSON.parse(overview).apiVersion, "dashboard.grafana.app/v2");
  });

  test("needs a folder, and a format that it knows", async () => {
    await assert.rejects(run("interval: 15s\n", "v3"), { code: "USAGE" });
  });
});
