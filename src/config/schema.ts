import * as z from "zod";
import { logFormats, logLevels } from "../self/log.ts";
import { alertingSchema } from "./alerting-schema.ts";
import { bytes, duration, file, flag, hostPort, integer, secret } from "./quantities.ts";
import {
  checkBasicAuth,
  checkCardinality,
  checkLimits,
  checkOtlp,
  checkRedis,
  checkServer,
  checkSomeTarget,
  checkTarget,
  checkTls,
  checkUniqueNames,
  isRedisUrl,
} from "./rules.ts";
import type { Secret } from "./secret.ts";

/**
 * The only description of the config: types, defaults, help and the JSON Schema come from it.
 * Durations are seconds inside, sizes bytes; secrets are `Secret`.
 */

const tls = z
  .strictObject({
    ca_file: file.optional().meta({ description: "Certificate authorities (PEM) to trust instead of the system's." }),
    certificate_file: file.optional().meta({ description: "Client certificate (PEM)." }),
    key_file: file.optional().meta({ description: "Key of the client certificate (PEM)." }),
    server_name: z.string().optional().meta({ description: "Name that the server's certificate must carry." }),
    insecure_skip_verify: flag.prefault(false).meta({ description: "Do not verify the server. For tests only." }),
  })
  .superRefine(checkTls);

const redisUrl = secret.refine((url: Secret) => isRedisUrl(url.reveal()), {
  error: "expected a Redis URL: redis://host:6379/0, rediss://host:6380 or unix:///path/of/socket",
});

const redisParts = z
  .strictObject({
    url: redisUrl.optional().meta({
      description: "redis://, rediss:// or unix:// URL; may carry user, password and database.",
    }),
    sentinels: z
      .array(hostPort)
      .min(1, "expected at least one host:port")
      .optional()
      .meta({ description: "Sentinels to ask for the primary, instead of `url`." }),
    sentinel_name: z.string().optional().meta({ description: "Name of the primary that the Sentinels watch." }),
    sentinel_username: z
      .string()
      .optional()
      .meta({ description: "Of the Sentinels themselves, where they ask for one." }),
    sentinel_password: secret.optional().meta({ description: "Of the Sentinels themselves." }),
    sentinel_password_file: file.optional(),
    username: z.string().optional().meta({ description: "ACL user; see `queuewatch acl`." }),
    password: secret.optional(),
    password_file: file.optional().meta({ description: "Read again when it changes." }),
    db: integer(0).optional().meta({ description: "Database number; default: the URL's, else 0." }),
    protocol: z.enum(["auto", "2", "3"]).default("auto").meta({ description: "RESP version; `auto` asks for 3." }),
    tls: tls.optional().meta({ description: "Given: the connection is encrypted, with redis:// too." }),
  })
  .superRefine(checkRedis);

export type RedisConfig = z.output<typeof redisParts>;

const redis = z.union([redisUrl.transform((url): RedisConfig => ({ url, protocol: "auto" })), redisParts]);

const limits = <T extends z.ZodType<number>>(quantity: T) =>
  z.strictObject({ warning: quantity.optional(), critical: quantity.optional() }).superRefine(checkLimits);

const queuePromise = z.strictObject({
  latency: limits(duration).optional().meta({ description: "Age of the oldest waiting job." }),
  size: limits(integer(1)).optional().meta({ description: "Jobs waiting." }),
  team: z.string().min(1).optional().meta({ description: "Who owns the queue." }),
});

const mask = z.strictObject({
  match: z.string().meta({ description: "Glob." }),
  replace: z.string().optional().meta({ description: "What to export instead; without it a keyed hash." }),
});

const namePolicy = z
  .strictObject({
    keep: z.array(z.string()).optional().meta({ description: "Globs; what matches none is combined into `other`." }),
    drop: z.array(z.string()).optional().meta({ description: "Globs; what matches is left out." }),
    fold: z
      .array(z.enum(["uuid", "number", "hex"]))
      .default(["uuid", "hex"])
      .meta({ description: "Parts of names that are replaced by `*`, so that `mailers-<uuid>` is one queue." }),
    mask: z.array(mask).default([]).meta({ description: "Names that must not leave." }),
  })
  .prefault({});

