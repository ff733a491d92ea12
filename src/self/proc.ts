import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** What Linux says of one process in `/proc/<pid>` (proc(5)). */
export interface ProcessStatus {
  /** The pid in the namespace of this `/proc`. */
  readonly pid: number;
  /** The pid that the process itself sees: the last of NSpid, in its innermost pid namespace. */
  readonly ownPid: number;
  /** When it started, in clock ticks since boot: with the pid it tells a process from any other. */
  readonly startTicks: number;
  /** Seconds of CPU, in user and kernel mode, with those of children that have ended and were waited for. */
  readonly cpuSeconds: number;
  /** Resident bytes. */
  readonly residentBytes: number;
}

/** USER_HZ, which every Linux since 2.4 tells user space. */
const ticksPerSecond = 100;

/** Undefined where there is no such process, or it may not be looked at. */
export async function readProcess(proc: string, pid: number): Promise<ProcessStatus | undefined> {
  const folder = join(proc, String(pid));
  const [stat, status] = await Promise.all([textOf(join(folder, "stat")), textOf(join(folder, "status"))]);
  if (stat === undefined || status === undefined) return undefined;
  // The name stands in brackets and may hold anything, brackets and spaces too.
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return {
    pid,
    ownPid: numberAfter(status, /^NSpid:(?:\s+\d+)*\s+(\d+)$/m) ?? pid,
    startTicks: fields[19] ?? 0,
    cpuSeconds: ticks / ticksPerSecond,
    residentBytes: (numberAfter(status, /^VmRSS:\s*(\d+) kB$/m) ?? 0) * 1_024,
  };
}

function numberAfter(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The pids in this `/proc`; empty where it cannot be read. */
export async function listPids(proc: string): Promise<number[]> {
  try {
    return (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
  }
}

/** Pids of the children of a process's main thread; empty where the kernel does not tell. */
export async function childrenOf(proc: string, pid: number): Promise<number[]> {
  const text = await textOf(join(proc, String(pid), "task", String(pid), "children"));
  return text?.trim().split(/\s+/).filter(Boolean).map(Number) ?? [];
}

/** Which namespace of a kind a process is in; undefined where that may not be known. */
export async function namespaceOf(
  proc: string,
  pid: number | "self",
  kind: "uts" | "net",
): Promise<string | undefined> {
  try {
    return await readlink(join(proc, String(pid), "ns", kind));
  } catch {
    return undefined;
  }
}

/** The host name in a process's own container, as its files have it. */
export async function hostNameIn(proc: string, pid: number): Promise<string | undefined> {
  return (await textOf(join(proc, String(pid), "root/etc/hostname")))?.trim();
}

/** Bytes that went through the network interfaces of a process's namespace, loopback left out. */
export async function networkBytes(
  proc: string,
  pid: number,
): Promise<{ readonly received: number; readonly transmitted: number } | undefined> {
  const text = await textOf(join(proc, String(pid), "net/dev"));
  if (text === undefined) return undefined;
  let [received, transmitted] = [0, 0];
  for (const [, name, numbers] of text.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)) {
    if (name === "lo") continue;
    const values = (numbers ?? "").trim().split(/\s+/).map(Number);
    received += values[0] ?? 0;
    transmitted += values[8] ?? 0;
  }
  return { received, transmitted };
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}
