import type { IncomingHttpHeaders } from "node:http";
import { prometheusLabel } from "../../src/catalogue/prometheus-name.ts";
import type { OtlpConfig } from "../../src/config/schema.ts";
import type { ReceivedPoint } from "./otlp-points.ts";

type Preset = NonNullable<OtlpConfig["preset"]>;

/** What a vendor documents about its OTLP intake, as far as a sender of metrics can break it. */
export interface VendorContract {
  /** Settings beside preset and endpoint that the vendor needs. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly authorized: (headers: IncomingHttpHeaders) => boolean;
  readonly unauthorized: 401 | 403;
  readonly contentTypes: readonly string[];
  /** Largest body after decompression; answered by 413. */
  readonly maxBytes: (compressed: boolean) => number;
  readonly temporalities: readonly ("delta" | "cumulative")[];
  readonly wrongTemporality: number;
  /** What is wrong with the names and attributes of a point. */
  readonly nameProblem: (point: ReceivedPoint) => string | undefined;
  /** The longest value of an attribute `queue`, where there is a limit. */
  readonly longest?: number;
  /** Whether a point that says that its series has ended is understood. */
  readonly ended: boolean;
  /** Points of one series that fall into the same stretch are one, or an error. */
  readonly resolutionMs: number;
  /** Whether the points of a series must come in order. */
  readonly ordered: boolean;
  /** Answers 2xx before it looks: what is wrong is told elsewhere. */
  readonly looksLater: boolean;
}

const key = "key-of-the-vendor";
const both = ["application/x-protobuf", "application/json"] as const;
const mebibyte = 1024 ** 2;

/**
 * Mimir, limits of `-validation.*` at their defaults (grafana.com/docs/mimir/latest/configure/configuration-parameters):
 * 30 labels a series, names of 1,024 and values of 2,048 characters. Grafana Cloud documents the same lengths
 * (grafana.com/docs/grafana-cloud/send-data/metrics/label-handling-and-limits).
 */
const mimirNames = (point: ReceivedPoint): string | undefined =>
  labelProblem(point, { count: 30, name: 1_024, value: 2_048 });

/** What Prometheus documents of its own, and all that are made like it share. */
const likePrometheus = {
  settings: {},
  authorized: () => true,
  unauthorized: 401,
  contentTypes: both,
  temporalities: ["cumulative"],
  nameProblem: (point) => labelProblem(point, { count: Infinity, name: Infinity, value: Infinity }),
  ended: true,
  resolutionMs: 1,
  ordered: true,
  looksLater: false,
} as const satisfies Partial<VendorContract>;

