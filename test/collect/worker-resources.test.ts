import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { WorkerResources } from "../../src/collect/worker-resources.ts";
import { workerProcesses } from "../../src/collect/worker-samples.ts";
import { configSchema } from "../../src/config/schema.ts";
import { snapshotOf } from "../support/snapshot.ts";

let root: string;
before(async () => (root = await mkdtemp(join(tmpdir(), "queuewatch-proc-"))));
after(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  await rm(root, { recursive: true, force: true });
  await link("self/ns/uts", "uts:[1]");
});

async function file(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}
async function link(path: string, target: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await rm(join(root, path), { force: true });
  await symlink(target, join(root, path));
}

interface FakeProcess {
  readonly pid: number;
  readonly ticks: readonly [user: number, system: number, childUser: number, childSystem: number];
  readonly kilobytes: number;
  readonly namespaces?: string;
  readonly start?: number;
  readonly uts?: string;
  readonly net?: string;
  readonly bytes?: readonly [received: number, transmitted: number];
  readonly children?: string;
  readonly host?: string;
}

async function fake(process: FakeProcess): Promise<void> {
  const { pid, ticks, kilobytes, namespaces = String(pid), start = 5_000, uts = "uts:[1]", net = "net:[1]" } = process;
  const fields = ["S", "1", ...Array.from({ length: 9 }, () => "0"), ...ticks.map(String), "20", "0", "1", "0"];
  await file(`${pid}/stat`, `${pid} (resque: a) (b) ${[...fields, String(start), "0"].join(" ")}\n`);
  await file(`${pid}/status`, `Name:\truby\nNSpid:\t${namespaces}\nVmRSS:\t  ${kilobytes} kB\n`);
  await file(`${pid}/task/${pid}/children`, process.children ?? "");
  await link(`${pid}/ns/uts`, uts);
  if (net !== "") await link(`${pid}/ns/net`, net);
  const [received, transmitted] = process.bytes ?? [0, 0];
  const zeros = "0 0 0 0 0 0 0";
  await file(
    `${pid}/net/dev`,
    `Inter-|   Receive\n face |bytes\n    lo: 999 ${zeros} 999 ${zeros}\n  eth0: ${received} ${zeros} ${transmitted} ${zeros}\n`,
  );
  if (process.host !== undefined) await file(`${pid}/root/etc/hostname`, `${process.host}\n`);
}

const open = () => new WorkerResources({ proc: root, hostName: "box", platform: "linux" });

test("CPU since the read before, with that of ended children; memory with that of living ones", async () => {
  const resources = open();
  await fake({ pid: 10, ticks: [100, 50, 30, 20], kilobytes: 1_000, children: "11 " });
  await fake({ pid: 11, ticks: [7, 0, 0, 0], kilobytes: 500 });
  const first = await resources.read([{ host: "box", pid: 10 }], 0);
  assert.deepEqual(first.hosts, [{ host: "box", memory: 1_536_000, cpuTime: 0, received: 0, transmitted: 0 }]);
  await fake({ pid: 10, ticks: [150, 60, 130, 20], kilobytes: 1_000 });
  const [host] = (await resources.read([{ host: "box", pid: 10 }], 15_000)).hosts;
  assert.deepEqual([host?.cpuTime, host?.memory], [1.6, 1_024_000]);
});

test("a pid that is another process now begins anew", async () => {
  const resources = open();
  await fake({ pid: 10, ticks: [100, 0, 0, 0], kilobytes: 1 });
  await resources.read([{ host: "box", pid: 10 }], 0);
  await fake({ pid: 10, ticks: [900, 0, 0, 0], kilobytes: 1, start: 6_000 });
  assert.equal((await resources.read([{ host: "box", pid: 10 }], 1)).hosts[0]?.cpuTime, 0);
});

test("network of a namespace is counted once, however many workers share it", async () => {
  const resources = open();
  const workers = [10, 11, 12].map((pid) => ({ host: "box", pid }));
  const set = async (bytes: readonly [number, number]) => {
    for (const pid of [10, 11]) await fake({ pid, ticks: [0, 0, 0, 0], kilobytes: 1, net: "net:[7]", bytes });
    await fake({ pid: 12, ticks: [0, 0, 0, 0], kilobytes: 1, net: "net:[8]", bytes: [bytes[0] * 2, 0] });
  };
  await set([1_000, 100]);
  await resources.read(workers, 0);
  await set([1_500, 400]);
  const [host] = (await resources.read(workers, 1)).hosts;
  assert.deepEqual([host?.received, host?.transmitted], [500 + 1_000, 300]);
});

