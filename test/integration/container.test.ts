import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { entrypoint, healthcheck } from "../support/dockerfile.ts";
import { startOtlpReceiver, type OtlpReceiver } from "../support/otlp-receiver.ts";
import { freePort, startRedisServer, type RedisServer } from "../support/redis-server.ts";

const uid = 65_532;
const project = join(import.meta.dirname, "../..");

/** The image's file tree below $1, read-only, with only /var/lib/queuewatch to write; $2 is Node, the rest is run there. */
const enter = `
set -e
root=$1; node=$2; shift 2
mount --bind "$root" "$root"
for d in usr lib lib64 bin; do
  [ -e "/$d" ] || continue
  mkdir -p "$root/$d"; mount --bind "/$d" "$root/$d"; mount -o remount,bind,ro "$root/$d"
done
mkdir -p "$root/proc" "$root/nodejs/bin"; touch "$root/nodejs/bin/node"
mount --bind "$node" "$root/nodejs/bin/node"
mount --bind "$root/var/lib/queuewatch" "$root/var/lib/queuewatch"
mount --rbind /proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid=${uid} --regid=${uid} --clear-groups --no-new-privs --bounding-set=-all "$@"
`;

const namespaces = spawnSync("unshare", ["-m", "true"]).status === 0 && process.getuid?.() === 0;
const skip = namespaces ? false : "needs root and mount namespaces";

function started(root: string, argv: readonly string[]) {
  const child = spawn("unshare", ["-m", "sh", "-c", enter, "sh", root, process.execPath, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], NODE_ENV: "production" },
  });
  const run = { child, printed: "" };
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (run.printed += text));
  return run;
}

async function ended(root: string, argv: readonly string[]) {
  const run = started(root, argv);
  const [code] = (await once(run.child, "close")) as [number | null];
  return { code, printed: run.printed };
}

/** The image's tree with the built program and a config. */
function tree(redis: RedisServer, otlp: OtlpReceiver, port: number): string {
  const root = mkdtempSync(join(tmpdir(), "queuewatch-image-"));
  chmodSync(root, 0o755);
  for (const dir of ["etc/queuewatch", "run/secrets", "var/lib/queuewatch"])
    mkdirSync(join(root, dir), { recursive: true });
  chownSync(join(root, "var/lib/queuewatch"), uid, uid);
  cpSync(join(project, "dist"), join(root, "app"), { recursive: true });
  const config = {
    interval: "1s",
    state_dir: "/var/lib/queuewatch",
    targets: [{ name: "shop", redis: { url: redis.url, password_file: "/run/secrets/redis-password" } }],
    export: { otlp: [{ endpoint: otlp.url }], prometheus: { listen: `127.0.0.1:${port}` } },
  };
  writeFileSync(join(root, "run/secrets/redis-password"), "sample-password\n");
  writeFileSync(join(root, "etc/queuewatch/queuewatch.yaml"), JSON.stringify(config));
  return root;
}

describe("the image's command in its file tree: read-only, user 65532, no capabilities", { skip }, () => {
  const config = ["--config", "/etc/queuewatch/queuewatch.yaml"];
  let redis: RedisServer;
  let otlp: OtlpReceiver;
  let root: string;
  before(async () => {
    redis = await startRedisServer(["--requirepass", "sample-password"]);
    await redis.cli(["-a", "sample-password", "--no-auth-warning", "SADD", "queues", "mailers"]);
    otlp = await startOtlpReceiver();
    root = tree(redis, otlp, await freePort());
  });
  after(async () => {
    await redis.stop();
    await otlp.close();
    rmSync(root, { recursive: true });
  });

  test("reads Redis, pushes, keeps its state, answers the health check and ends on SIGTERM", async () => {
    const agent = started(root, [...entrypoint(), "run", ...config]);
    const exited = once(agent.child, "close");
    await Promise.race([
      otlp.until((receiver) => receiver.points().some(({ name }) => name === "jobqueue.queue.size")),
      exited.then(() => assert.fail(agent.printed)),
    ]);
    const [node = "", program = "", ...words] = healthcheck();
    let health = await ended(root, [node, program, ...words, ...config]);
    for (let tries = 0; health.code !== 0 && tries < 300; tries++) {
      await sleep(100);
      health = await ended(root, [node, program, ...words, ...config]);
    }
    assert.equal(health.code, 0, health.printed);
    agent.child.kill("SIGTERM");
    const [code] = (await exited) as [number | null];
    assert.equal(code, 0, agent.printed);
    assert.doesNotMatch(agent.printed, /ERR_ACCESS_DENIED|EvalError|sample-password/);
    assert.notEqual(execFileSync("ls", [join(root, "var/lib/queuewatch")], { encoding: "utf8" }), "");
  });

  test("the same flags refuse files outside, programs and code made from text", async () => {
    const flags = entrypoint().slice(0, -1);
    const refused = async (code: string): Promise<string> => (await ended(root, [...flags, "--eval", code])).printed;
    assert.match(await refused("require('fs').readFileSync('/usr/bin/env')"), /ERR_ACCESS_DENIED/);
    assert.match(await refused("require('fs').writeFileSync('/app/x','')"), /ERR_ACCESS_DENIED/);
    assert.match(await refused("require('child_process').execSync('true')"), /ERR_ACCESS_DENIED/);
    assert.match(await refused("new Function('return 1')()"), /EvalError/);
  });

  test("and the root is not written to, without the permission model too", async () => {
    const run = await ended(root, ["/nodejs/bin/node", "--eval", "require('fs').writeFileSync('/app/x','')"]);
    assert.match(run.printed, /EROFS|EACCES/);
  });
});
