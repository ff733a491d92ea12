import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { loadConfig, parseConfig, parseGeneratorConfig } from "../../src/config/load.ts";
import { QueuewatchError, type ErrorCode } from "../../src/errors.ts";

const parse = (text: string, env = {}) => parseConfig(text, { file: "q.yaml", env });

/** The lines of the error that parsing gives. */
function refusal(text: string, code: ErrorCode, env = {}): string[] {
  try {
    parse(text, env);
  } catch (error) {
    assert.ok(error instanceof QueuewatchError, String(error));
    assert.equal(error.code, code, error.message);
    return error.message.split("\n");
  }
  return assert.fail("was accepted");
}

describe("a good config", () => {
  test("gets its defaults, with durations in seconds and sizes in bytes", () => {
    const config = parse(`
interval: 1m30s
targets:
  - { name: shop, redis: "redis://localhost", queues: { mail: { latency: { warning: 10s, critical: 2m } } } }
export: { otlp: [{ endpoint: "http://c:4318", timeout: 500ms, buffer: { max_bytes: 2MiB } }] }`);
    assert.equal(config.interval, 90);
    assert.deepEqual(config.targets[0]?.queues["mail"]?.latency, { warning: 10, critical: 120 });
    assert.equal(config.targets[0].redis.url?.reveal(), "redis://localhost");
    assert.equal(config.export.otlp[0]?.timeout, 0.5);
    assert.deepEqual(config.export.otlp[0].buffer, { max_bytes: 2 * 1024 ** 2, max_age: 600 });
    assert.equal(config.export.prometheus?.listen, "127.0.0.1:9464");
    assert.equal(config.cardinality.total, 10_000);
  });

  test("takes references in values only, numbers and switches among them", () => {
    const text = `
targets:
  - name: shop
    redis: { url: "redis://\${HOST}:\${PORT:-6379}", db: "\${DB}", password: "$\${\${DB}" }
    queues: { "\${HOST}": { team: "\${TEAM:-\${nobody}" } }
    workers: { by_host: "\${BY_HOST}" }
# \${NEVER_SET}
`;
    const [target] = parse(text, { HOST: "h", DB: "3", TEAM: "", BY_HOST: "false" }).targets;
    assert.equal(target?.redis.url?.reveal(), "redis://h:6379");
    assert.equal(target.redis.db, 3);
    assert.equal(target.redis.password?.reveal(), "${3");
    assert.equal(target.queues["${HOST}"]?.team, "${nobody");
    assert.equal(target.workers.by_host, false);
  });

  test("what a variable holds is not looked through for references", () => {
    const config = parse(`{ targets: [{ name: a, redis: "redis://x" }], environment: "\${A}" }`, { A: "${B}" });
    assert.equal(config.environment, "${B}");
  });

  test("shows no secret when it is printed", () => {
    const config = parse(
      `
targets: [{ name: a, redis: "redis://u:canary-1@x" }, { name: b, redis: { url: "redis://x", password: canary-2 } }]
export: { otlp: [{ preset: datadog, region: eu, key: canary-3, headers: { x: canary-4 } }], prometheus: { bearer_token: canary-5 } }
cardinality: { mask_key: canary-6 }`,
    );
    assert.doesNotMatch(inspect(config, { depth: null, showHidden: true }) + JSON.stringify(config), /canary/);
  });

  test("a byte order mark is no fault", () => {
    assert.equal(parse(`\ufefftargets: [{ name: a, redis: "redis://x" }]`).targets.length, 1);
  });
});