test("workers in containers are found by the pid that they see, and by their own host name", async () => {
  const resources = open();
  for (const [pid, host] of [
    [4_001, "pod-a"],
    [4_002, "pod-b"],
  ] as const)
    await fake({ pid, namespaces: `${pid}\t1`, uts: `uts:[${pid}]`, host, ticks: [0, 0, 0, 0], kilobytes: pid });
  const workers = [
    { host: "pod-a", pid: 1 },
    { host: "pod-b", pid: 1 },
  ];
  const { hosts, seen, notes } = await resources.read(workers, 0);
  assert.deepEqual(
    hosts.map(({ host, memory }) => [host, memory]),
    [
      ["pod-a", 4_001 * 1_024],
      ["pod-b", 4_002 * 1_024],
    ],
  );
  assert.deepEqual([seen, notes], [2, []]);
});

test("the same pid on another host is not taken for a worker's", async () => {
  await fake({ pid: 10, ticks: [0, 0, 0, 0], kilobytes: 1 });
  const { hosts, notes } = await open().read([{ host: "elsewhere", pid: 10 }], 0);
  assert.deepEqual(hosts, []);
  assert.match(notes[0] ?? "", /1 of 1 workers' processes are not on this host/);
});

test("what may not be read is said, and the rest is there", async () => {
  await fake({ pid: 10, ticks: [0, 0, 0, 0], kilobytes: 8, net: "" });
  const { hosts, notes } = await open().read([{ host: "box", pid: 10 }], 0);
  assert.equal(hosts[0]?.memory, 8_192);
  assert.match(notes[0] ?? "", /network of 1 .*CAP_SYS_PTRACE/);
});

test("elsewhere than on Linux it says so", async () => {
  const resources = new WorkerResources({ platform: "darwin" });
  assert.deepEqual((await resources.read([{ host: "box", pid: 1 }], 0)).notes, [
    "workers' processes can be looked at on Linux only",
  ]);
});

test("a living process on this machine", { skip: process.platform !== "linux" && "Linux only" }, async () => {
  const child = spawn(process.execPath, ["-e", "console.log(1); for (;;) Math.sqrt(2)"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  const resources = new WorkerResources();
  const worker = { host: hostname(), pid: child.pid ?? 0 };
  await resources.read([worker], 0);
  let used = 0;
  for (let round = 0; round < 200 && used < 0.05; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    used += (await resources.read([worker], round)).hosts[0]?.cpuTime ?? 0;
  }
  const [host] = (await resources.read([worker], 1_000)).hosts;
  child.kill("SIGKILL");
  assert.ok(used >= 0.05, "it computes all the time");
  assert.ok((host?.memory ?? 0) > 10_000_000, "Node takes more than 10 MB");
});

test("samples: memory only where the system does not tell it, hosts together where they are not wanted apart", async () => {
  await fake({ pid: 10, ticks: [0, 0, 0, 0], kilobytes: 4 });
  const clock = { now: () => 0, monotonic: () => 0 };
  const target = (by_host: boolean) => {
    const [only] = configSchema.parse({ targets: [{ name: "t", redis: "redis://h", workers: { by_host } }] }).targets;
    assert.ok(only);
    return only;
  };
  const empty = snapshotOf();
  const workers = { ...empty.workers, processes: [{ host: "box", pid: 10 }] };
  const options = { proc: root, hostName: "box", platform: "linux" } as const;
  const read = workerProcesses(target(false), clock, options);
  const said = async (snapshot: typeof empty, from = read) =>
    (await from([snapshot])).samples.map(({ metric, values, value }) => [metric.name, ...values, value]);
  assert.deepEqual(await said({ ...empty, workers }), [
    ["jobqueue.worker.memory", "all", 4_096],
    ["jobqueue.worker.cpu.time", "all", 0],
    ["jobqueue.worker.network.io", "all", "receive", 0],
    ["jobqueue.worker.network.io", "all", "transmit", 0],
  ]);
  const hosts = [{ host: "box", slots: 1, busy: 0, memory: 9, heartbeatAge: 1, redisRtt: 1 }];
  const told = await said({ ...empty, workers: { ...workers, hosts } }, workerProcesses(target(true), clock, options));
  assert.deepEqual(told[0], ["jobqueue.worker.cpu.time", "box", 0]);
});
