import { regionHost } from "../config/regions.ts";
import type { OtlpConfig } from "../config/schema.ts";
import type { Temporality } from "./metric-data.ts";

/** What is particular about a kind of receiver. Facts as of November 2026, from the vendors' own documentation. */
export interface Vendor {
  /** Path of OTLP metrics below the server's base URL. */
  readonly path: string;
  readonly temporality: Temporality;
  /** The header that carries the key. */
  readonly credentials?: (key: string, instance: string) => Readonly<Record<string, string>>;
  /** Whether it understands NO_RECORDED_VALUE: it then ends the series at once. */
  readonly ended: boolean;
  /** Limit of a request before compression. */
  readonly maxRequestBytes: (compression: "gzip" | "none") => number;
}

const megabyte = 1_000_000;
const mebibyte = 1024 ** 2;
/** Far below what the Collector (20 MiB) and Prometheus (32 MiB) take, so that a request is quickly built and answered. */
const usual = (): number => 4 * mebibyte;

/** Any other OTLP receiver, such as the OpenTelemetry Collector. */
export const anyReceiver: Vendor = {
  path: "/v1/metrics",
  temporality: "cumulative",
  ended: true,
  maxRequestBytes: usual,
};

export const vendors: Readonly<Record<NonNullable<OtlpConfig["preset"]>, Vendor>> = {
  // Takes nothing but delta; 500 kB as it is, or 5 MB when compressed.
  datadog: {
    path: "/v1/metrics",
    temporality: "delta",
    credentials: (key) => ({ "dd-api-key": key }),
    ended: false,
    maxRequestBytes: (compression) => (compression === "gzip" ? 5 : 0.5) * megabyte,
  },
  // Prefers delta; at most 1 MB (10^6 bytes).
  newrelic: {
    path: "/v1/metrics",
    temporality: "delta",
    credentials: (key) => ({ "api-key": key }),
    ended: false,
    maxRequestBytes: () => megabyte,
  },
  "grafana-cloud": {
    path: "/otlp/v1/metrics",
    temporality: "cumulative",
    credentials: (key, instance) => ({ authorization: basic(instance, key) }),
    ended: true,
    maxRequestBytes: usual,
  },
  prometheus: { ...anyReceiver, path: "/api/v1/otlp/v1/metrics" },
  mimir: { ...anyReceiver, path: "/otlp/v1/metrics" },
  // Takes no JSON.
  victoriametrics: { ...anyReceiver, path: "/opentelemetry/v1/metrics" },
};

/** The complete URL that requests go to. The config's schema has seen to it that there is one. */
export function metricsUrl(config: OtlpConfig, vendor: Vendor): URL {
  const { endpoint, metrics_endpoint, preset = "", region = "" } = config;
  if (metrics_endpoint !== undefined) return new URL(metrics_endpoint);
  return new URL(withPath(endpoint ?? `https://${regionHost(preset, region) ?? ""}`, vendor.path));
}

/** Bases are written with and without what belongs to OTLP; nothing is put there twice. */
function withPath(endpoint: string, path: string): string {
  const base = endpoint.replace(/\/+$/, "");
  const parent = path.replace(/\/v1\/metrics$/, "");
  return parent !== "" && base.endsWith(parent) ? `${base}/v1/metrics` : `${base}${path}`;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
