import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/agent.ts";
import { entrypoint } from "../support/dockerfile.ts";
import { program, testedVersions } from "./programs.ts";
import { Composed, nodeInImage, services, unableToCompose } from "./support/compose-services.ts";

// deploy/compose.yaml as it stands, its commands, mounts, users, certificates and passwords, with the real programs: only
// Docker is not there, and Grafana is not.

const root = join(import.meta.dirname, "../..");
const password = "sample-password";

interface Answer {
  readonly status: number;
  readonly body: string;
}

describe("the compose example, run", { skip: unableToCompose() }, () => {
  let composed: Composed;
  /** Asks a service from inside its network, trusting the example's authority only; status 0: no HTTP answer. */
  const ask = (url: string, ...args: string[]): Answer => {
    const authority = composed.secretFile("grafana", "ca.crt");
    const given = [
      "--silent",
      "--show-error",
      "--max-time",
      "10",
      "--cacert",
      authority,
      "--write-out",
      "\n%{http_code}",
    ];
    const out = composed.tried("curl", [...given, ...args, url]);
    const end = out.lastIndexOf("\n");
    return { status: Number(out.slice(end + 1)), body: out.slice(0, end) };
  };
  const admin = ["--user", `admin:${password}`];
  const query = (expr: string): { metric: Record<string, string>; value: [number, string] }[] => {
    const answer = ask("https://localhost:9090/api/v1/query", ...admin, "--data-urlencode", `query=${expr}`);
    return (JSON.parse(answer.body) as { data: { result: ReturnType<typeof query> } }).data.result;
  };
  /** Resolves when it holds; a service that does not answer yet is waited for, and says its last words otherwise. */
  const seen = (what: string, holds: () => boolean): Promise<void> =>
    eventually(what, () => {
      try {
        return holds();
      } catch {
        return false;
      }
    }).catch((error: unknown) => {
      const words = [...composed.printed].map(([name, text]) => `${name}: ${text.slice(-600)}`);
      throw new Error(words.join("\n"), { cause: error });
    });
  const overTls = (service: string) => ["-p", "6379", "--tls", "--cacert", composed.secretFile(service, "ca.crt")];
  const asWorker = (...command: string[]): string =>
    composed.run("redis-cli", [...overTls("worker"), "--user", "worker", "--no-auth-warning", ...command], {
      REDISCLI_AUTH: composed.secret("worker", "redis-password"),
    });

  before(async () => {
    composed = new Composed(password);
    await composed.ready();
    composed.start("redis", [], []);
    composed.start("collector", [`${await program("otelcol")}:/otelcol`], ["/otelcol"]);
    composed.start("prometheus", [`${await program("prometheus")}:/program`], ["/program"]);
    composed.start("alertmanager", [`${await program("alertmanager")}:/program`], ["/program"]);
    composed.start("agent", [nodeInImage, `${join(root, "dist")}:/app`], [...entrypoint(), "run"]);
    await seen("the worker in Redis", () => asWorker("SADD", "queues", "critical") !== "");
    const now = Date.now() / 1_000;
    const job = JSON.stringify({
      class: "ChargeJob",
      jid: "b".repeat(24),
      args: [1],
      created_at: now,
      enqueued_at: now,
    });
    asWorker("LPUSH", "queue:critical", job, job, job);
  });
  after(() => composed.stop());

  test("a job of Redis arrives in Prometheus by the Collector", async () => {
    const found = () => query('jobqueue_queue_size{queue="critical"}')[0];
    await seen("the queue in Prometheus", () => found() !== undefined);
    assert.equal(found()?.value[1], "3");
    assert.equal(found()?.metric["environment"], "sample");
  });

  test("Prometheus scrapes the Collector, Alertmanager and itself", () =>
    seen("all targets up", () => {
      const up = new Set(query("up").map(({ metric, value }) => `${metric["job"]} ${value[1]}`));
      return ["alertmanager 1", "collector 1", "prometheus 1"].every((target) => up.has(target));
    }));

  test("rules are loaded, and the watchdog arrives at Alertmanager", () =>
    seen("the watchdog", () => {
      const { body } = ask("https://localhost:9093/api/v2/alerts", ...admin);
      return (JSON.parse(body) as { labels: Record<string, string> }[]).some(
        ({ labels }) => labels["alertname"] === "QueuewatchWatchdog",
      );
    }));

  for (const [name, url] of [
    ["Prometheus", "https://localhost:9090/api/v1/query?query=up"],
    ["Alertmanager", "https://localhost:9093/api/v2/alerts"],
    ["the agent", "https://localhost:9464/metrics"],
    ["the Collector", "https://localhost:4318/v1/metrics"],
  ] as const)
    test(`${name} answers nobody without a password, and nobody without TLS`, () => {
      const post = url.includes(":4318")
        ? ["--request", "POST", "--header", "content-type: application/json", "--data", "{}"]
        : [];
      assert.equal(ask(url, ...post).status, 401);
      assert.equal(ask(url, ...post, "--user", "admin:wrong").status, 401);
      const plain = ask(url.replace("https:", "http:"), ...post);
      assert.ok([0, 400].includes(plain.status), `${plain.status} ${plain.body}`);
    });

  test("the agent's /metrics answers who has its token, with the same numbers", () => {
    const token = composed.secret("agent", "metrics-token");
    const { status, body } = ask("https://localhost:9464/metrics", "--header", `authorization: Bearer ${token}`);
    assert.equal(status, 200);
    assert.match(body, /^jobqueue_queue_size\{[^}]*queue="critical"[^}]*\} 3$/m);
  });

  test("the Collector's /metrics answers only who has a certificate of the authority", () => {
    assert.equal(ask("https://localhost:8889/metrics").status, 0);
    const own = ["server.crt", "server.key"].map((name) => composed.secretFile("prometheus", name));
    assert.equal(ask("https://localhost:8889/metrics", "--cert", own[0] ?? "", "--key", own[1] ?? "").status, 200);
  });

  test("Redis speaks TLS only, and to users only", () => {
    assert.throws(() => composed.run("redis-cli", ["-p", "6379", "PING"]));
    assert.match(composed.run("redis-cli", [...overTls("redis"), "PING"]), /NOAUTH/);
  });

  test("the images are of the versions that run here", () => {
    for (const [name, version] of Object.entries(testedVersions))
      assert.equal(services[name]?.image.split(":")[1]?.replace(/^v/, ""), version);
  });

  test("no service has printed a password", () => {
    const secrets = [password, composed.secret("agent", "redis-password"), composed.secret("agent", "metrics-token")];
    for (const [name, text] of composed.printed)
      for (const secret of secrets) assert.ok(!text.includes(secret.trim()), name);
    assert.equal(
      composed.printed.size,
      Object.keys(services).length - 4,
      "all but secrets, producer, worker and grafana",
    );
  });
});
