import * as z from "zod";
import { logFormats, logLevels } from "../self/log.ts";
import { Secret } from "./secret.ts";

/**
 * The only description of the config: types, defaults, help, environment names and the JSON Schema come from it.
 * Durations are given as `10s`, `1m30s`, `500ms` or seconds, and are seconds inside.
 */

const durationUnits: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };
const durationText = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/** Seconds of `1h30m`, `250ms`; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!durationText.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g);
  return [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * (durationUnits[unit ?? ""] ?? 0), 0);
}

const duration = z
  .union([z.number().positive(), z.string().regex(durationText, "Invalid duration: write 10s, 1m30s or 500ms")])
  .transform((value) => (typeof value === "number" ? value : (parseDuration(value) ?? 0)))
  .meta({ description: "A duration: `10s`, `1m30s`, `500ms`, or seconds." });

const byteUnits: Record<string, number> = { "": 1, k: 1e3, M: 1e6, G: 1e9, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };
const bytes = z
  .union([z.int().positive(), z.string().regex(/^\d+(?:k|M|G|Ki|Mi|Gi)?B?$/, "Invalid size: write 16MiB or 500kB")])
  .transform((value) => {
    if (typeof value === "number") return value;
    const [, number, unit] = /^(\d+)(.*?)B?$/.exec(value) ?? [];
    return Number(number) * (byteUnits[unit ?? ""] ?? 1);
  })
  .meta({ description: "A size: `16MiB`, `500kB`, or bytes." });

const secret = z
  .union([z.string(), z.instanceof(Secret)])
  .transform((value) => (typeof value === "string" ? new Secret(value) : value))
  .meta({ description: "A secret; better given by reference or by its `_file` twin." });
const file = z.string().min(1).meta({ description: "Path of a file." });

const tls = z.strictObject({
  ca_file: file.optional(),
  certificate_file: file.optional().meta({ description: "Client certificate (PEM)." }),
  key_file: file.optional().meta({ description: "Key of the client certificate (PEM)." }),
  server_name: z.string().optional().meta({ description: "Name that the server's certificate must carry." }),
  insecure_skip_verify: z.boolean().default(false).meta({ description: "Do not verify the server. For tests only." }),
});

const hostPort = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d+$/, "Write host:port");

const redis = z.strictObject({
  url: z
    .union([z.string(), z.instanceof(Secret)])
    .optional()
    .meta({
      description: "redis://, rediss:// or unix:// URL; may carry user, password and database.",
    }),
  sentinels: z.array(hostPort).min(1).optional(),
  sentinel_name: z.string().optional().meta({ description: "Name of the primary that the Sentinels watch." }),
  sentinel_username: z.string().optional(),
  sentinel_password: secret.optional(),
  sentinel_password_file: file.optional(),
  username: z.string().optional(),
  password: secret.optional(),
  password_file: file.optional().meta({ description: "Read again when it changes." }),
  db: z.int().min(0).optional(),
  protocol: z.enum(["auto", "2", "3"]).default("auto").meta({ description: "RESP version; `auto` asks for 3." }),
  tls: tls.optional(),
});

const limits = (quantity: z.ZodType<number>) =>
  z.strictObject({ warning: quantity.optional(), critical: quantity.optional() });

const queuePromise = z.strictObject({
  latency: limits(duration as z.ZodType<number>).optional(),
  size: limits(z.int().positive()).optional(),
  team: z.string().optional().meta({ description: "Who owns the queue." }),
});

const namePolicy = z
  .strictObject({
    keep: z.array(z.string()).optional().meta({ description: "Globs; what matches none is combined into `other`." }),
    drop: z.array(z.string()).optional().meta({ description: "Globs; what matches is left out." }),
    fold: z
      .array(z.enum(["uuid", "number", "hex"]))
      .default(["uuid", "hex"])
      .meta({ description: "Parts of names that are replaced by `*`, so that `mailers-<uuid>` is one queue." }),
    mask: z
      .array(
        z.strictObject({
          match: z.string().meta({ description: "Glob." }),
          replace: z.string().optional().meta({ description: "What to export instead; without it a keyed hash." }),
        }),
      )
      .default([]),
  })
  .prefault({});

const schedule = z.strictObject({ cron: z.string(), timezone: z.string().optional() });

const target = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[\w.-]+$/, "Use letters, digits, `_`, `.` and `-`"),
  redis: z.union([z.string(), z.instanceof(Secret), redis]).meta({ description: "A Redis URL, or its parts." }),
  system: z.enum(["auto", "sidekiq", "resque"]).default("auto"),
  namespaces: z.array(z.string()).optional().meta({
    description:
      "Prefixes of keys to look under, e.g. `resque` or `app1`; default: none for Sidekiq, `resque` for Resque.",
  }),
  interval: duration.optional().meta({ description: "Default: the config's `interval`." }),
  timeout: duration.optional().meta({ description: "Deadline of one read; default: 10 s, at most the interval." }),
  queues: z.record(z.string(), queuePromise).default({}).meta({
    description: "What a queue promises, by name or glob; the first match wins.",
  }),
  workers: z
    .strictObject({
      minimum: z.int().min(0).optional(),
      by_host: z.boolean().default(true),
      processes: z
        .boolean()
        .default(false)
        .meta({ description: "Read the workers' CPU, memory and network from /proc (Linux)." }),
    })
    .prefault({}),
  schedules: z.record(z.string(), schedule).default({}).meta({
    description: "Schedules whose cron expression is not in Redis (static resque-scheduler ones).",
  }),
});

const compression = z.enum(["gzip", "none"]);
const otlp = z.strictObject({
  name: z.string().optional(),
  preset: z.enum(["datadog", "newrelic", "grafana-cloud", "prometheus", "mimir", "victoriametrics"]).optional(),
  region: z.string().optional().meta({ description: "Of the preset: `us1`, `eu`, `us`, `prod-eu-west-2`, …" }),
  key: secret.optional().meta({ description: "API key, licence key or token of the preset." }),
  key_file: file.optional(),
  instance: z.string().optional().meta({ description: "Grafana Cloud: the stack's instance id." }),
  endpoint: z.url().optional().meta({ description: "Base URL; /v1/metrics is appended." }),
  metrics_endpoint: z.url().optional().meta({ description: "Whole URL, taken as it is." }),
  headers: z.record(z.string(), secret).default({}),
  headers_file: file.optional().meta({ description: "`name: value` lines; read again when it changes." }),
  protocol: z.enum(["http/protobuf", "http/json"]).optional(),
  compression: compression.optional(),
  temporality: z.enum(["cumulative", "delta"]).optional(),
  timeout: duration.optional().meta({ description: "Of one request; default 10 s." }),
  max_request_bytes: bytes
    .optional()
    .meta({ description: "Requests are split below it; default: the receiver's limit." }),
  buffer: z
    .strictObject({
      max_bytes: bytes.default(16 * 1024 ** 2),
      max_age: duration.default(600),
    })
    .prefault({}),
  tls: tls.optional(),
});

const server = z.strictObject({
  listen: hostPort.default("127.0.0.1:9464"),
  tls: z.strictObject({ certificate_file: file, key_file: file }).optional(),
  bearer_token: secret.optional(),
  bearer_token_file: file.optional(),
  basic_auth: z
    .strictObject({ username: z.string(), password: secret.optional(), password_file: file.optional() })
    .optional(),
});

export const configSchema = z.strictObject({
  environment: z.string().optional().meta({ description: "Value of the attribute `environment`." }),
  interval: duration.default(15),
  targets: z.array(target).min(1),
  export: z
    .strictObject({
      otlp: z.array(otlp).default([]),
      prometheus: server
        .optional()
        .meta({ description: "Where /metrics, /livez and /readyz are served; on by default." }),
    })
    .prefault({}),
  cardinality: z
    .strictObject({
      per_metric: z.int().positive().default(2_000),
      total: z.int().positive().default(10_000),
      queues: namePolicy,
      classes: namePolicy,
      mask_key: secret.optional().meta({ description: "Key of the hash that `mask` uses." }),
      mask_key_file: file.optional(),
    })
    .prefault({}),
  state_dir: z
    .string()
    .optional()
    .meta({ description: "Where what must survive a restart is kept (files of mode 0600)." }),
  log: z
    .strictObject({ level: z.enum(logLevels).default("info"), format: z.enum(logFormats).default("logfmt") })
    .prefault({}),
  resource_attributes: z.record(z.string(), z.string()).default({}),
  alerting: z.looseObject({}).default({}).meta({ description: "Read by `queuewatch generate` only." }),
});

/** The config after parsing: references resolved, defaults filled in, durations in seconds. */
export type Config = z.output<typeof configSchema>;
export type TargetConfig = Config["targets"][number];
export type RedisConfig = z.output<typeof redis>;
export type OtlpConfig = Config["export"]["otlp"][number];
export type ServerConfig = z.output<typeof server>;
export type NamePolicy = Config["cardinality"]["queues"];
