import type { OtlpConfig } from "../config/schema.ts";
import { HttpTransport } from "./transport.ts";
import type { Temporality } from "./metric-data.ts";
import type { Protocol } from "./request.ts";
import { secretHeaders } from "./headers.ts";
import { TlsFiles } from "./tls-files.ts";
import { anyReceiver, metricsUrl, vendors } from "./vendors.ts";

/** A destination's config with the preset's and the general defaults filled in. */
export interface DestinationSettings {
  readonly name: string;
  readonly url: URL;
  readonly protocol: Protocol;
  readonly compression: "gzip" | "none";
  readonly temporality: Temporality;
  /** Whether it is told of ended series. */
  readonly ended: boolean;
  readonly maxRequestBytes: number;
  readonly timeoutMs: number;
  readonly limits: { readonly maxBytes: number; readonly maxAgeMs: number };
  readonly secretHeaders: () => Promise<Record<string, string>>;
  readonly tls: TlsFiles;
}

const defaultTimeout = 10;

/** The settings of all destinations, each with a name of its own. */
export function destinationSettings(configs: readonly OtlpConfig[]): DestinationSettings[] {
  const taken = new Set<string>();
  return configs.map((config) => {
    const settings = settingsOf(config);
    const name = freeName(settings.name, taken);
    taken.add(name);
    return { ...settings, name };
  });
}

function settingsOf(config: OtlpConfig): DestinationSettings {
  const vendor = config.preset === undefined ? anyReceiver : vendors[config.preset];
  const url = metricsUrl(config, vendor);
  const compression = config.compression ?? "gzip";
  return {
    name: config.name ?? url.host,
    url,
    protocol: config.protocol ?? "http/protobuf",
    compression,
    temporality: config.temporality ?? vendor.temporality,
    ended: vendor.ended,
    maxRequestBytes: config.max_request_bytes ?? vendor.maxRequestBytes(compression),
    // Timers take whole numbers only, which 0.35 * 1_000 is not.
    timeoutMs: Math.ceil((config.timeout ?? defaultTimeout) * 1_000),
    limits: { maxBytes: config.buffer.max_bytes, maxAgeMs: config.buffer.max_age * 1_000 },
    secretHeaders: secretHeaders(config, vendor),
    tls: new TlsFiles(config.tls),
  };
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}-${number}`;
  return free;
}

/** The transport of a destination. */
export function openTransport(settings: DestinationSettings, env: NodeJS.ProcessEnv, version: string): HttpTransport {
  const { compression, protocol, timeoutMs, tls, url } = settings;
  return new HttpTransport({
    url,
    headers: {
      "content-type": protocol === "http/json" ? "application/json" : "application/x-protobuf",
      "user-agent": `queuewatch/${version}`,
      ...(compression === "gzip" ? { "content-encoding": "gzip" } : {}),
    },
    secretHeaders: settings.secretHeaders,
    tls,
    timeoutMs,
    env,
  });
}
