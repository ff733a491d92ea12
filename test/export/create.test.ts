import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema, type Config } from "../../src/config/schema.ts";
import { createDestinations } from "../../src/export/create.ts";
import { collection, count, durations, keptLog, sizes, total } from "../support/collections.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

const t0 = 1_700_000_000_000;

function configOf(otlp: object, rest: object = {}): Config {
  const targets = [{ name: "shop", redis: "redis://127.0.0.1" }];
  return configSchema.parse({ targets, export: { otlp: [otlp] }, ...rest });
}

for (const protocol of ["http/protobuf", "http/json"] as const)
  test(`collections arrive over ${protocol}`, async () => {
    const receiver = await startOtlpReceiver();
    const config = configOf({ endpoint: receiver.url, protocol }, { environment: "test" });
    const { log, lines } = keptLog();
    const [destination] = createDestinations(config, {}, { log, version: "1.2.3" });
    assert.ok(destination);
    destination.offer(
      collection(t0, sizes([3, 0], ["gone"]), total(70), count(5, t0 - 1_000), durations(2, 1, t0 - 500)),
    );
    await destination.close(AbortSignal.timeout(10_000));
    const [request] = receiver.requests;
    assert.equal(request?.path, "/v1/metrics");
    assert.equal(request.headers["content-encoding"], "gzip");
    const points = request.points.map(({ description, resource, ...point }) => {
      assert.ok(description.length > 5);
      assert.equal(resource["service.name"], "queuewatch");
      assert.equal(resource["service.version"], "1.2.3");
      assert.equal(resource["deployment.environment.name"], "test");
      assert.match(resource["service.instance.id"] ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
      return point;
    });
    assert.deepEqual(
      points.map(({ name, kind, value, startMs, noRecordedValue }) => [name, kind, value, startMs, noRecordedValue]),
      [
        ["jobqueue.queue.size", "gauge", 3, undefined, false],
        ["jobqueue.queue.size", "gauge", 0, undefined, false],
        ["redis.uptime", "sum", 70, undefined, false],
        ["jobqueue.job.processed", "sum", 5, t0 - 1_000, false],
        ["jobqueue.class.duration", "histogram", undefined, t0 - 500, false],
        ["jobqueue.queue.size", "gauge", undefined, undefined, true],
      ],
    );
    assert.deepEqual(points[5]?.attributes, { system: "sidekiq", target: "shop", queue: "gone" });
    assert.ok(points.every(({ timeMs }) => timeMs === t0));
    assert.ok(points.every(({ temporality, kind }) => temporality === (kind === "gauge" ? undefined : "cumulative")));
    assert.equal(points[4]?.histogram?.count, 3);
    assert.deepEqual(destination.counts, { produced: 6, delivered: 6, rejected: 0, dropped: 0, queued: 0 });
    assert.deepEqual(lines, []);
    await receiver.close();
  });
