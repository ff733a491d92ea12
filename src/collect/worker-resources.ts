import { hostname } from "node:os";
import {
  childrenOf,
  hostNameIn,
  listPids,
  namespaceOf,
  networkBytes,
  readProcess,
  type ProcessStatus,
} from "../self/proc.ts";

/** A worker's process as Redis tells it: the host name and pid that it sees itself. */
export interface WorkerProcess {
  readonly host: string;
  readonly pid: number;
}

/** What the workers of one host use. What was used before a process was first seen is not counted. */
export interface HostResources {
  readonly host: string;
  /** Resident bytes now, of the workers and of the children in which they run jobs. */
  readonly memory: number;
  /** Seconds of CPU since the read before. */
  readonly cpuTime: number;
  /** Bytes through their network namespaces since the read before; each namespace is counted once. */
  readonly received: number;
  readonly transmitted: number;
}

export interface ResourcesRead {
  readonly hosts: readonly HostResources[];
  /** Processes that were told and found. */
  readonly seen: number;
  /** What could not be looked at and why, a line each, for `check`. */
  readonly notes: readonly string[];
}

/** Where to look; for tests. */
export interface ResourcesOptions {
  readonly proc?: string;
  readonly hostName?: string;
  readonly platform?: NodeJS.Platform;
}

/** Workers in other pid namespaces are looked for among all processes; at most so many, and not more often than this. */
const maxProcesses = 20_000;
const searchEveryMs = 60_000;

type Host = { -readonly [Field in keyof HostResources]: HostResources[Field] };

/**
 * Reads what the workers' processes use of the machine, from /proc, for those on the agent's host or in its pod (which
 * must share its process namespace). They are found by host name and pid as Redis tells them; a pid in a container is
 * found by NSpid. Linux only. Remembers what it has seen, to tell what was added since.
 */
export class WorkerResources {
  readonly #proc: string;
  readonly #hostName: string;
  readonly #linux: boolean;
  /** Outer pids by `host pid` of workers, as found before. */
  readonly #pids = new Map<string, number>();
  #searchedMs = Number.NEGATIVE_INFINITY;
  #cpu = new Map<string, number>();
  #network = new Map<string, { received: number; transmitted: number }>();

  constructor({ proc = "/proc", hostName = hostname(), platform = process.platform }: ResourcesOptions = {}) {
    this.#proc = proc;
    this.#hostName = hostName;
    this.#linux = platform === "linux";
  }