export const contracts: Readonly<Record<Preset, VendorContract>> = {
  // docs.datadoghq.com/opentelemetry/setup/otlp_ingest/metrics: path, header, delta only, 500 kB as it is and 5 MB when
  // compressed (after decompression), 403 for a wrong site or key, the last of the points of one second wins.
  // docs.datadoghq.com/getting_started/tagging: tags begin with a letter and have up to 200 characters, key included.
  // docs.datadoghq.com/metrics/custom_metrics: names begin with a letter, ASCII letters, digits, `_` and `.`, up to 200.
  datadog: {
    settings: { key, region: "eu" },
    path: "/v1/metrics",
    authorized: (headers) => headers["dd-api-key"] === key,
    unauthorized: 403,
    contentTypes: both,
    maxBytes: (compressed) => (compressed ? 5_000_000 : 500_000),
    temporalities: ["delta"],
    wrongTemporality: 400,
    nameProblem: ({ attributes, name }) => {
      if (!/^[A-Za-z][\w.]{0,199}$/.test(name)) return "name";
      const tags = Object.entries(attributes).map(([tag, value]) => `${tag}:${value}`);
      return tags.every((tag) => /^[A-Za-z]/.test(tag) && !tag.endsWith(":") && tag.length <= 200) ? undefined : "tag";
    },
    longest: 200 - "queue:".length,
    ended: false,
    resolutionMs: 1_000,
    ordered: false,
    looksLater: false,
  },
  // docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp: path, header, 1 MB (10^6 bytes), names of
  // attributes up to 255 and values up to 4,095 characters, 64 attributes; asynchronous validation (NrIntegrationError).
  // …/opentelemetry-best-practices-metrics: delta preferred, cumulative taken, no non-monotonic delta.
  newrelic: {
    settings: { key, region: "eu" },
    path: "/v1/metrics",
    authorized: (headers) => headers["api-key"] === key,
    unauthorized: 403,
    contentTypes: both,
    maxBytes: () => 1_000_000,
    temporalities: ["delta", "cumulative"],
    wrongTemporality: 200,
    nameProblem: ({ attributes, name, resource }) => {
      if (name.length > 255) return "name";
      const all = Object.entries({ ...resource, ...attributes });
      return all.length <= 64 && all.every(([attribute, value]) => attribute.length <= 255 && value.length <= 4_095)
        ? undefined
        : "attribute";
    },
    longest: 4_095,
    ended: false,
    resolutionMs: 1,
    ordered: false,
    looksLater: true,
  },
  // grafana.com/docs/grafana-cloud/send-data/otlp/send-data-otlp: path, basic authentication by instance and token;
  // behind it is Mimir, which takes no delta by default.
  "grafana-cloud": {
    ...likePrometheus,
    settings: { key, region: "prod-eu-west-2", instance: "1234" },
    path: "/otlp/v1/metrics",
    authorized: ({ authorization }) => authorization === `Basic ${Buffer.from(`1234:${key}`).toString("base64")}`,
    maxBytes: () => 100 * mebibyte,
    wrongTemporality: 400,
    nameProblem: mimirNames,
    longest: 2_048,
  },
  // prometheus.io/docs/guides/opentelemetry: path. Prometheus 3.16: reads 32 MiB; delta without a feature flag fails the
  // whole request with 500, a point that is out of order or there already with 400.
  prometheus: {
    ...likePrometheus,
    path: "/api/v1/otlp/v1/metrics",
    maxBytes: () => 32 * mebibyte,
    wrongTemporality: 500,
  },
  // grafana.com/docs/mimir/latest/configure/configure-otel-collector: path, tenant by X-Scope-OrgID;
  // `-distributor.max-otlp-request-size` is 100 MiB, `-distributor.otel-native-delta-ingestion` off.
  mimir: {
    ...likePrometheus,
    settings: { headers: { "x-scope-orgid": "shop" } },
    path: "/otlp/v1/metrics",
    authorized: (headers) => headers["x-scope-orgid"] === "shop",
    maxBytes: () => 100 * mebibyte,
    wrongTemporality: 400,
    nameProblem: mimirNames,
    longest: 2_048,
  },
  // docs.victoriametrics.com/victoriametrics/integrations/opentelemetry: path, protobuf only (400 for JSON), stores deltas
  // as they are, which is as bad as an error; `-opentelemetry.maxRequestSize` 64 MiB, `-maxLabelsPerTimeseries` 40,
  // `-maxLabelNameLen` 256, `-maxLabelValueLen` 4 KiB.
  victoriametrics: {
    ...likePrometheus,
    path: "/opentelemetry/v1/metrics",
    contentTypes: ["application/x-protobuf"],
    maxBytes: () => 64 * mebibyte,
    wrongTemporality: 400,
    nameProblem: (point) => labelProblem(point, { count: 40, name: 256, value: 4_096 }),
    longest: 4_096,
    ordered: false,
  },
};

/** Labels as attributes become them: `job`, `instance` and `__name__` come on top. */
function labelProblem(
  { attributes, name }: ReceivedPoint,
  limits: { count: number; name: number; value: number },
): string | undefined {
  const labels = Object.keys(attributes).map(prometheusLabel);
  if (new Set(labels).size !== labels.length || labels.length + 3 > limits.count) return "labels";
  if (labels.some((label) => label.length > limits.name || /^(?:__|job$|instance$|le$)/.test(label))) return "label";
  return [name, ...Object.values(attributes)].every((value) => value.length <= limits.value) ? undefined : "value";
}
