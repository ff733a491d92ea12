import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { catalogue } from "../../src/catalogue/catalogue.ts";
import { commonAttributes, type Kind } from "../../src/catalogue/metric.ts";
import { prometheusLabel, prometheusName } from "../../src/catalogue/prometheus-name.ts";

/** Computed once by the library that Prometheus itself uses: [kind, name, unit, translated] and [attribute, translated]. */
const table = JSON.parse(readFileSync(new URL("prometheus-names.json", import.meta.url), "utf8")) as {
  metrics: [Kind, string, string, string][];
  labels: [string, string][];
};

test("names are what Prometheus's own translation gives", () => {
  const ours = table.metrics.map(([kind, name, unit]) => [kind, name, unit, prometheusName({ kind, name, unit })]);
  assert.deepEqual(ours, table.metrics);
});

test("labels are what Prometheus's own translation gives", () => {
  const ours = table.labels.map(([attribute]) => [attribute, prometheusLabel(attribute)]);
  assert.deepEqual(ours, table.labels);
});

test("every metric of the catalogue has a valid name of its own", () => {
  const names = catalogue.map(prometheusName);
  for (const name of names) assert.match(name, /^[a-z][a-z0-9_]*$/);
  const series = catalogue.flatMap((metric, index) =>
    metric.kind === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => `${names[index]}${end}`) : [names[index]],
  );
  assert.equal(new Set(series).size, series.length);
  for (const [index, { kind }] of catalogue.entries())
    assert.equal(names[index]?.endsWith("_total"), kind === "counter", names[index]);
});

test("every attribute has a valid label of its own, which Prometheus does not use itself", () => {
  const attributes = new Set(catalogue.flatMap(({ attributes: own, scope }) => [...own, ...commonAttributes[scope]]));
  const labels = [...attributes].map(prometheusLabel);
  assert.equal(new Set(labels).size, attributes.size);
  for (const label of labels) {
    assert.match(label, /^[a-z][a-z0-9_]*$/);
    assert.ok(!["job", "instance", "le", "quantile"].includes(label), label);
  }
});
