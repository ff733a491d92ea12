import { targetView } from "../collect/view.ts";
import type { Collection } from "../collect/family.ts";
import { maskKey } from "../config/mask-key.ts";
import { namedQueues } from "../config/promises.ts";
import type { Config, TargetConfig } from "../config/schema.ts";
import { renderExposition } from "../export/prometheus.ts";
import type { Snapshot } from "../systems/system.ts";
import type { Io } from "./command.ts";
import { snapshotCollection } from "./snapshot-collection.ts";
import { snapshotTable } from "./snapshot-table.ts";
import { painter } from "./terminal.ts";

export const snapshotFormats = ["table", "json", "otlp", "prometheus"] as const;
export type SnapshotFormat = (typeof snapshotFormats)[number];

/** What was read of one target. */
export interface Taken {
  readonly target: TargetConfig;
  readonly snapshots: readonly Snapshot[];
}

interface Context {
  readonly config: Config;
  readonly io: Io;
}

/** Snapshots as text; OpenTelemetry is loaded only for the formats that need it. */
export async function renderSnapshots(
  format: SnapshotFormat,
  taken: readonly Taken[],
  context: Context,
): Promise<string> {
  switch (format) {
    case "table":
      return tables(taken, context.io);
    case "json":
      return json(taken);
    case "otlp":
      return otlp(await collections(taken, context.config), context);
    case "prometheus":
      return renderExposition(await collections(taken, context.config), "prometheus");
  }
}

function tables(taken: readonly Taken[], io: Io): string {
  const paint = painter(io.color);
  return taken
    .flatMap(({ target, snapshots }) => snapshots.map((snapshot) => snapshotTable(snapshot, target, paint)))
    .join("\n");
}

/** Names are as they stand in Redis; what could act on a terminal is escaped as JSON can. */
function json(taken: readonly Taken[]): string {
  const all = taken.flatMap(({ target, snapshots }) => snapshots.map((one) => ({ target: target.name, ...one })));
  const text = JSON.stringify(all, null, 2);
  const escaped = text.replaceAll(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => String.raw`\u` + character.charCodeAt(0).toString(16).padStart(4, "0"),
  );
  return `${escaped}\n`;
}

async function collections(taken: readonly Taken[], config: Config): Promise<Collection[]> {
  const { per_metric: perMetric, total } = config.cardinality;
  const key = await maskKey(config);
  return taken.map(({ target, snapshots }) => {
    const source = {
      target: target.name,
      environment: config.environment,
      view: targetView(config, target, key),
      limits: { perMetric, total },
      namedQueues: namedQueues(target),
    };
    return snapshotCollection(snapshots, source, Date.now());
  });
}

/** A request for each target, a line each. */
async function otlp(all: readonly Collection[], { config, io }: Context): Promise<string> {
  const { OtlpEncoder } = await import("../export/otlp.ts");
  const { agentResource } = await import("../export/resource.ts");
  const encoder = new OtlpEncoder({
    resource: agentResource(config, io.version),
    protocol: "http/json",
    temporality: "cumulative",
    ended: false,
    version: io.version,
  });
  const lines: string[] = [];
  for (const collection of all) lines.push((await encoder.encode(collection)).toString("utf8"));
  return lines.map((line) => `${line}\n`).join("");
}
