import { prefixesOf } from "../../collect/readers.ts";
import { namedQueues } from "../../config/promises.ts";
import type { TargetConfig } from "../../config/schema.ts";
import { QueuewatchError } from "../../errors.ts";
import type { Redis } from "../../redis/client.ts";
import { info, time } from "../../redis/commands.ts";
import { parseInfo, serverVersion } from "../../redis/health.ts";
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
}

/** Asks one target: whether it answers, what it is, what job systems are in it, and what one read of them gives. */
export async function checkTarget(target: TargetConfig, parts: TargetParts): Promise<Finding[]> {
  try {
    const server = await checkServer(target, parts);
    const found = await findSystems(target, parts);
    if (found.length === 0) return [...server, fault("jobs", notFound(target))];
    const systems: Finding[] = [];
    for (const entry of found) systems.push(...(await checkSystem(target, entry, parts)));
    return [...server, ...systems];
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

async function findSystems(target: TargetConfig, { redis, systems, signal }: TargetParts): Promise<Found[]> {
  const found: Found[] = [];
  for (const system of systems.filter(({ id }) => target.system === "auto" || target.system === id))
    for (const prefix of prefixesOf(target, system)) {
      const detected = await system.detect(redis, prefix, signal);
      if (detected) found.push({ system, detected });
    }
  return found;
}

function notFound(target: TargetConfig): QueuewatchError {
  const where = target.namespaces === undefined ? "" : ` under ${target.namespaces.join(", ")}`;
  const what = target.system === "auto" ? "Sidekiq or Resque" : target.system;
  return new QueuewatchError("SYSTEM_NOT_FOUND", `no trace of ${what}${where} in this database`);
}

async function checkSystem(target: TargetConfig, found: Found, { redis, signal }: TargetParts): Promise<Finding[]> {
  const { prefix, title } = found.detected;
  const options = { prefix, namedQueues: namedQueues(target), schedules: target.schedules, includePast: false };
  const snapshot = await found.system.open(redis, options).read(signal);
  const where = prefix === "" || prefix === found.system.defaultPrefix ? "" : ` under ${prefix}`;
  return [
    ok("jobs", `${title}${where}: ${summary(snapshot)}`),
    ...snapshot.problems.map(({ code, message }) => fault("jobs", new QueuewatchError(code, message))),
  ];
}

function summary({ queues, sets, workers }: Snapshot): string {
  const waiting = queues.reduce((sum, { size }) => sum + size, 0);
  const alive = workers.active + workers.quiet;
  return [
    `${queues.length} queues (${waiting} jobs)`,
    `${alive} workers${workers.lost > 0 ? ` and ${workers.lost} lost` : ""}`,
    ...sets.map(({ set, size }) => `${size} ${set}`),
  ].join(", ");
}