const schedule = z.strictObject({
  cron: z.string().meta({ description: "Cron expression of five or six fields." }),
  timezone: z.string().optional().meta({ description: "IANA name; default: UTC." }),
});

const target = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,100}$/, "expected 1 to 100 letters, digits, `_`, `.` and `-`")
      .meta({ description: "Value of the attribute `target`." }),
    redis: redis.meta({ description: "A Redis URL, or its parts." }),
    system: z.enum(["auto", "sidekiq", "resque"]).default("auto").meta({ description: "`auto`: what is found." }),
    namespaces: z.array(z.string()).min(1).optional().meta({
      description:
        "Prefixes of keys to look under, as `resque` or `app1`; default: none for Sidekiq, `resque` for Resque.",
    }),
    interval: duration.optional().meta({ description: "Time between reads; default: the config's `interval`." }),
    timeout: duration.optional().meta({ description: "Deadline of one read; default: 10 s, at most the interval." }),
    queues: z.record(z.string(), queuePromise).default({}).meta({
      description: "What a queue promises, by name or glob (`*`, `?`); the first match wins.",
    }),
    workers: z
      .strictObject({
        minimum: integer(0).optional().meta({ description: "Active workers that there should be at least." }),
        by_host: flag.prefault(true).meta({ description: "Export workers' numbers by host." }),
        processes: flag
          .prefault(false)
          .meta({ description: "Read the workers' CPU, memory and network from /proc (Linux, same host)." }),
      })
      .prefault({}),
    scheduler_lock_prefix: z.string().min(1).optional().meta({
      description: "resque-scheduler's RESQUE_SCHEDULER_MASTER_LOCK_PREFIX, where it is set.",
    }),
    schedules: z.record(z.string(), schedule).default({}).meta({
      description: "Schedules whose cron expression is not in Redis (static resque-scheduler ones).",
    }),
  })
  .superRefine(checkTarget);

const noGrpc = "gRPC is not spoken: write http/protobuf, and the receiver's HTTP port, usually 4318";

const headerName = z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "expected the name of an HTTP header");

const otlp = z
  .strictObject({
    name: z.string().min(1).optional().meta({ description: "Value of `destination`; default: the endpoint's host." }),
    preset: z
      .enum(["datadog", "newrelic", "grafana-cloud", "prometheus", "mimir", "victoriametrics"])
      .optional()
      .meta({ description: "Sets endpoint, headers, temporality and limits as the vendor wants them." }),
    region: z.string().optional().meta({ description: "Of the preset: `us1`, `eu`, `us`, `prod-eu-west-2`, …" }),
    key: secret.optional().meta({ description: "API key, licence key or token of the preset." }),
    key_file: file.optional(),
    instance: z.string().optional().meta({ description: "Grafana Cloud: the stack's instance id." }),
    endpoint: z
      .url({ protocol: /^https?$/, error: "expected an http:// or https:// URL" })
      .optional()
      .meta({
        description: "Base URL; /v1/metrics is appended.",
      }),
    metrics_endpoint: z
      .url({ protocol: /^https?$/, error: "expected an http:// or https:// URL" })
      .optional()
      .meta({
        description: "Whole URL, taken as it is.",
      }),
    headers: z.record(headerName, secret).default({}).meta({ description: "Sent with each request." }),
    headers_file: file.optional().meta({ description: "`name: value` lines; read again when it changes." }),
    protocol: z
      .enum(["http/protobuf", "http/json"], { error: ({ input }) => (input === "grpc" ? noGrpc : undefined) })
      .optional()
      .meta({ description: "Default: http/protobuf." }),
    compression: z.enum(["gzip", "none"]).optional().meta({ description: "Default: gzip." }),
    temporality: z
      .enum(["cumulative", "delta"])
      .optional()
      .meta({ description: "Default: the preset's; else cumulative." }),
    timeout: duration.optional().meta({ description: "Of one request; default: 10 s." }),
    max_request_bytes: bytes
      .optional()
      .meta({ description: "Requests are split below it; default: the receiver's limit." }),
    buffer: z
      .strictObject({
        max_bytes: bytes.prefault("16MiB").meta({ description: "Of compressed requests that wait." }),
        max_age: duration.prefault("10m").meta({ description: "Older requests are dropped, and counted." }),
      })
      .prefault({}),
    tls: tls.optional(),
  })
  .superRefine(checkOtlp);

