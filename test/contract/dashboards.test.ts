import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { alerts } from "../../alerting/alerts.ts";
import { catalogue } from "../../src/catalogue/catalogue.ts";
import { commonAttributes, type Metric } from "../../src/catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../../src/catalogue/prometheus-name.ts";
import { dashboards, findPanel } from "../../src/generate/dashboards.ts";
import { type DashboardFile, dashboardFiles, type PanelFile } from "../support/grafana-file.ts";
import { checkPromql, promtoolCheck, promtoolMissing } from "../support/promql.ts";
import { selectorsOf } from "../support/promql-selectors.ts";

const root = join(import.meta.dirname, "../..");
const files = dashboardFiles();
const uids = new Set([...files.values()].map(({ uid }) => uid));
const series = new Map(catalogue.flatMap((metric) => seriesNames(metric).map((name) => [name, metric] as const)));

function seriesNames(metric: Metric): string[] {
  const name = prometheusName(metric);
  return metric.kind === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name];
}

function labelsOf(metric: Metric): Set<string> {
  const own = [...commonAttributes[metric.scope], ...metric.attributes].map(prometheusLabel);
  return new Set(metric.kind === "histogram" ? [...own, "le"] : own);
}

const isPanel = ({ type }: PanelFile): boolean => type !== "row";
const queriesOf = (dashboard: DashboardFile): string[] => [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.annotations.list.map(({ expr }) => expr),
];

/** Every data link of a dashboard: of series, and of columns. */
function linksOf({ panels }: DashboardFile): string[] {
  return panels.flatMap(({ fieldConfig }) => [
    ...(fieldConfig?.defaults.links ?? []).map(({ url }) => url),
    ...(fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
      properties
        .filter(({ id }) => id === "links")
        .flatMap(({ value }) => (value as { url: string }[]).map(({ url }) => url)),
    ),
  ]);
}

test("every file of dashboards/ is a dashboard, and every dashboard a file", () => {
  const found = readdirSync(join(root, "dashboards")).filter((name) => name.endsWith(".ts"));
  assert.deepEqual(found.map((name) => basename(name, ".ts")).toSorted(), Object.keys(dashboards).toSorted());
  for (const [name, dashboard] of Object.entries(dashboards)) assert.equal(dashboard.name, name);
});

test("uids are unique and as Grafana takes them", () => {
  assert.equal(uids.size, files.size);
  for (const uid of uids) assert.match(uid, /^[a-zA-Z0-9_-]{1,40}$/);
});

test("the least step is the agent's interval", () => {
  for (const interval of [15, 60]) {
    for (const dashboard of dashboardFiles(interval).values()) {
      const asking = dashboard.panels.filter(({ targets = [] }) => targets.length > 0);
      const dear = asking.filter((panel) => panel.interval === "300s");
      for (const panel of asking.filter((one) => !dear.includes(one))) assert.equal(panel.interval, `${interval}s`);
      assert.ok(dear.length < asking.length / 2);
    }
  }
});