describe("a bad config", () => {
  test("gets all its problems told at once, with place, path and what was meant", () => {
    const text = `targets:
  - name: shop
    redis: "redis://x"
    intervl: 3s
    queues:
      "re*-x": { latency: { warnin: 3s, critical: 1x } }
  - name: b
    redis: { url: "http://x", system: auto }
  - redis: 5
exports: {}
otlp: []
interval: -3
`;
    assert.deepEqual(refusal(text, "CONFIG_INVALID"), [
      "q.yaml:4:5: targets[0]: unknown setting `intervl` (did you mean `interval`?)",
      'q.yaml:6:29: targets[0].queues["re*-x"].latency: unknown setting `warnin` (did you mean `warning`?)',
      'q.yaml:6:51: targets[0].queues["re*-x"].latency.critical: expected a duration: 10s, 1m30s, 500ms, or seconds',
      "q.yaml:8:19: targets[1].redis.url: expected a Redis URL: redis://host:6379/0, rediss://host:6380 or unix:///path/of/socket",
      "q.yaml:8:31: targets[1].redis: unknown setting `system` here (it belongs to `targets[]`)",
      "q.yaml:9:5: targets[2].name: is missing",
      "q.yaml:9:12: targets[2].redis: expected a text or a mapping",
      "q.yaml:10:1: unknown setting `exports` (did you mean `export`?)",
      "q.yaml:11:1: unknown setting `otlp` here (it belongs to `export`)",
      "q.yaml:12:11: interval: expected a duration above 0 and up to 366d",
    ]);
  });

  const faults: [what: string, text: string, line: string][] = [
    ["duplicate keys", "a: 1\na: 2", "q.yaml:2:1: Map keys must be unique"],
    ["a tab", "a:\n\t- b", "q.yaml:2:1: Tabs are not allowed as indentation"],
    ["two documents", "a: 1\n---\nb: 2", "q.yaml:2:1: a second document begins: a config is one"],
    [
      "an unclosed list",
      "a: [1",
      "q.yaml:1:6: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["an unknown tag", "a: !!js/function x", "q.yaml:1:4: Unresolved tag: tag:yaml.org,2002:js/function"],
    ["a list as key", "? [a]\n: b", "q.yaml:1:3: With stringKeys, all keys must be strings"],
  ];
  for (const [what, text, line] of faults)
    test(`${what} in the YAML`, () => assert.equal(refusal(text, "CONFIG_SYNTAX")[0], line));

  test("aliases that would explode", () => {
    const rows = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
    for (let i = 1; i < 9; i++)
      rows.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(",")}]`,
      );
    assert.match(refusal(rows.join("\n"), "CONFIG_SYNTAX")[0] ?? "", /^q\.yaml: Excessive alias count/);
  });

  test("references that are unset or malformed", () => {
    const text = `targets: [{ name: a, redis: "\${REDIS}", system: "\${}" }]\nenvironment: "\${ENV}"`;
    assert.deepEqual(refusal(text, "CONFIG_REFERENCE"), [
      "q.yaml:1:29: the environment variable REDIS is not set",
      'q.yaml:1:49: a reference is written "${NAME}"; write "$${" for a plain "${"',
      "q.yaml:2:14: the environment variable ENV is not set",
    ]);
  });

  test("references that are unset hide no other mistake, and are not blamed for their form", () => {
    const text = `
targets: [{ name: a, redis: "\${REDIS}", intervl: 5s }]
interval: "\${INTERVAL}"
export: { otlp: [{ preset: datadgo, key: "\${KEY}", region: eu }] }
alerting: { contacts: { ops: { slack: { url: "https://hooks.example/canary" } } }, routes: { critical: [opps] } }`;
    assert.deepEqual(refusal(text, "CONFIG_INVALID"), [
      "q.yaml:2:29: the environment variable REDIS is not set",
      "q.yaml:2:41: targets[0]: unknown setting `intervl` (did you mean `interval`?)",
      "q.yaml:3:11: the environment variable INTERVAL is not set",
      "q.yaml:4:28: export.otlp[0].preset: expected datadog, newrelic, grafana-cloud, prometheus, mimir or victoriametrics (did you mean `datadog`?)",
      "q.yaml:4:42: the environment variable KEY is not set",
      'q.yaml:5:46: alerting.contacts.ops.slack.url: give the secret by reference: "${NAME}" or "file:/path"',
      "q.yaml:5:104: alerting.routes.critical: there is no contact `opps` (did you mean `ops`?)",
    ]);
  });

  test("a share that is no share is told in words", () => {
    const text =
      'targets: [{ name: a, redis: "redis://x" }]\nalerting: { classes: { A: { failure_ratio: { warning: 5 } } } }';
    assert.deepEqual(refusal(text, "CONFIG_INVALID"), [
      "q.yaml:2:55: alerting.classes.A.failure_ratio.warning: expected a share, from 0 to 1",
    ]);
  });

  test("gRPC is told with what to write instead, from file and environment", () => {
    const said = "gRPC is not spoken: write http/protobuf, and the receiver's HTTP port, usually 4318";
    const text =
      'targets: [{ name: a, redis: "redis://x" }]\nexport: { otlp: [{ endpoint: "http://c:4317", protocol: grpc }] }';
    assert.deepEqual(refusal(text, "CONFIG_INVALID"), [`q.yaml:2:57: export.otlp[0].protocol: ${said}`]);
    const env = {
      REDIS_URL: "redis://x",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    };
    assert.deepEqual(refusal("{}", "CONFIG_INVALID", env), [`OTEL_EXPORTER_OTLP_PROTOCOL: ${said}`]);
  });

  for (const [otlp, problem] of [
    [
      "preset: datadog, region: us9",
      "expected us1, us3, us5, eu, eu1, ap1, ap2, or give `endpoint` (did you mean `us1`?)",
    ],
    ["preset: newrelic, region: mars", "expected us, eu, gov, or give `endpoint`"],
    [
      "preset: grafana-cloud, instance: 1a, region: evil.example/x",
      "expected prod-eu-west-2, prod-us-east-0, …, or give `endpoint`",
    ],
  ] as const)
    test(`a region that the preset does not know: ${otlp}`, () => {
      const text = `targets: [{ name: a, redis: "redis://x" }]\nexport: { otlp: [{ key: k, ${otlp} }] }`;
      assert.deepEqual(refusal(text, "CONFIG_INVALID"), [
        `q.yaml:2:${28 + otlp.indexOf("region: ") + 8}: export.otlp[0].region: ${problem}`,
      ]);
    });

  const clashes: [what: string, settings: string, problem: RegExp][] = [
    [
      "two ways to Redis",
      `redis: { url: "redis://x", sentinels: ["s:1"], sentinel_name: n }`,
      /sentinels: give either `url` or `sentinels`/,
    ],
    ["no way to Redis", `redis: { db: 1 }`, /redis: give `url` or `sentinels`/],
    ["Sentinels without a name", `redis: { sentinels: ["s:1"] }`, /sentinel_name: is missing/],
    [
      "a Sentinel's password without Sentinels",
      `redis: { url: "redis://x", sentinel_password: p }`,
      /only with `sentinels`/,
    ],
    [
      "a secret and its twin",
      `redis: { url: "redis://x", password: p, password_file: /f }`,
      /password_file: give either/,
    ],
    ["a password twice", `redis: { url: "redis://:p@x", password_file: /f }`, /password_file: stands in `url` already/],
    ["a database twice", `redis: { url: "redis://x/1", db: 2 }`, /db: stands in `url` already/],
    ["TLS on a socket", `redis: { url: "unix:///s", tls: {} }`, /tls: is not used on a unix socket/],
    [
      "half a client certificate",
      `redis: { url: "rediss://x", tls: { key_file: /k } }`,
      /only with `certificate_file`/,
    ],
    [
      "a CA that is not used",
      `redis: { url: "rediss://x", tls: { ca_file: /c, insecure_skip_verify: true } }`,
      /has no effect with/,
    ],
    [
      "a deadline beyond the interval",
      `redis: "redis://x", interval: 5s, timeout: 6s`,
      /timeout: is longer than `interval`/,
    ],
    [
      "limits upside down",
      `redis: "redis://x", queues: { q: { size: { warning: 2, critical: 1 } } }`,
      /warning: is above `critical`/,
    ],
    ["a name twice", `redis: "redis://x" }, { name: a, redis: "redis://y"`, /\[1\]\.name: is taken by entry 1 already/],
  ];
  for (const [what, settings, problem] of clashes)
    test(`with ${what}`, () =>
      assert.match(refusal(`targets: [{ name: a, ${settings} }]`, "CONFIG_INVALID").join("\n"), problem));

  const outputs: [what: string, settings: string, problem: RegExp][] = [
    [
      "a destination nowhere",
      "otlp: [{ headers: { a: b } }]",
      /otlp\[0\]: give `endpoint`, `metrics_endpoint` or `preset`/,
    ],
    [
      "a preset that lacks its key",
      "otlp: [{ preset: datadog, region: eu }]",
      /key: is missing: the preset `datadog` needs it/,
    ],
    [
      "a region without a preset",
      `otlp: [{ endpoint: "http://x", region: eu }]`,
      /region: is of use only with `preset`/,
    ],
    ["two endpoints", `otlp: [{ endpoint: "http://x", metrics_endpoint: "http://y" }]`, /give either `endpoint` or/],
    [
      "a header that is none",
      `otlp: [{ endpoint: "http://x", headers: { "a b": c } }]`,
      /expected the name of an HTTP header/,
    ],
    [
      "a password without end",
      "prometheus: { basic_auth: { username: u } }",
      /password: is missing \(or `password_file`\)/,
    ],
    [
      "two ways to ask who it is",
      "prometheus: { bearer_token: a, basic_auth: { username: u, password: p } }",
      /basic_auth: give either/,
    ],
    ["a port that is none", `prometheus: { listen: "x:65536" }`, /expected a port up to 65535/],
    ["masks without a key", "}, cardinality: { queues: { mask: [{ match: a }] }", /cardinality\.mask_key: is missing/],
  ];
  for (const [what, settings, problem] of outputs)
    test(`with ${what}`, () => {
      const text = `{ targets: [{ name: a, redis: "redis://x" }], export: { ${settings} } }`;
      assert.match(refusal(text, "CONFIG_INVALID").join("\n"), problem);
    });

  test("never shows a value", () => {
    const text = `targets: [{ name: "canary!", redis: canary }]\ninterval: canary\nlog: { level: canary }\nexport: { otlp: [{ endpoint: canary }], prometheus: { listen: canary } }`;
    const lines = refusal(text, "CONFIG_INVALID");
    assert.equal(lines.length, 6);
    assert.doesNotMatch(lines.join("\n"), /canary/);
  });

  test("keys with names of prototypes are keys like others", () => {
    const lines = refusal(
      `__proto__: { x: 1 }\nconstructor: 1\ntargets: [{ name: a, redis: "redis://x" }]`,
      "CONFIG_INVALID",
    );
    assert.match(lines.join("\n"), /unknown setting `constructor`/);
    assert.equal(Reflect.get({}, "x"), undefined);
  });
});

describe("the environment", () => {
  const env = { REDIS_URL: "redis://u:p@host/3" };

  test("is a complete set-up", () => {
    const config = parse("{}", {
      ...env,
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318",
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%20b,x=y",
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "2500",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1",
      OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca.pem",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "Delta",
      OTEL_METRIC_EXPORT_INTERVAL: "30000",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=prod,service.name=x",
      OTEL_SERVICE_NAME: "watch",
    });
    const [target] = config.targets;
    assert.deepEqual([target?.name, target?.redis.url?.reveal()], ["default", env.REDIS_URL]);
    assert.deepEqual([config.interval, config.environment], [30, "prod"]);
    assert.equal(config.resource_attributes["service.name"], "watch");
    assert.partialDeepStrictEqual(config.export.otlp, [
      { endpoint: "http://c:4318", timeout: 2.5, tls: { ca_file: "/ca.pem" }, temporality: "delta" },
    ]);
    assert.equal(config.export.otlp[0]?.headers["api-key"]?.reveal(), "a b");
  });

  test("says only what the file does not, and gives its headers to no destination of the file", () => {
    const text = `
interval: 5s
targets: [{ name: a, redis: "redis://x" }]
export: { otlp: [{ endpoint: "http://mine:4318" }] }`;
    const variables = {
      ...env,
      OTEL_METRIC_EXPORT_INTERVAL: "1",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://c",
      OTEL_EXPORTER_OTLP_HEADERS: "k=v",
    };
    const config = parse(text, variables);
    assert.deepEqual([config.interval, config.targets.length, config.targets[0]?.name], [5, 1, "a"]);
    assert.deepEqual(
      config.export.otlp.map(({ endpoint, headers }) => [endpoint, headers]),
      [["http://mine:4318", {}]],
    );
  });

  test("is named where it is wrong", () => {
    const lines = refusal("{}", "CONFIG_INVALID", {
      REDIS_URL: "http://x",
      OTEL_EXPORTER_OTLP_ENDPOINT: "c:4318",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_METRIC_EXPORT_INTERVAL: "x",
    });
    const named = new Set(lines.map((line) => line.split(":")[0]));
    const wrong = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_METRIC_EXPORT_INTERVAL"];
    assert.deepEqual(named, new Set(["REDIS_URL", ...wrong]));
  });
});

describe("the file", () => {
  let dir: string;
  before(async () => (dir = await mkdtemp(join(tmpdir(), "queuewatch-config-"))));
  after(() => rm(dir, { recursive: true }));
  const refused = (file: string) =>
    assert.rejects(
      loadConfig({ file, env: {} }),
      (error) => error instanceof QueuewatchError && error.code === "CONFIG_UNREADABLE",
    );

  test("is found by option before QUEUEWATCH_CONFIG", async () => {
    for (const name of ["a", "b"]) await writeFile(join(dir, name), `targets: [{ name: ${name}, redis: "redis://x" }]`);
    const env = { QUEUEWATCH_CONFIG: join(dir, "b") };
    assert.equal((await loadConfig({ file: join(dir, "a"), env })).targets[0]?.name, "a");
    assert.equal((await loadConfig({ env })).targets[0]?.name, "b");
  });

  test("may not be missing when it is named, nor a directory, nor huge", async () => {
    await refused(join(dir, "missing"));
    await refused(dir);
    await refused("/dev/zero");
    await writeFile(join(dir, "large"), Buffer.alloc(1024 ** 2 + 1, "#"));
    await refused(join(dir, "large"));
  });

  test("must be UTF-8", async () => {
    await writeFile(join(dir, "latin1"), Buffer.from([0x61, 0xe9]));
    await assert.rejects(loadConfig({ file: join(dir, "latin1"), env: {} }), { code: "CONFIG_SYNTAX" });
  });

  test("may be left out when REDIS_URL is set, and only then", async () => {
    // The project's own folder holds no queuewatch.yaml.
    assert.equal((await loadConfig({ env: { REDIS_URL: "redis://x" } })).targets[0]?.name, "default");
    await assert.rejects(loadConfig({ env: {} }), { code: "CONFIG_UNREADABLE", message: /REDIS_URL is not set/ });
  });
});

describe("the generator's view", () => {
  test("resolves nothing, takes defaults, and leaves `alerting` as it is written", () => {
    const text = `
targets: [{ name: a, redis: "\${REDIS}", interval: "\${I:-5s}", queues: { m: { size: { critical: 9 } } } }]
export: { otlp: [{ preset: "\${P}" }] }
alerting: { contacts: { a: { pagerduty: { integration_key: "\${Y:-z}" } } } }`;
    const config = parseGeneratorConfig(text, "q.yaml");
    const key = config.alerting.contacts["a"]?.pagerduty?.integration_key;
    assert.deepEqual(key, { kind: "variable", name: "Y" });
    assert.equal(config.targets[0]?.interval, 5);
    assert.deepEqual(config.targets[0].queues["m"]?.size, { critical: 9 });
  });

  test("finds unknown settings all the same", () => {
    assert.throws(() => parseGeneratorConfig("targts: []", "q.yaml"), { message: /did you mean `targets`/ });
  });
});
