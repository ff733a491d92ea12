import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { after, describe, test } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { parseConfig } from "../../src/config/load.ts";
import { run as runMain } from "../support/command-line.ts";
import { entrypoint, healthcheck, instructions } from "../support/dockerfile.ts";

type Tree = { readonly [key: string]: Tree } & { readonly [index: number]: Tree };

const root = join(import.meta.dirname, "../..");
/** A leaf of a tree. */
const text = (value: unknown): string => {
  assert.equal(typeof value, "string");
  return value as string;
};
const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe("deploy/Dockerfile", () => {
  test("ends as a user that is not root, in exec form, with a health check", () => {
    const last = instructions().slice(instructions().findLastIndex(([name]) => name === "FROM"));
    assert.deepEqual(last.find(([name]) => name === "USER")?.[1], "65532:65532");
    assert.match(last[0]?.[1] ?? "", /distroless.*:nonroot$/);
    assert.equal(last.filter(([name]) => name === "RUN").length, 0, "there is no shell to run anything");
    assert.deepEqual(healthcheck().slice(-1), ["health"]);
    assert.ok(entrypoint().includes("--permission"));
    assert.ok(!entrypoint().some((flag) => /allow-(child-process|worker|addons|wasi)/.test(flag)));
  });

  test("installs without scripts", () =>
    assert.ok(instructions().some(([, rest]) => rest === "npm install --no-save --ignore-scripts")));

  test("what it copies, as .dockerignore lets it, is enough for its build", () => {
    const stage = mkdtempSync(join(tmpdir(), "queuewatch-build-stage-"));
    after(() => rmSync(stage, { recursive: true }));
    for (const [name, rest] of instructions()) {
      if (name !== "COPY" || rest.startsWith("--from")) continue;
      const words = rest.split(" ");
      const to = join(stage, words.at(-1) ?? "");
      for (const source of words.slice(0, -1)) {
        assert.ok(sentToBuild(source), `${source} is left out by .dockerignore`);
        const target = words.length > 2 || to.endsWith("/") ? join(to, basename(source)) : to;
        const into = statSync(join(root, source)).isDirectory() ? to : target;
        cpSync(join(root, source), into, { recursive: true, filter: (path) => sentToBuild(relative(root, path)) });
      }
    }
    assert.ok(instructions().some(([name, rest]) => name === "RUN" && rest.startsWith("node .dev/build.mjs")));
    symlinkSync(join(root, "node_modules"), join(stage, "node_modules"));
    execFileSync(process.execPath, [".dev/build.mjs"], { cwd: stage });
    const built = join(stage, "dist/queuewatch.js");
    const out = execFileSync(process.execPath, [built, "generate", "schema"], { encoding: "utf8" });
    assert.equal(out, read("deploy/queuewatch.schema.json"));
  });
});

/** Whether .dockerignore lets a path through: the last line that fits decides. */
function sentToBuild(path: string): boolean {
  let sent = true;
  for (const line of read(".dockerignore").split("\n")) {
    const pattern = line.replace(/^!/, "");
    if (line === "" || line.startsWith("#")) continue;
    if (pattern === "*" || path === pattern || path.startsWith(`${pattern}/`)) sent = line.startsWith("!");
  }
  return sent;
}

