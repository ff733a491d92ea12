import type { OtlpConfig } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import type { Temporality } from "./metric-data.ts";

/** What is particular about a kind of receiver. Facts as of November 2026, from the vendors' own documentation. */
export interface Vendor {
  /** URL of a region, complete; undefined where the endpoint must be given. */
  readonly url?: (region: string) => string | undefined;
  readonly regions: readonly string[];
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

const datadogSites: Readonly<Record<string, string>> = {
  us1: "datadoghq.com",
  us3: "us3.datadoghq.com",
  us5: "us5.datadoghq.com",
  eu: "datadoghq.eu",
  eu1: "datadoghq.eu",
  ap1: "ap1.datadoghq.com",
  ap2: "ap2.datadoghq.com",
};
const newRelicHosts: Readonly<Record<string, string>> = {
  us: "otlp.nr-data.net",
  eu: "otlp.eu01.nr-data.net",
  gov: "gov-otlp.nr-data.net",
};

/** Any other OTLP receiver, such as the OpenTelemetry Collector. */
export const anyReceiver: Vendor = {
  regions: [],
  path: "/v1/metrics",
  temporality: "cumulative",
  ended: true,
  maxRequestBytes: usual,
};

export const vendors: Readonly<Record<NonNullable<OtlpConfig["preset"]>, Vendor>> = {
  // Takes nothing but delta; 500 kB as it is, or 5 MB when compressed.
  datadog: {
    url: (region) => hostUrl("otlp.", datadogSites[region]),
    regions: Object.keys(datadogSites),
    path: "/v1/metrics",
    temporality: "delta",
    credentials: (key) => ({ "dd-api-key": key }),
    ended: false,
    maxRequestBytes: (compression) => (compression === "gzip" ? 5 : 0.5) * megabyte,
  },
  // Prefers delta; at most 1 MB (10^6 bytes).
  newrelic: {
    url: (region) => hostUrl("", newRelicHosts[region]),
    regions: Object.keys(newRelicHosts),
    path: "/v1/metrics",
    temporality: "delta",
    credentials: (key) => ({ "api-key": key }),
    ended: false,
    maxRequestBytes: () => megabyte,
  },
  "grafana-cloud": {
    url: (region) =>
      /^[a-z0-9-]+$/.test(region) ? `https://otlp-gateway-${region}.grafana.net/otlp/v1/metrics` : undefined,
    regions: ["prod-eu-west-2", "prod-us-east-0", "…"],
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

/** The complete URL that requests go to. Throws CONFIG_INVALID where the region is not known. */
export function metricsUrl(config: OtlpConfig, vendor: Vendor): URL {
  const { endpoint, metrics_endpoint, preset = "", region = "" } = config;
  if (metrics_endpoint !== undefined) return new URL(metrics_endpoint);
  if (endpoint !== undefined) return new URL(withPath(endpoint, vendor.path));
  const url = vendor.url?.(region.toLowerCase());
  if (url !== undefined) return new URL(url);
  throw new QueuewatchError("CONFIG_INVALID", `export.otlp: ${preset} has no region "${region}"`, {
    action: `Write one of ${vendor.regions.join(", ")}, or give \`endpoint\`.`,
  });
}

/** Bases are written with and without what belongs to OTLP; nothing is put there twice. */
function withPath(endpoint: string, path: string): string {
  const base = endpoint.replace(/\/+$/, "");
  const parent = path.replace(/\/v1\/metrics$/, "");
  return parent !== "" && base.endsWith(parent) ? `${base}/v1/metrics` : `${base}${path}`;
}

function hostUrl(prefix: string, host: string | undefined): string | undefined {
  return host === undefined ? undefined : `https://${prefix}${host}/v1/metrics`;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
