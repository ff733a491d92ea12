import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configSchema, type Config } from "../../src/config/schema.ts";
import { agentResource, uuidV5 } from "../../src/export/resource.ts";
import { destinationSettings } from "../../src/export/settings.ts";

const targets = [{ name: "shop", redis: "redis://127.0.0.1" }];
const parse = (otlp: object[], rest: object = {}): Config => configSchema.parse({ targets, export: { otlp }, ...rest });
const settings = (...otlp: object[]) => destinationSettings(parse(otlp).export.otlp);
const key = "canary-key";

test("presets know endpoint, header, temporality and limit", async () => {
  const basic = `Basic ${Buffer.from(`42:${key}`).toString("base64")}`;
  const expected: [object, string, string, object, number, boolean][] = [
    [
      { preset: "datadog", region: "eu", key },
      "https://otlp.datadoghq.eu/v1/metrics",
      "delta",
      { "dd-api-key": key },
      5e6,
      false,
    ],
    [
      { preset: "datadog", region: "US5", key },
      "https://otlp.us5.datadoghq.com/v1/metrics",
      "delta",
      { "dd-api-key": key },
      5e6,
      false,
    ],
    [
      { preset: "datadog", region: "us1", key, compression: "none" },
      "https://otlp.datadoghq.com/v1/metrics",
      "delta",
      { "dd-api-key": key },
      5e5,
      false,
    ],
    [
      { preset: "newrelic", region: "us", key },
      "https://otlp.nr-data.net/v1/metrics",
      "delta",
      { "api-key": key },
      1e6,
      false,
    ],
    [
      { preset: "newrelic", region: "eu", key, temporality: "cumulative" },
      "https://otlp.eu01.nr-data.net/v1/metrics",
      "cumulative",
      { "api-key": key },
      1e6,
      false,
    ],
    [
      { preset: "grafana-cloud", region: "prod-eu-west-2", instance: "42", key },
      "https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/metrics",
      "cumulative",
      { authorization: basic },
      4 * 1024 ** 2,
      true,
    ],
    [
      { preset: "prometheus", endpoint: "http://p:9090" },
      "http://p:9090/api/v1/otlp/v1/metrics",
      "cumulative",
      {},
      4 * 1024 ** 2,
      true,
    ],
    [
      { preset: "prometheus", endpoint: "http://p:9090/api/v1/otlp/" },
      "http://p:9090/api/v1/otlp/v1/metrics",
      "cumulative",
      {},
      4 * 1024 ** 2,
      true,
    ],
    [{ preset: "mimir", endpoint: "http://m/" }, "http://m/otlp/v1/metrics", "cumulative", {}, 4 * 1024 ** 2, true],
    [
      { preset: "victoriametrics", endpoint: "http://v:8428" },
      "http://v:8428/opentelemetry/v1/metrics",
      "cumulative",
      {},
      4 * 1024 ** 2,
      true,
    ],
    [
      { endpoint: "http://collector:4318", headers: { "X-Key": key } },
      "http://collector:4318/v1/metrics",
      "cumulative",
      { "x-key": key },
      4 * 1024 ** 2,
      true,
    ],
    [
      { metrics_endpoint: "http://c/x?y=1", max_request_bytes: "1MiB" },
      "http://c/x?y=1",
      "cumulative",
      {},
      1024 ** 2,
      true,
    ],
  ];
  for (const [given, url, temporality, headers, maxRequestBytes, ended] of expected) {
    const [found] = settings(given);
    assert.ok(found);
    assert.deepEqual(
      [found.url.href, found.temporality, found.maxRequestBytes, found.ended],
      [url, temporality, maxRequestBytes, ended],
    );
    assert.deepEqual(await found.secretHeaders(), headers);
  }
});

test("names are the hosts, unless given, and never the same", () => {
  const endpoint = "http://c:4318";
  const names = settings({ endpoint }, { endpoint }, { endpoint, name: "vendor" }).map(({ name }) => name);
  assert.deepEqual(names, ["c:4318", "c:4318-2", "vendor"]);
});

test("headers in a file are read again when it changes; a bad line is not quoted", async () => {
  const dir = await mkdtemp(join(tmpdir(), "queuewatch-headers-"));
  const file = join(dir, "headers");
  await writeFile(file, "# comment\r\nX-One: 1 a\n\nAuthorization: Bearer first\n");
  const [found] = settings({ endpoint: "http://c", headers_file: file, headers: { "x-one": "mine" } });
  assert.ok(found);
  assert.deepEqual(await found.secretHeaders(), { "x-one": "mine", authorization: "Bearer first" });
  await writeFile(file, "authorization: Bearer second!\n");
  assert.deepEqual(await found.secretHeaders(), { "x-one": "mine", authorization: "Bearer second!" });
  await writeFile(file, "authorization: x\ncanary without a colon\n");
  await assert.rejects(found.secretHeaders(), {
    code: "SECRET_UNREADABLE",
    message: `${file}:2: expected \`name: value\``,
  });
  await rm(dir, { recursive: true });
});

test("the resource is the agent's; its id is stable, and what is given wins", () => {
  const config = parse([], { environment: "prod" });
  const { attributes } = agentResource(config, "1.2.3", "host-a");
  assert.equal(attributes["service.name"], "queuewatch");
  assert.equal(attributes["telemetry.sdk.language"], "nodejs");
  assert.equal(
    attributes["service.instance.id"],
    agentResource(config, "2.0.0", "host-a").attributes["service.instance.id"],
  );
  assert.notEqual(
    attributes["service.instance.id"],
    agentResource(config, "1.2.3", "host-b").attributes["service.instance.id"],
  );
  const given = parse([], { resource_attributes: { "service.name": "mine", "k8s.pod.name": "p" } });
  const own = agentResource(given, "1", "h").attributes;
  assert.deepEqual(
    [own["service.name"], own["k8s.pod.name"], own["deployment.environment.name"]],
    ["mine", "p", undefined],
  );
});

test("a UUID of version 5 is the one that RFC 9562 shows", () => {
  // Appendix A.4: the DNS namespace and www.example.com.
  assert.equal(
    uuidV5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"),
    "2ed6657d-e927-568b-95e1-2665a8aea6a2",
  );
});