describe("deploy/compose.yaml", () => {
  const compose = parse(read("deploy/compose.yaml"), { merge: true }) as Tree;
  const services = Object.entries(compose["services"] ?? {});
  const list = (value: Tree | undefined): string[] => (value ?? []) as unknown as string[];

  test("every file that is mounted or built from exists, every volume is declared", () => {
    for (const [name, service] of services) {
      const build = service["build"] as unknown as string | { context: string; dockerfile: string } | undefined;
      if (typeof build === "string") assert.ok(existsSync(resolve(root, "deploy", build, "Dockerfile")), name);
      else if (build) assert.ok(existsSync(resolve(root, "deploy", build.context, build.dockerfile)), name);
      for (const mount of list(service["volumes"])) {
        const [source = ""] = mount.split(":");
        if (source.startsWith(".")) {
          assert.ok(existsSync(resolve(root, "deploy", source)), `${name}: ${source}`);
          assert.match(mount, /:ro$/, `${name} could write ${source}`);
        } else assert.ok(source in (compose["volumes"] ?? {}), `${name}: ${source}`);
      }
    }
  });

  test("every image has a version, every port is on loopback, every process is confined", () => {
    for (const [name, service] of services) {
      assert.match(text(service["image"]), /:v?\d+\.\d+\.\d+(-alpine)?$/, name);
      for (const port of list(service["ports"])) assert.match(port, /^127\.0\.0\.1:/, name);
      assert.equal(service["read_only"], true, name);
      assert.deepEqual(service["cap_drop"], ["ALL"], name);
      assert.deepEqual(service["security_opt"], ["no-new-privileges:true"], name);
    }
  });

  test("the agent's user in Redis is the one that `queuewatch acl` prints", async () => {
    const { out } = await runMain(["acl", "--system", "sidekiq", "--server-version", "8.2"]);
    const expected = out.trim().replace("ACL SETUSER", "user").replace(">PASSWORD", ">AGENT_PASSWORD");
    assert.ok(read("deploy/compose/users.acl").split("\n").includes(expected));
  });

  test("the agent asks for TLS and secrets in files everywhere", () => {
    const config = parseConfig(read("deploy/compose/queuewatch.yaml"), { file: "queuewatch.yaml", env: {} });
    const server = config.export.prometheus;
    assert.ok(server && server.tls && server.bearer_token_file);
    assert.ok(config.export.otlp.every(({ endpoint, tls }) => endpoint?.startsWith("https://") && tls));
    assert.ok(config.targets.every(({ redis }) => redis.tls && redis.password_file));
  });

  test("Grafana asks for a password and speaks TLS only; its data source is asked the same way", () => {
    const environment = compose["services"]?.["grafana"]?.["environment"] as unknown as Record<string, string>;
    for (const [name, value] of Object.entries({
      GF_SERVER_PROTOCOL: "https",
      GF_SECURITY_ADMIN_PASSWORD__FILE: "/run/secrets/admin-password",
      GF_SECURITY_COOKIE_SECURE: "true",
      GF_AUTH_ANONYMOUS_ENABLED: "false",
      GF_USERS_ALLOW_SIGN_UP: "false",
    }))
      assert.equal(environment[name], value, name);
    const { url, basicAuth, jsonData } =
      (parse(read("deploy/compose/grafana-datasource.yaml")) as Tree)["datasources"]?.[0] ?? {};
    assert.match(text(url), /^https:/);
    assert.equal(basicAuth, true);
    assert.equal(jsonData?.["tlsAuthWithCACert"], true);
  });

  test("Grafana finds the data source that dashboards and rules name", () => {
    const made = parse(read("dashboards/generated/provisioning/datasources/queuewatch.yaml")) as Tree;
    const ours = parse(read("deploy/compose/grafana-datasource.yaml")) as Tree;
    assert.equal(ours["datasources"]?.[0]?.["uid"], made["datasources"]?.[0]?.["uid"]);
    const provider = parse(read("dashboards/generated/provisioning/dashboards/queuewatch.yaml")) as Tree;
    const path = text(provider["providers"]?.[0]?.["options"]?.["path"]);
    const mounts = list(compose["services"]?.["grafana"]?.["volumes"]);
    assert.ok(mounts.includes(`../dashboards/generated:${path}:ro`), path);
  });
});

describe("deploy/kubernetes", () => {
  const manifests = globSync("deploy/kubernetes/*.yaml", { cwd: root }).flatMap((path) =>
    parseAllDocuments(read(path)).map((document) => document.toJS() as Tree),
  );
  const pods = manifests
    .filter((manifest) => (manifest["kind"] as unknown) === "Deployment")
    .map((manifest) => manifest["spec"]?.["template"]?.["spec"]);
  const agents = pods.flatMap((pod) =>
    ((pod?.["containers"] ?? []) as unknown as Tree[])
      .filter((container) => (container["name"] as unknown) === "queuewatch")
      .map((container) => ({ pod, container })),
  );

  test("a deployment and a sidecar", () => assert.equal(agents.length, 2));

  test("confined, probed, with resources and a version", () => {
    for (const { pod, container } of agents) {
      const context = { ...pod?.["securityContext"], ...container["securityContext"] } as Record<string, unknown>;
      assert.equal(context["runAsNonRoot"], true);
      assert.equal(context["runAsUser"], 65_532);
      assert.equal(context["readOnlyRootFilesystem"], true);
      assert.equal(context["allowPrivilegeEscalation"], false);
      assert.deepEqual(context["capabilities"], { drop: ["ALL"] });
      assert.deepEqual(context["seccompProfile"], { type: "RuntimeDefault" });
      assert.ok(container["livenessProbe"]);
      assert.ok(container["resources"]?.["requests"]?.["cpu"] && container["resources"]["limits"]?.["memory"]);
      assert.match(text(container["image"]), /:\d+\.\d+\.\d+$/);
    }
  });

  test("each config is one that the agent takes, and /metrics asks for TLS and a token or listens on loopback", () => {
    const texts = manifests
      .map((manifest) => manifest["data"]?.["queuewatch.yaml"])
      .filter((data) => data !== undefined);
    assert.equal(texts.length, agents.length);
    for (const data of texts) {
      const config = parseConfig(text(data), { file: "queuewatch.yaml", env: { REDIS_URL: "rediss://redis" } });
      const server = config.export.prometheus;
      assert.ok(server && (server.listen.startsWith("127.0.0.1:") || (server.tls && server.bearer_token_file)));
    }
  });
});
