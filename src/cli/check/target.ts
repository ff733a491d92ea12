import { prefixesOf } from "../../collect/readers.ts";
import { WorkerResources } from "../../collect/worker-resources.ts";
import { compileGlob } from "../../config/glob.ts";
import type { TargetConfig } from "../../config/schema.ts";
import { didYouMean } from "../../config/suggest.ts";
import { asQueuewatchError, QueuewatchError } from "../../errors.ts";
import { needsOf } from "../../redis/acl.ts";
import type { Redis } from "../../redis/client.ts";
import { info, time } from "../../redis/commands.ts";
import { parseInfo, serverVersion } from "../../redis/health.ts";
import { missingRights, probeRights } from "../../redis/rights.ts";
import { printable } from "../../self/printable.ts";
import { detectSystems, scanNamespaces } from "../../systems/detect.ts";
import type { Detected, Snapshot, System } from "../../systems/system.ts";
import { fault, note, ok, type Finding } from "./finding.ts";

const skewNotedMs = 2_000;

/** What is known of a target's Redis after asking it. */
export interface TargetParts {
  readonly redis: Redis;
  readonly systems: readonly System[];
  /** Milliseconds since the epoch on the agent's machine. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Look through the key space for namespaces that the config does not name. */
  readonly scan: boolean;
}

/** Asks one target: whether it answers, what it is, what job systems are in it, and what the user may read of them. */
export async function checkTarget(target: TargetConfig, parts: TargetParts): Promise<Finding[]> {
  try {
    const findings = await checkServer(target, parts);
    const found = await findSystems(target, parts);
    const queues: string[] = [];
    for (const entry of found.systems) {
      const checked = await checkSystem(target, entry, parts);
      findings.push(...checked.findings);
      queues.push(...checked.queues);
    }
    if (found.systems.length === 0) findings.push(fault("jobs", notFound(target)));
    else findings.push(...unknownQueues(target, queues));
    findings.push(...found.notes, ...(await checkRights(target, found.systems, parts)));
    if (parts.scan) findings.push(...(await scanFurther(parts)));
    return findings;
  } catch (error) {
    return [fault("redis", error)];
  }
}

async function checkServer(target: TargetConfig, { redis, now, signal }: TargetParts): Promise<Finding[]> {
  const asked = now();
  const [clock, server] = await redis.read([time(), info("server")], signal);
  const answered = now();
  const name = server.ok ? serverName(server.value) : "Redis";
  const encrypted = isEncrypted(target) ? "TLS" : "not encrypted";
  const findings = [ok("redis", `${name}, ${encrypted}, answers in ${answered - asked} ms`)];
  if (!clock.ok) return [...findings, fault("clock", clock.error)];
  const skew = Math.round(clock.value - (asked + answered) / 2);
  if (Math.abs(skew) < skewNotedMs) return findings;
  const which = skew > 0 ? "ahead of" : "behind";
  findings.push(
    note(
      "clock",
      `Redis is ${Math.abs(skew) / 1_000} s ${which} this machine`,
      "Synchronise both clocks; ages go by Redis's.",
    ),
  );
  return findings;
}

/** `Redis 7.0.15`, `Valkey 8.1.1`, of INFO's text. */
export function serverName(text: string): string {
  const version = serverVersion(parseInfo(text)) ?? "of unknown version";
  return version.startsWith("Valkey") ? version : `Redis ${version}`;
}

function isEncrypted({ redis }: TargetConfig): boolean {
  return redis.tls !== undefined || (redis.url?.reveal().startsWith("rediss:") ?? false);
}

interface Found {
  readonly system: System;
  readonly detected: Detected;
}

/** What is there by the keys that the systems are known to write, and what such a look cannot rule out. */
async function findSystems(target: TargetConfig, { redis, systems, signal, scan }: TargetParts) {
  const wanted = systems.filter(({ id }) => target.system === "auto" || target.system === id);
  const prefixes = [...new Set(wanted.flatMap((system) => prefixesOf(target, system)))];
  const detection = await detectSystems(redis, { systems: wanted, prefixes, signal });
  const found = detection.systems.flatMap((detected): Found[] => {
    const system = wanted.find(({ id }) => id === detected.system);
    return system ? [{ system, detected }] : [];
  });
  const schedulers = detection.schedulers.map((title) => ok("schedules", title));
  const open = detection.notRuledOut.join("; ");
  const todo = "Name namespaces in `namespaces`; `--scan`, with a user who may SCAN, looks for them.";
  const elsewhere = { ...ok("elsewhere", `not looked at: ${open}`), ...(scan ? {} : { todo }) };
  return { systems: found, notes: [...schedulers, ...(open === "" ? [] : [elsewhere])] };
}