  /** Never rejects: what cannot be read is left out, and said. `nowMs` is the agent's clock. */
  async read(processes: readonly WorkerProcess[], nowMs: number): Promise<ResourcesRead> {
    if (!this.#linux) return { hosts: [], seen: 0, notes: ["workers' processes can be looked at on Linux only"] };
    const found = await this.#find(processes, nowMs);
    const hosts = new Map<string, Host>();
    for (const { host } of found) hosts.set(host, { host, memory: 0, cpuTime: 0, received: 0, transmitted: 0 });
    await this.#measure(found, hosts);
    const blocked = await this.#measureNetwork(found, hosts);
    return { hosts: [...hosts.values()], seen: found.length, notes: notesOf(processes.length, found.length, blocked) };
  }

  async #find(processes: readonly WorkerProcess[], nowMs: number): Promise<Found[]> {
    const direct = await Promise.all(processes.map((process) => this.#direct(process)));
    const missing = processes.filter((_, index) => direct[index] === undefined);
    if (missing.length > 0 && nowMs - this.#searchedMs >= searchEveryMs) {
      this.#searchedMs = nowMs;
      await this.#search(missing);
      const late = await Promise.all(missing.map((process) => this.#direct(process)));
      return [...direct, ...late].filter((one) => one !== undefined);
    }
    return direct.filter((one) => one !== undefined);
  }

  /** Where it was found before, or under the very pid that Redis tells. */
  async #direct(worker: WorkerProcess): Promise<Found | undefined> {
    const status = await readProcess(this.#proc, this.#pids.get(keyOf(worker)) ?? worker.pid);
    if (status?.ownPid !== worker.pid) return undefined;
    return (await this.#isOn(status, worker.host)) ? { host: worker.host, status } : undefined;
  }

  /** Goes through all processes once. */
  async #search(workers: readonly WorkerProcess[]): Promise<void> {
    const wanted = Map.groupBy(workers, ({ pid }) => pid);
    for (const pid of (await listPids(this.#proc)).slice(0, maxProcesses)) {
      const status = await readProcess(this.#proc, pid);
      for (const worker of status ? (wanted.get(status.ownPid) ?? []) : [])
        if (status && (await this.#isOn(status, worker.host))) this.#pids.set(keyOf(worker), pid);
    }
    if (this.#pids.size > maxProcesses) this.#pids.clear();
  }

  /** Whether the process calls its host so: by the agent's own name, or by that in its container. */
  async #isOn({ pid }: ProcessStatus, host: string): Promise<boolean> {
    const [own, theirs] = await Promise.all([
      namespaceOf(this.#proc, "self", "uts"),
      namespaceOf(this.#proc, pid, "uts"),
    ]);
    const elsewhere = own !== undefined && theirs !== undefined && own !== theirs;
    if (!elsewhere && host === this.#hostName) return true;
    return (await hostNameIn(this.#proc, pid)) === host;
  }

  /** CPU since the read before, and memory now. */
  async #measure(found: readonly Found[], hosts: ReadonlyMap<string, Host>): Promise<void> {
    const cpu = new Map<string, number>();
    const children = await this.#children(found);
    for (const { host, status } of found) {
      const key = `${status.pid} ${status.startTicks}`;
      cpu.set(key, status.cpuSeconds);
      const own = hosts.get(host);
      if (!own) continue;
      own.cpuTime += Math.max(0, status.cpuSeconds - (this.#cpu.get(key) ?? status.cpuSeconds));
      own.memory += status.residentBytes;
      for (const child of children.get(status.pid) ?? []) own.memory += child.residentBytes;
    }
    this.#cpu = cpu;
  }

  /** Resque runs each job in a child. */
  async #children(found: readonly Found[]): Promise<ReadonlyMap<number, ProcessStatus[]>> {
    const entries = await Promise.all(
      found.map(async ({ status: { pid } }) => {
        const pids = await childrenOf(this.#proc, pid);
        const children = await Promise.all(pids.map((child) => readProcess(this.#proc, child)));
        return [pid, children.filter((child) => child !== undefined)] as const;
      }),
    );
    return new Map(entries);
  }

  /** Gives how many processes' network could not be read. */
  async #measureNetwork(found: readonly Found[], hosts: ReadonlyMap<string, Host>): Promise<number> {
    const seen = new Map<string, { received: number; transmitted: number }>();
    let blocked = 0;
    for (const { host, status } of found) {
      const namespace = await namespaceOf(this.#proc, status.pid, "net");
      if (namespace !== undefined && seen.has(namespace)) continue;
      const bytes = namespace === undefined ? undefined : await networkBytes(this.#proc, status.pid);
      if (namespace === undefined || !bytes) {
        blocked++;
        continue;
      }
      seen.set(namespace, bytes);
      const before = this.#network.get(namespace) ?? bytes;
      const own = hosts.get(host);
      if (!own) continue;
      own.received += Math.max(0, bytes.received - before.received);
      own.transmitted += Math.max(0, bytes.transmitted - before.transmitted);
    }
    this.#network = seen;
    return blocked;
  }
}

interface Found {
  readonly host: string;
  readonly status: ProcessStatus;
}

function keyOf({ host, pid }: WorkerProcess): string {
  return `${host} ${pid}`;
}

function notesOf(told: number, seen: number, blocked: number): string[] {
  const notes: string[] = [];
  if (seen < told)
    notes.push(
      `${told - seen} of ${told} workers' processes are not on this host, or not in a process namespace shared with the agent`,
    );
  if (blocked > 0)
    notes.push(
      `network of ${blocked} workers' processes may not be read: run the agent as their user, or with CAP_SYS_PTRACE`,
    );
  return notes;
}
