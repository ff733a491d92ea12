import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { catalogue } from "../../src/catalogue/catalogue.ts";
import { jobProcessed, queueSize } from "../../src/catalogue/jobqueue.ts";
import { commonAttributes } from "../../src/catalogue/metric.ts";
import { prometheusName } from "../../src/catalogue/prometheus-name.ts";
import type { Collection, Family } from "../../src/collect/family.ts";
import { chooseFormat, renderExposition } from "../../src/export/prometheus.ts";
import { collection, common, count, durations, sizes } from "../support/collections.ts";
import { parseExposition } from "../support/exposition.ts";

const classic = (...families: Family[]): string => renderExposition([collection(0, ...families)], "prometheus");

/** One point of every metric, with every attribute. */
const everything: Collection = {
  target: "shop",
  timeMs: 0,
  families: catalogue.map((metric) => {
    const names = [...commonAttributes[metric.scope], ...metric.attributes];
    const value = metric.kind === "histogram" ? { counts: [1, ...metric.bounds.map(() => 1)], sum: 2.5 } : 1.5;
    const attributes = Object.fromEntries(names.map((name) => [name, "x"]));
    return { metric, points: [{ attributes, value, startMs: undefined }], ended: [] };
  }),
};

test("a gauge, a counter and a histogram in the classic format", () => {
  const text = classic(sizes([3, 0.25], ["gone"]), count(1e21, 5), durations(2, 1, 0));
  const lines = text.split("\n");
  assert.deepEqual(lines.slice(0, 6), [
    `# HELP jobqueue_queue_size ${queueSize.help}`,
    "# TYPE jobqueue_queue_size gauge",
    'jobqueue_queue_size{system="sidekiq",target="shop",queue="queue-0"} 3',
    'jobqueue_queue_size{system="sidekiq",target="shop",queue="queue-1"} 0.25',
    `# HELP jobqueue_job_processed_total ${jobProcessed.help}`,
    "# TYPE jobqueue_job_processed_total counter",
  ]);
  assert.equal(lines[6], 'jobqueue_job_processed_total{system="sidekiq",target="shop"} 1e+21');
  const series = '{system="sidekiq",target="shop",job_class="Mailer"';
  assert.ok(lines.includes(`jobqueue_class_duration_seconds_bucket${series},le="+Inf"} 3`));
  assert.ok(lines.includes(`jobqueue_class_duration_seconds_sum${series}} 500.02`));
  assert.ok(lines.includes(`jobqueue_class_duration_seconds_count${series}} 3`));
  assert.ok(!text.includes("gone") && !text.includes('.0"'));
});

test("OpenMetrics puts the suffix on the sample, names units and ends", () => {
  const text = renderExposition([collection(0, count(4, 5), durations(2, 1, 0))], "openmetrics");
  assert.ok(text.startsWith("# HELP jobqueue_job_processed Attempts"));
  assert.ok(text.includes("\n# TYPE jobqueue_job_processed counter\njobqueue_job_processed_total{"));
  assert.ok(text.includes("\n# UNIT jobqueue_class_duration_seconds seconds\n"));
  assert.ok(text.endsWith("\n# EOF\n"));
});

test("targets share one description of a metric; nothing to tell is an empty text", () => {
  const text = renderExposition([collection(0, sizes([1])), collection(0, sizes([1, 2]))], "prometheus");
  assert.equal(text.split("# TYPE").length, 2);
  assert.equal(renderExposition([], "prometheus"), "");
  assert.equal(renderExposition([collection(0, sizes([], ["gone"]))], "openmetrics"), "# EOF\n");
});

for (const format of ["prometheus", "openmetrics"] as const)
  test(`every metric of the catalogue passes a strict parser (${format})`, () => {
    const samples = parseExposition(renderExposition([everything], format), format);
    for (const metric of catalogue) {
      const name = prometheusName(metric) + (metric.kind === "histogram" ? "_count" : "");
      assert.ok(
        samples.some((sample) => sample.name === name),
        name,
      );
    }
  });

test("labels come back as they were, whatever stands in them", () => {
  const name = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\\", '"', "\n", "\r", "{", "}", ",", "\u2028", "#", " ", "\ud800", "é") }),
  );
  fc.assert(
    fc.property(name, fc.double({ noNaN: true, noDefaultInfinity: true }), (queue, value) => {
      const text = classic({
        metric: queueSize,
        points: [{ attributes: { ...common, queue }, value, startMs: undefined }],
        ended: [],
      });
      const [sample] = parseExposition(text, "prometheus");
      assert.deepEqual(sample?.labels, { ...common, queue: queue.toWellFormed() });
      assert.equal(sample.value, value === 0 ? 0 : value);
    }),
  );
});

test("values that are no numbers are left out", () => {
  const text = classic(sizes([Number.NaN, Number.POSITIVE_INFINITY, 1]));
  assert.equal(text.split("\n").filter((line) => line.startsWith("jobqueue")).length, 1);
});

/** Names that promtool's style rules would rather have otherwise: two are the Collector's own, one OpenTelemetry's habit. */
const otherwise = ["jobqueue_worker_count", "redis_db_avg_ttl_milliseconds", "redis_latest_fork_microseconds"];

test("promtool can read it, and finds no other fault", (t) => {
  const hostile = sizes([1]).points.map((point) => ({ ...point, attributes: { ...common, queue: 'a"\\\n{}' } }));
  const more = collection(0, { metric: queueSize, points: hostile, ended: [] });
  const input = renderExposition([everything, more], "prometheus");
  const { error, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  if (error) return t.skip("promtool is not installed; the strict parser above checks the same format");
  const complaints = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
  assert.deepEqual(
    complaints.map((line) => line.split(" ")[0]),
    otherwise,
  );
});

test("the Accept header chooses the format", () => {
  const prometheus3 =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.2";
  assert.equal(chooseFormat(prometheus3), "openmetrics");
  assert.equal(chooseFormat("text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.5"), "prometheus");
  assert.equal(chooseFormat("application/openmetrics-text;q=0"), "prometheus");
  for (const accept of [undefined, "", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", ";;,=,q=1"])
    assert.equal(chooseFormat(accept), "prometheus");
});