const server = z
  .strictObject({
    listen: hostPort.default("127.0.0.1:9464").meta({ description: "Address and port; only this machine by default." }),
    tls: z.strictObject({ certificate_file: file, key_file: file }).optional(),
    bearer_token: secret.optional().meta({ description: "Asked for by /metrics." }),
    bearer_token_file: file.optional(),
    basic_auth: z
      .strictObject({
        username: z.string().min(1).meta({ description: "Asked for by /metrics." }),
        password: secret.optional(),
        password_file: file.optional(),
      })
      .superRefine(checkBasicAuth)
      .optional(),
  })
  .superRefine(checkServer);

export type ServerConfig = z.output<typeof server>;

const cardinality = z
  .strictObject({
    per_metric: integer(1).prefault(2_000).meta({ description: "Series of one metric; the rest becomes `other`." }),
    total: integer(1).prefault(10_000).meta({ description: "Series of one target." }),
    queues: namePolicy,
    classes: namePolicy,
    mask_key: secret.optional().meta({ description: "Key of the hash that `mask` uses." }),
    mask_key_file: file.optional(),
  })
  .superRefine(checkCardinality);

const prometheus = z
  .union([z.literal(false).transform((): ServerConfig | undefined => undefined), server])
  .prefault({})
  .meta({ description: "Where /metrics, /livez and /readyz are served; `false`: nowhere." });

/** The targets of one file, as a list. */
export const targetsSchema = z.array(target).superRefine(checkUniqueNames);

/** The same as the generator reads them: how Redis is reached may be anything. */
export const generatorTargetsSchema = z
  .array(z.strictObject({ ...target.shape, redis: z.unknown().optional() }).superRefine(checkTarget))
  .superRefine(checkUniqueNames);

const targetFiles = z.array(
  z
    .string()
    .regex(/^(?:[^*?]*\/)?[^/]+$/, "expected the path of a file, `*` and `?` in its last part only")
    .meta({ title: "path" }),
);

const settings = z.strictObject({
  environment: z.string().min(1).optional().meta({ description: "Value of the attribute `environment`." }),
  interval: duration.prefault("15s").meta({ description: "Time between reads of a target." }),
  targets: targetsSchema.default([]).meta({ description: "What is watched." }),
  target_files: targetFiles.default([]).meta({
    description: "Files with more targets: a list of them or one in each; taken up again when they change.",
  }),
  export: z.strictObject({ otlp: z.array(otlp).superRefine(checkUniqueNames).default([]), prometheus }).prefault({}),
  cardinality: cardinality.prefault({}),
  state_dir: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Where what must survive a restart is kept (files of mode 0600)." }),
  log: z
    .strictObject({
      level: z.enum(logLevels).default("info").meta({ description: "Least level that is logged." }),
      format: z.enum(logFormats).default("logfmt").meta({ description: "One line an event." }),
    })
    .prefault({}),
  resource_attributes: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: "Of the agent's OTLP resource." }),
  alerting: alertingSchema.prefault({}).meta({ description: "Read by `queuewatch generate` only." }),
});

export const configSchema = settings.superRefine(checkSomeTarget);

/** What `generate` reads: the settings that rules and dashboards depend on; the others may hold anything. */
export const generatorSchema = z.strictObject({
  ...settings.shape,
  targets: generatorTargetsSchema.default([]),
  export: z.unknown().optional(),
  cardinality: z.unknown().optional(),
  log: z.unknown().optional(),
});

/** The config after parsing: references resolved, defaults filled in, durations in seconds. */
export type Config = z.output<typeof configSchema>;
export type TargetConfig = Config["targets"][number];
export type OtlpConfig = Config["export"]["otlp"][number];
export type NamePolicy = Config["cardinality"]["queues"];
/** The part of the config that the generator reads: references in `alerting` as they were written. */
export type GeneratorConfig = z.output<typeof generatorSchema>;