for (const [name, dashboard] of files) {
  describe(`dashboard ${name}`, () => {
    test("says what it is, links to the others, and is not edited by hand", () => {
      assert.equal(dashboard.editable, false);
      assert.equal(dashboard.schemaVersion, 42);
      assert.ok(dashboard.title.startsWith("queuewatch / ") && dashboard.description.length > 40);
      assert.ok(dashboard.tags.includes("queuewatch"));
      assert.deepEqual(
        dashboard.links.map(({ type, tags, keepTime, includeVars, asDropdown, placement }) => ({
          type,
          tags,
          keepTime,
          includeVars,
          asDropdown,
          placement,
        })),
        [
          {
            type: "dashboards",
            tags: ["queuewatch"],
            keepTime: true,
            includeVars: true,
            asDropdown: false,
            placement: undefined,
          },
        ],
      );
    });

    test("ids are unique, and the same when panels move", () => {
      const ids = dashboard.panels.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      assert.ok(ids.every((id) => Number.isSafeInteger(id) && id > 0));
    });

    test("rows are full and nothing overlaps", () => {
      const cells = new Map<string, string>();
      for (const { title, gridPos } of dashboard.panels) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            assert.equal(cells.get(`${x},${y}`), undefined, `${title} lies over another`);
            cells.set(`${x},${y}`, title);
          }
        }
      }
      const height = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
      assert.equal(cells.size, 24 * height);
    });

    test("every panel has a title, a description and units", () => {
      for (const { title, description, type, fieldConfig } of dashboard.panels.filter(isPanel)) {
        assert.ok(title.length > 2);
        assert.ok((description ?? "").length > 20, title);
        if (type !== "alertlist") assert.ok((fieldConfig?.defaults.unit ?? "") !== "", title);
      }
    });

    test("every query is PromQL", () => {
      for (const query of queriesOf(dashboard)) assert.equal(checkPromql(query), undefined);
    });

    test("promtool takes every query", { skip: promtoolMissing }, () => {
      assert.equal(promtoolCheck(queriesOf(dashboard)), undefined);
    });

    test("every metric and label is in the catalogue, counters by their growth and gauges as they are", () => {
      for (const { name: metricName, labels, call, text } of queriesOf(dashboard).flatMap(selectorsOf)) {
        const metric = series.get(metricName);
        assert.ok(metric, `${metricName} is no metric of ours: ${text}`);
        for (const label of labels) assert.ok(labelsOf(metric).has(label), `${metricName} has no ${label}`);
        const grows = call === "rate" || call === "increase";
        assert.equal(grows, metric.kind !== "gauge", `${call ?? "nothing"} of ${metricName}: ${text}`);
      }
    });

    test("nothing depends on the route by which metrics came", () => {
      for (const query of queriesOf(dashboard)) {
        assert.doesNotMatch(query, /\b(?:job|instance|le|otel_scope_name)\s*(?:=~?|!=|!~)/);
      }
    });

    test("legends and tables name labels that their queries carry", () => {
      for (const panel of Object.values(dashboards)
        .filter((one) => one.name === name)
        .flatMap(({ rows }) => rows)
        .flatMap(({ panels }) => panels)) {
        if (panel.kind === "table") {
          for (const { label } of panel.labels)
            for (const { value } of panel.columns) assert.ok(value.labels.includes(label), `${panel.key}: ${label}`);
        } else if ("series" in panel) {
          for (const { value, legend } of panel.series) {
            const named =
              typeof legend === "string" ? [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, one]) => one) : legend;
            for (const label of named) assert.ok(value.labels.includes(label ?? ""), `${panel.key}: ${label}`);
          }
        }
      }
    });

    test("every variable is used, offers all, and is read again", () => {
      const variables = dashboard.templating.list.map(({ name: variable }) => variable);
      const text = JSON.stringify([
        dashboard.panels,
        dashboard.annotations,
        dashboard.templating.list.map(({ query }) => query),
      ]);
      for (const variable of variables) assert.match(text, new RegExp(`\\$\\{?${variable}\\b`), variable);
      const [datasource, ...queries] = dashboard.templating.list;
      assert.deepEqual(
        [datasource?.type, datasource?.name, datasource?.label],
        ["datasource", "datasource", "Data source"],
      );
      for (const { multi, includeAll, refresh, allValue } of queries) {
        assert.deepEqual({ multi, includeAll, refresh }, { multi: true, includeAll: true, refresh: 2 });
        assert.match(allValue ?? "", /^\.[*+]$/);
      }
    });

    test("no query asks for a variable that is not there", () => {
      const known = new Set(dashboard.templating.list.map(({ name: variable }) => variable));
      for (const query of queriesOf(dashboard)) {
        for (const [, variable = ""] of query.matchAll(/"\$(\w+)"/g)) assert.ok(known.has(variable), variable);
      }
    });

    test("links lead to dashboards that exist, with variables that they have", () => {
      const links = linksOf(dashboard);
      for (const link of links) {
        const [, uid = "", query = ""] = /^\/d\/([\w-]+)\?(.*)$/.exec(link) ?? [];
        assert.ok(uids.has(uid), link);
        assert.ok(query.startsWith("${__url_time_range}&${datasource:queryparam}&"), link);
        const target = [...files.values()].find((one) => one.uid === uid);
        const names = target?.templating.list.map(({ name: variable }) => variable) ?? [];
        const given = [...query.matchAll(/(?:\$\{(\w+):queryparam\}|var-(\w+)=)/g)].map(
          ([, kept, filled]) => kept ?? filled,
        );
        for (const variable of given) assert.ok(names.includes(variable ?? ""), `${uid} has no ${variable}`);
        assert.equal(new Set(given).size, given.length, link);
      }
    });
  });
}

test("from a row or a series one comes one level deeper", () => {
  const linked = new Set([...files.values()].flatMap(linksOf).map((link) => /^\/d\/([\w-]+)/.exec(link)?.[1]));
  for (const uid of ["queuewatch-queue", "queuewatch-classes", "queuewatch-workers", "queuewatch-redis"]) {
    assert.ok(linked.has(uid), uid);
  }
});

test("alerts and panels find each other", () => {
  for (const { panel } of alerts) assert.ok(findPanel(panel.dashboard, panel.panel));
  const shown = [...files.values()].flatMap(({ panels }) => panels).filter(({ type }) => type === "alertlist");
  assert.ok(shown.length >= 2);
  for (const { options } of shown) {
    const filter = String(options?.["alertInstanceLabelFilter"]);
    const matchers = [...filter.matchAll(/(\w+)="(\w+)"/g)].map(([, label, value]) => ({ label, value }));
    assert.deepEqual(matchers[0], { label: "app", value: "queuewatch" });
    for (const { label, value } of matchers.slice(1)) {
      assert.equal(label, "team");
      assert.ok(
        alerts.some(({ team }) => team === value),
        filter,
      );
    }
  }
});