/** Whether the user has the rights that `queuewatch acl` prints, and no more than those. */
async function checkRights(
  target: TargetConfig,
  found: readonly Found[],
  { redis, systems, signal }: TargetParts,
): Promise<Finding[]> {
  const there = systems.filter(({ id }) => found.some(({ system }) => system.id === id));
  const wanted = systems.filter(({ id }) => target.system === "auto" || target.system === id);
  const grants = (there.length > 0 ? there : wanted).map((system) => ({
    keyPatterns: (prefix: string) => system.keyPatterns(prefix),
    commands: system.commands,
    prefixes: prefixesOf(target, system),
  }));
  const rights = await probeRights(redis, needsOf(grants), signal);
  const missing = missingRights(rights);
  const advice = "Give the agent a user of its own: `queuewatch acl` prints it.";
  const findings = missing ? [fault("rights", missing)] : [ok("rights", "everything that is needed may be read")];
  const changes = rights.changes ?? [];
  const more = [
    ...(rights.readsOtherKeys === true ? ["read other keys too"] : []),
    ...(changes.length > 0 ? [`write (${changes.slice(0, 3).join(", ")}, …)`] : []),
  ];
  return more.length === 0 ? findings : [...findings, note("rights", `the user may ${more.join(", and ")}`, advice)];
}

const scanAdvice = "Run `check --scan` once as a user who may SCAN; the agent itself needs no such right.";

/** Looks for namespaces that nobody named; needs a user who may SCAN. */
async function scanFurther({ redis, signal }: TargetParts): Promise<Finding[]> {
  try {
    const { prefixes, complete } = await scanNamespaces(redis, signal);
    const extent = complete ? "the whole database" : "the first million keys";
    const found = prefixes.map((prefix) => (prefix === "" ? "no namespace" : printable(prefix))).join(", ");
    return [ok("scan", `${extent}: sets of queues under ${found === "" ? "no prefix" : found}`)];
  } catch (thrown) {
    const error = asQueuewatchError(thrown);
    const action = error.code === "REDIS_PERMISSION" ? scanAdvice : error.action;
    return [fault("scan", new QueuewatchError(error.code, error.message, { action }))];
  }
}

function notFound(target: TargetConfig): QueuewatchError {
  const where = target.namespaces === undefined ? "" : ` under ${target.namespaces.join(", ")}`;
  const what = target.system === "auto" ? "Sidekiq or Resque" : target.system;
  return new QueuewatchError("SYSTEM_NOT_FOUND", `no trace of ${what}${where} in this database`);
}

/** What is in one system, and the names of its queues. */
async function checkSystem(target: TargetConfig, found: Found, { redis, signal }: TargetParts) {
  const { prefix, title } = found.detected;
  // Queues that only the config names are left out: they would seem to be there.
  const options = { prefix, namedQueues: [], schedules: target.schedules, includePast: false };
  const snapshot = await found.system.open(redis, options).read(signal);
  const where = prefix === "" || prefix === found.system.defaultPrefix ? "" : ` under ${prefix}`;
  const findings = [
    ok("jobs", `${title}${where}: ${summary(snapshot)}`),
    ...snapshot.problems.map(({ code, message }) => fault("jobs", new QueuewatchError(code, message))),
    ...(target.workers.processes ? await checkProcesses(snapshot) : []),
  ];
  return { findings, queues: snapshot.queues.map(({ queue }) => queue) };
}

/** Queues and patterns of the config that nothing in Redis has the name of: mistyped, or not used yet. */
function unknownQueues({ queues }: TargetConfig, found: readonly string[]): Finding[] {
  const advice = "Mend the name; or wait for the first job, if it is a new one.";
  return Object.keys(queues).flatMap((source) => {
    const glob = compileGlob(source);
    if (found.some((name) => glob.matches(name))) return [];
    if (glob.literal === undefined) return [note("queues", `no queue in Redis matches \`${source}\``, advice)];
    const near = didYouMean(glob.literal, found);
    return [note("queues", `\`${glob.literal}\` is in the config, but not in Redis${near}`, advice)];
  });
}

/** Whether the workers' own processes can be looked at from here. */
async function checkProcesses({ workers }: Snapshot): Promise<Finding[]> {
  const { seen, notes } = await new WorkerResources().read(workers.processes, 0);
  const advice = "Run the agent on the workers' host, or in their pod with a shared process namespace.";
  const found = `${seen} of ${workers.processes.length} processes of workers can be seen`;
  return [ok("processes", found), ...notes.map((text) => note("processes", text, advice))];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function summary({ queues, sets, workers }: Snapshot): string {
  const waiting = queues.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const alive = workers.active + workers.quiet;
  return [
    `${counted(queues.length, "queue")} (${counted(waiting, "job")})`,
    `${counted(alive, "worker")}${workers.lost > 0 ? ` and ${workers.lost} lost` : ""}`,
    ...sets.map(({ set, size }) => `${size} ${set}`),
  ].join(", ");
}
