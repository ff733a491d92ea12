import type { Config } from "../config/schema.ts";
import { processUptime } from "../catalogue/queuewatch.ts";
import type { Collection } from "../collect/family.ts";
import { asQueuewatchError, type ErrorCode } from "../errors.ts";
import { type Answer, judge } from "./answer.ts";
import { Batch } from "./batch.ts";
import { type ExportContext, packingOf } from "./create.ts";
import { type DestinationSettings, destinationSettings, openTransport } from "./settings.ts";
import { cumulativeKeeper } from "./temporality.ts";

/** Whether a destination takes our requests, and if not, why. */
export interface ProbeResult {
  /** The destination's name. */
  readonly name: string;
  /** Scheme, host and path: no user, password or query. */
  readonly url: string;
  readonly accepted: boolean;
  /** Undefined where it was accepted. */
  readonly code: ErrorCode | undefined;
  /** What was answered, in a line. */
  readonly reason: string;
}

/** Sends one real request with one point, `queuewatch.process.uptime` of this process, to each destination, once. */
export function probeDestinations(
  config: Config,
  env: NodeJS.ProcessEnv,
  context: Pick<ExportContext, "version" | "now">,
): Promise<ProbeResult[]> {
  const probes = destinationSettings(config.export.otlp).map((settings) => probe(config, settings, env, context));
  return Promise.all(probes);
}

async function probe(
  config: Config,
  settings: DestinationSettings,
  env: NodeJS.ProcessEnv,
  { now = Date.now, version }: Pick<ExportContext, "version" | "now">,
): Promise<ProbeResult> {
  const { origin, pathname } = settings.url;
  const about = { name: settings.name, url: `${origin}${pathname}` };
  const transport = openTransport(settings, env, version);
  try {
    const held = cumulativeKeeper(settings.ended).hold(uptime(config, now()));
    const batch = new Batch(held, now(), packingOf(config, settings, version));
    await batch.pack();
    if (!batch.head) return { ...about, accepted: false, code: "EXPORT_TOO_LARGE", reason: "one point is too large" };
    const answer = await transport.send(batch.head.body, new AbortController().signal);
    return { ...about, ...outcome(answer, now()) };
  } catch (error) {
    const { code, message } = asQueuewatchError(error);
    return { ...about, accepted: false, code, reason: message };
  } finally {
    transport.close();
  }
}

function outcome(answer: Answer, nowMs: number): Pick<ProbeResult, "accepted" | "code" | "reason"> {
  const verdict = judge(answer, nowMs);
  const { reason } = verdict;
  if (verdict.kind === "delivered" && verdict.rejected === 0) return { accepted: true, code: undefined, reason };
  if (verdict.kind === "delivered") return { accepted: false, code: "EXPORT_REJECTED", reason };
  return { accepted: false, code: verdict.kind === "too large" ? "EXPORT_TOO_LARGE" : verdict.code, reason };
}

function uptime({ environment }: Config, timeMs: number): Collection {
  const attributes: Record<string, string> = environment === undefined ? {} : { environment };
  const points = [{ attributes, value: process.uptime(), startMs: undefined }];
  return { target: undefined, timeMs, families: [{ metric: processUptime, points, ended: [] }] };
}
