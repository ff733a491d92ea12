import type { Config } from "../config/schema.ts";
import { asQueuewatchError, QueuewatchError } from "../errors.ts";
import type { Log } from "../self/log.ts";
import type { Packing } from "./batch.ts";
import type { Destination } from "./destination.ts";
import { LedgerFile } from "./ledger-file.ts";
import { Ledger, type SavedLedger } from "./ledger.ts";
import { OtlpDestination } from "./otlp-destination.ts";
import { OtlpEncoder } from "./otlp.ts";
import { agentResource } from "./resource.ts";
import { type DestinationSettings, destinationSettings, openTransport } from "./settings.ts";
import { cumulativeKeeper, deltaKeeper, type Keeper } from "./temporality.ts";

/** What destinations need to know of the agent. */
export interface ExportContext {
  readonly log: Log;
  /** Where the baselines of delta destinations are kept over a restart. */
  readonly stateDir?: string | undefined;
  /** Time of the agent's clock, in ms. */
  readonly now?: () => number;
  readonly version: string;
}

/**
 * The OTLP destinations of a config. Nothing is connected to before the first collection is offered. `env` says where the
 * proxies are; OpenTelemetry's own variables are part of the config already. Throws CONFIG_INVALID.
 */
export function createDestinations(config: Config, env: NodeJS.ProcessEnv, context: ExportContext): Destination[] {
  return destinationSettings(config.export.otlp).map((settings) => {
    const transport = openTransport(settings, env, context.version);
    const { keeper, save } = keeperOf(settings, context);
    return new OtlpDestination({
      name: settings.name,
      packing: packingOf(config, settings, context.version),
      limits: settings.limits,
      keeper,
      send: (body, signal) => transport.send(body, signal),
      save,
      release: () => transport.close(),
      log: context.log,
      now: context.now ?? Date.now,
    });
  });
}

/** How a destination's requests are made. */
export function packingOf(config: Config, settings: DestinationSettings, version: string): Packing {
  const { compression, ended, maxRequestBytes, protocol, temporality } = settings;
  const resource = agentResource(config, version);
  const encoder = new OtlpEncoder({ resource, protocol, temporality, ended, version });
  return { encoder, protocol, compression, maxRequestBytes };
}

function keeperOf(
  { ended, name, temporality }: DestinationSettings,
  { log, now = Date.now, stateDir }: ExportContext,
): { keeper: Keeper; save: () => Promise<void> } {
  if (temporality === "cumulative") return { keeper: cumulativeKeeper(ended), save: () => Promise.resolve() };
  const file = stateDir === undefined ? undefined : new LedgerFile(stateDir, name);
  // A destination without a ledger is new: what the targets' state files bring along was counted before its time.
  const begun = { sinceMs: now() - process.uptime() * 1_000, accounts: [] };
  const ledger = new Ledger((file && loaded(file, name, log)) ?? begun);
  const save = async (): Promise<void> => {
    try {
      await file?.save(ledger.save());
    } catch (error) {
      say(error, name, log);
    }
  };
  return { keeper: deltaKeeper(ledger, ended), save };
}

function loaded(file: LedgerFile, destination: string, log: Log): SavedLedger | undefined {
  try {
    return file.load();
  } catch (error) {
    say(error, destination, log);
    return undefined;
  }
}

function say(thrown: unknown, destination: string, log: Log): void {
  const { action, code, message } = thrown instanceof QueuewatchError ? thrown : asQueuewatchError(thrown);
  log.warn(message, { code, destination, action });
}
