import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { eventually, startAgent } from "../support/agent.ts";
import { startOtlpReceiver, type Answer, type ReceivedRequest } from "../support/otlp-receiver.ts";
import { startRedisServer } from "../support/redis-server.ts";
import { program } from "./programs.ts";
import { shippedConfigs, startCollector } from "./support/collector.ts";

// The shipped Collector configurations in the real Collector, before receivers that refuse what the vendors document that
// they refuse.

const run = promisify(execFile);
const storage = { OTELCOL_STORAGE: "/nonexistent" };

interface Vendor {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Sends to the receiver instead; nothing else is changed. */
  readonly exporter: (url: string) => Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly header: readonly [name: string, value: string];
  readonly maxBytes: number;
  readonly temporality: "delta" | "cumulative";
}

const vendors: readonly Vendor[] = [
  {
    name: "datadog",
    env: { DD_API_KEY: "key-of-datadog" },
    exporter: (url) => ({ "otlp_http/datadog": { metrics_endpoint: `${url}/v1/metrics` } }),
    path: "/v1/metrics",
    header: ["dd-api-key", "key-of-datadog"],
    maxBytes: 5_000_000,
    temporality: "delta",
  },
  {
    name: "newrelic",
    env: { NEW_RELIC_LICENSE_KEY: "key-of-newrelic" },
    exporter: (url) => ({ "otlp_http/newrelic": { endpoint: url } }),
    path: "/v1/metrics",
    header: ["api-key", "key-of-newrelic"],
    maxBytes: 1_000_000,
    temporality: "delta",
  },
  {
    name: "grafana-cloud",
    env: { GRAFANA_CLOUD_ZONE: "test", GRAFANA_CLOUD_INSTANCE_ID: "1234", GRAFANA_CLOUD_TOKEN: "token" },
    exporter: (url) => ({ "otlp_http/grafana_cloud": { endpoint: `${url}/otlp` } }),
    path: "/otlp/v1/metrics",
    header: ["authorization", `Basic ${Buffer.from("1234:token").toString("base64")}`],
    maxBytes: 4 * 1024 ** 2,
    temporality: "cumulative",
  },
];

test("otel-config.yaml alone is valid and starts", async () => {
  await run(await program("otelcol"), ["validate", ...shippedConfigs()], { env: { ...process.env, ...storage } });
  const collector = await startCollector();
  await collector.stop();
  assert.doesNotMatch(collector.printed, /\b(?:warn|error)\b/, collector.printed);
});

for (const vendor of vendors)
  describe(`with ${vendor.name}`, () => {
    test("is valid", async () => {
      const env = { ...process.env, ...storage, ...vendor.env };
      await run(await program("otelcol"), ["validate", ...shippedConfigs([vendor.name])], { env });
    });

    test("sends what the vendor takes, and no total as growth after a restart of the agent", async () => {
      const refused: string[] = [];
      const receiver = await startOtlpReceiver({
        answer: (request): Answer => {
          const why = refusal(vendor, request);
          if (why === undefined) return {};
          refused.push(why);
          return { status: 400, body: why };
        },
      });
      await using stack = new AsyncDisposableStack();
      stack.defer(() => receiver.close());
      const redis = await startRedisServer();
      stack.defer(() => redis.stop());
      const overlay = { exporters: vendor.exporter(receiver.url) };
      const collector = await startCollector({ vendors: [vendor.name], overlay, env: vendor.env });
      stack.defer(() => collector.stop());
      await redis.cli(["SET", "stat:processed", "1000000"]);
      const values = (): number[] =>
        receiver
          .points()
          .filter(({ name }) => name === "jobqueue.job.processed")
          .map(({ value }) => value ?? Number.NaN);
      for (const until of [10, 20]) {
        const agent = await startAgent({
          config: {
            interval: "1s",
            targets: [{ name: "shop", system: "sidekiq", redis: redis.url }],
            export: { otlp: [{ endpoint: collector.otlp }] },
          },
        });
        stack.defer(async () => void (await agent.stop()));
        const before = values().length;
        await eventually("values", () => values().length >= before + 2 || refused.length > 0, 30_000);
        await redis.cli(["INCRBY", "stat:processed", "10"]);
        const seen = (): number => (vendor.temporality === "delta" ? sum(values()) : (values().at(-1) ?? 0));
        const wanted = vendor.temporality === "delta" ? until : 1_000_000 + until;
        await eventually(`${wanted}`, () => seen() === wanted || refused.length > 0, 30_000).catch((error: unknown) =>
          assert.fail(`${String(error)}: ${values().join(" ")}`),
        );
        await agent.stop();
      }
      assert.deepEqual(refused, []);
      if (vendor.temporality === "delta") assert.equal(sum(values()), 20, values().join(" "));
    });
  });

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Why the vendor would not take the request. */
function refusal(vendor: Vendor, request: Omit<ReceivedRequest, "stored">): string | undefined {
  const [header, value] = vendor.header;
  if (request.path !== vendor.path) return `path ${request.path}`;
  if (request.headers[header] !== value) return `no ${header}`;
  if (request.body.length > vendor.maxBytes) return `${request.body.length} bytes`;
  const other = request.points.find(({ temporality = vendor.temporality }) => temporality !== vendor.temporality);
  return other && `${other.name} is ${other.temporality}`;
}
