import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { parse, parseAllDocuments } from "yaml";
import { parseConfig } from "../../src/config/load.ts";
import { run as runMain } from "../support/command-line.ts";
import { acceptedManifests, checkConfined, type Manifest } from "./support/manifests.ts";
import { program } from "./programs.ts";

// The chart in the real Helm; what it renders, decoded by Kubernetes' and the Prometheus operator's own types.

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
/** What the API server stores of one object at most; Helm keeps a release, compressed and in base64, in one Secret. */
const largestObject = 1024 ** 2;
/** Of the annotation in which a client-side `kubectl apply` keeps the whole object. */
const largestAnnotation = 256 * 1024;

type Rendered = { readonly manifests: readonly Manifest[]; readonly text: string };

describe("the Helm chart", () => {
  let dir: string;
  let chart: string;
  const helm = async (...args: string[]): Promise<string> =>
    (await run(await program("helm"), args, { maxBuffer: 1 << 26, env: { ...process.env, HELM_CACHE_HOME: dir } }))
      .stdout;
  const template = async (...values: string[]): Promise<Rendered> => {
    const text = await helm(
      "template",
      "jobs",
      chart,
      "--namespace",
      "jobs",
      ...values.flatMap((set) => ["--set", set]),
    );
    const manifests = parseAllDocuments(text, { version: "1.1" }).map((document): Manifest | null => document.toJS());
    return { text, manifests: manifests.filter((manifest) => manifest !== null) };
  };
  const only = ({ manifests }: Rendered, kind: string): Manifest => {
    const [first, ...others] = manifests.filter((manifest) => manifest.kind === kind);
    assert.ok(first && others.length === 0, `${kind}: ${others.length + 1}`);
    return first;
  };
  const agentConfig = (rendered: Rendered) => {
    const map = rendered.manifests.find(({ data }) => data?.["queuewatch.yaml"] !== undefined);
    return parseConfig(map?.data?.["queuewatch.yaml"] ?? "", {
      file: "queuewatch.yaml",
      env: { REDIS_URL: "rediss://redis" },
    });
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "queuewatch-chart-"));
    chart = join(dir, "queuewatch");
    await cp(join(root, "deploy/helm/queuewatch"), chart, {
      recursive: true,
      filter: (path) => basename(path) !== "files",
    });
  });
  after(() => rm(dir, { recursive: true }));

  test("without generated files says which command makes them, instead of leaving out dashboards", async () => {
    for (const what of ["dashboards", "alerts", "rules"])
      await assert.rejects(
        template(`${what}.enabled=true`),
        /queuewatch generate all --config queuewatch\.yaml --out files/,
      );
  });

  describe("with the generated files in its folder", () => {
    before(async () => {
      const { code, err } = await runMain(["generate", "all", "--out", join(chart, "files")]);
      assert.equal(code, 0, err);
    });
    const everything = [
      "dashboards.enabled=true",
      "alerts.enabled=true",
      "rules.enabled=true",
      "rules.labels.release=prometheus",
      "metrics.secret=queuewatch-metrics",
      "serviceMonitor.enabled=true",
      "serviceMonitor.labels.release=prometheus",
      "secret.values.REDIS_URL=rediss://redis",
      "secretFiles=queuewatch-files",
      "targetFiles=queuewatch-targets",
      "persistence.existingClaim=queuewatch-state",
      "imagePullSecrets[0].name=registry",
      "podAnnotations.team=jobs",
      "nodeSelector.pool=small",
      "tolerations[0].operator=Exists",
      "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution=null",
    ];

    test("is found clean by `helm lint --strict`, with the defaults and with everything", async () => {
      await helm("lint", "--strict", chart);
      await helm("lint", "--strict", chart, ...everything.flatMap((set) => ["--set", set]));
    });

    for (const [name, values] of Object.entries({
      "the defaults": [],
      "a Secret that exists": ["secret.existing=redis"],
      "no NetworkPolicy": ["networkPolicy.enabled=false"],
      "no ports outwards but DNS": ["networkPolicy.egressPorts=null"],
      everything,
    }))
      test(`${name}: Kubernetes takes it, the agent is confined and takes its config`, async () => {
        const rendered = await template(...values);
        const kinds = await acceptedManifests(rendered.text);
        assert.equal(kinds.length, rendered.manifests.length);
        checkConfined(only(rendered, "Deployment"));
        const config = agentConfig(rendered);
        assert.equal(config.state_dir, "/var/lib/queuewatch");
        const names = rendered.manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
        assert.equal(new Set(names).size, names.length);
      });

    test("by default nothing listens for other pods, and nothing may come in", async () => {
      const rendered = await template();
      assert.deepEqual(
        rendered.manifests.filter(({ kind }) => ["Service", "ServiceMonitor", "Secret"].includes(kind)),
        [],
      );
      const server = agentConfig(rendered).export.prometheus;
      assert.match(server ? server.listen : "", /^127\.0\.0\.1:/);
      assert.deepEqual(only(rendered, "NetworkPolicy").spec?.["ingress"], []);
    });

    test("/metrics is opened with TLS and a token only, which the ServiceMonitor knows", async () => {
      const rendered = await template("metrics.secret=own", "serviceMonitor.enabled=true");
      const server = agentConfig(rendered).export.prometheus;
      assert.ok(server && server.tls && server.bearer_token_file);
      assert.equal(server.listen, "0.0.0.0:9464");
      assert.match(JSON.stringify(only(rendered, "Deployment")), /"path":"\/readyz","port":"metrics","scheme":"HTTPS"/);
      const { spec } = only(rendered, "ServiceMonitor");
      assert.deepEqual(
        spec?.["selector"],
        only(rendered, "Service").spec && {
          matchLabels: only(rendered, "Service").spec?.["selector"],
        },
      );
      assert.match(
        JSON.stringify(spec?.["endpoints"]),
        /"scheme":"https".*"secret":\{"name":"own","key":"ca\.crt"\}.*"token"/,
      );
      await assert.rejects(template("serviceMonitor.enabled=true"), /serviceMonitor needs metrics\.secret/);
    });

    test("a Secret's values reach the agent by the Secret alone", async () => {
      const rendered = await template("secret.values.REDIS_URL=rediss://:sample-password@redis");
      const holders = rendered.manifests.filter((manifest) => JSON.stringify(manifest).includes("sample-password"));
      assert.deepEqual(
        holders.map(({ kind }) => kind),
        ["Secret"],
      );
      assert.match(
        JSON.stringify(only(rendered, "Deployment")),
        /"envFrom":\[\{"secretRef":\{"name":"jobs-queuewatch"\}\}\]/,
      );
    });

    test("a ConfigMap of targets is a folder that the agent follows, whether the config has targets of its own or not", async () => {
      for (const own of [[], ["config.targets=null"], ["config.target_files[0]=own.yaml"]]) {
        const rendered = await template("targetFiles=teams", ...own);
        const { spec } = only(rendered, "Deployment");
        assert.match(JSON.stringify(spec), /"name":"targets","mountPath":"\/etc\/queuewatch-targets","readOnly":true/);
        assert.match(JSON.stringify(spec), /"name":"targets","configMap":\{"name":"teams"\}/);
        assert.equal(agentConfig(rendered).target_files.at(-1), "/etc/queuewatch-targets/*.yaml");
      }
    });

    test("a changed config starts new pods", async () => {
      const checksum = async (...values: string[]) =>
        /checksum\/config: (\w+)/.exec((await template(...values)).text)?.[1] ?? assert.fail("no checksum");
      assert.notEqual(await checksum(), await checksum("config.environment=staging"));
      assert.notEqual(await checksum(), await checksum("metrics.secret=own"));
    });

    test("dashboards and alerts arrive in ConfigMaps as they were generated, braces and all", async () => {
      const { manifests } = await template("dashboards.enabled=true", "alerts.enabled=true");
      const files = manifests.flatMap(({ metadata, data }) =>
        Object.entries(data ?? {}).map(([name, text]) => ({ name, text, labels: metadata.labels })),
      );
      const expected = [
        ...["agent", "classes", "overview", "queue", "redis", "threats", "workers"].map(
          (name) => [`queuewatch-${name}.json`, `${name}.json`, "grafana_dashboard"] as const,
        ),
        ...["rules", "templates"].map(
          (name) =>
            [`queuewatch-${name}.json`, `provisioning/alerting/queuewatch-${name}.json`, "grafana_alert"] as const,
        ),
      ];
      assert.equal(files.length, expected.length + 1, "and the agent's config");
      for (const [name, path, label] of expected) {
        const file = files.find((found) => found.name === name);
        assert.equal(file?.text, await readFile(join(chart, "files/grafana", path), "utf8"), name);
        assert.equal(file.labels?.[label], "1", name);
        assert.ok(file.text.length < largestObject);
        if (name !== "queuewatch-rules.json") assert.ok(file.text.length < largestAnnotation, name);
      }
      assert.ok(
        files.some(({ text }) => text.includes("{{ ")),
        "templates of Grafana were among them",
      );
    });

    test("rules arrive in a PrometheusRule as they were generated", async () => {
      const rendered = await template("rules.enabled=true", "rules.labels.release=prometheus");
      const rule = only(rendered, "PrometheusRule");
      assert.deepEqual(rule.spec, parse(await readFile(join(chart, "files/prometheus/queuewatch.rules.yaml"), "utf8")));
      assert.equal(rule.metadata.labels?.["release"], "prometheus");
      assert.match(JSON.stringify(rule.spec), /\{\{ *\$labels/);
    });

    test("a release fits into the Secret that Helm keeps it in", async () => {
      await helm("package", chart, "--destination", dir);
      const { size } = await stat(join(dir, "queuewatch-0.1.0.tgz"));
      const { text } = await template(...everything);
      const release = (size + gzipSync(text).length) * (4 / 3);
      assert.ok(release < largestObject / 2, `${Math.round(release / 1024)} KiB`);
    });
  });

  test("an installation says what to do next, and first what is missing", async () => {
    const notes = async (...values: string[]) =>
      /NOTES:\n([^]*)$/.exec(
        await helm(
          "install",
          "jobs",
          chart,
          "--namespace",
          "jobs",
          "--dry-run=client",
          ...values.flatMap((set) => ["--set", set]),
        ),
      )?.[1] ?? assert.fail("no notes");
    const missing = /^Its config refers to the environment, and neither `secret\.existing` nor/;
    assert.match(await notes(), missing);
    for (const given of ["secret.existing=own", "config.targets[0].name=a,config.targets[0].redis=redis://redis"])
      assert.doesNotMatch(await notes(given), missing);
    const said = await notes("secret.existing=own");
    for (const command of ["check", "snapshot"])
      assert.ok(
        said.includes(
          `kubectl --namespace jobs exec deploy/jobs-queuewatch -- /nodejs/bin/node /app/queuewatch.js ${command} --config /etc/queuewatch/queuewatch.yaml\n`,
        ),
        said,
      );
  });

  for (const [wrong, said] of [
    ["image.pullPolicy=Sometimes", /pullPolicy/],
    ["image.repository=", /repository/],
    ["config.targets=null", /targets/],
    ["networkPolicy.egressPorts[0]=70000", /egressPorts/],
    ["serviceMonitor.interval=often", /interval/],
    ["dashboards.enabled=perhaps", /dashboards/],
    ["secret.values.PORT=1", /secret/],
    ["metrics.token=abc", /token/],
    ["replicas=2", /replicas/],
  ] as const)
    test(`the values' schema refuses ${wrong}`, () => assert.rejects(template(wrong), said));
});
