import type { RefinementCtx } from "zod";
import { regionHost, regionsOf } from "./regions.ts";
import { didYouMean } from "./suggest.ts";

/** What a schema cannot say of one setting alone: checks over several settings of one object. */

type Context = RefinementCtx;

function complain(context: Context, path: string, message: string): void {
  context.addIssue({ code: "custom", path: path === "" ? [] : [path], message });
}

/** Of settings that exclude each other at most one is given. */
function exclusive(context: Context, settings: object, names: readonly string[]): void {
  const given = names.filter((name) => Reflect.get(settings, name) !== undefined);
  const [first, second] = given;
  if (second !== undefined) complain(context, second, `give either \`${first}\` or \`${second}\`, not both`);
}

/** Settings that are of use only together with another. */
function needs(context: Context, settings: object, names: readonly string[], needed: string): void {
  if (Reflect.get(settings, needed) !== undefined) return;
  for (const name of names)
    if (Reflect.get(settings, name) !== undefined) complain(context, name, `is of use only with \`${needed}\``);
}

export function checkTls(tls: object & { insecure_skip_verify?: boolean }, context: Context): void {
  needs(context, tls, ["certificate_file"], "key_file");
  needs(context, tls, ["key_file"], "certificate_file");
  if (tls.insecure_skip_verify !== true) return;
  for (const name of ["ca_file", "server_name"])
    if (Reflect.get(tls, name) !== undefined)
      complain(context, name, "has no effect with `insecure_skip_verify`: remove one of them");
}

interface RedisSettings {
  readonly url?: { reveal(): string } | undefined;
  readonly sentinels?: readonly string[] | undefined;
  readonly tls?: object | undefined;
  readonly [name: string]: unknown;
}

export function checkRedis(redis: RedisSettings, context: Context): void {
  if (redis.url === undefined && redis.sentinels === undefined) complain(context, "", "give `url` or `sentinels`");
  exclusive(context, redis, ["url", "sentinels"]);
  exclusive(context, redis, ["password", "password_file"]);
  exclusive(context, redis, ["sentinel_password", "sentinel_password_file"]);
  if (redis.sentinels !== undefined && redis["sentinel_name"] === undefined)
    complain(context, "sentinel_name", "is missing: the name of the primary that the Sentinels watch");
  const ofSentinels = ["sentinel_name", "sentinel_username", "sentinel_password", "sentinel_password_file"];
  needs(context, redis, ofSentinels, "sentinels");
  if (redis.url !== undefined) checkUrlParts(new URL(redis.url.reveal()), redis, context);
}

/** What a URL says already must not be said again beside it. */
function checkUrlParts(url: URL, redis: RedisSettings, context: Context): void {
  const unix = url.protocol === "unix:";
  const said: Record<string, boolean> = {
    username: url.username !== "",
    password: url.password !== "",
    password_file: url.password !== "",
    db: !unix && /^\/\d+$/.test(url.pathname),
  };
  for (const [name, inUrl] of Object.entries(said))
    if (inUrl && redis[name] !== undefined) complain(context, name, "stands in `url` already");
  if (unix && redis.tls !== undefined) complain(context, "tls", "is not used on a unix socket");
}

/** Whether a text is a URL that Redis can be reached by. Says nothing of what stands in it. */
export function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  if (url.protocol === "unix:") return url.pathname.length > 1;
  return ["redis:", "rediss:"].includes(url.protocol) && url.hostname !== "" && /^(?:\/\d*)?$/.test(url.pathname);
}

export function checkLimits(
  limits: { warning?: number | undefined; critical?: number | undefined },
  context: Context,
): void {
  const { warning, critical } = limits;
  if (warning !== undefined && critical !== undefined && warning > critical)
    complain(context, "warning", "is above `critical`");
}

/** What each preset must be told: it knows the rest. */
const presetNeeds: Record<string, readonly (readonly string[])[]> = {
  datadog: [["region"], ["key", "key_file"]],
  newrelic: [["region"], ["key", "key_file"]],
  "grafana-cloud": [["region"], ["instance"], ["key", "key_file"]],
  prometheus: [["endpoint", "metrics_endpoint"]],
  mimir: [["endpoint", "metrics_endpoint"]],
  victoriametrics: [["endpoint", "metrics_endpoint"]],
};

interface OtlpSettings {
  readonly preset?: string | undefined;
  readonly region?: string | undefined;
  readonly [name: string]: unknown;
}

export function checkOtlp(otlp: OtlpSettings, context: Context): void {
  const { preset } = otlp;
  exclusive(context, otlp, ["endpoint", "metrics_endpoint"]);
  exclusive(context, otlp, ["key", "key_file"]);
  needs(context, otlp, ["region", "key", "key_file", "instance"], "preset");
  if (preset === undefined && otlp["endpoint"] === undefined && otlp["metrics_endpoint"] === undefined)
    complain(context, "", "give `endpoint`, `metrics_endpoint` or `preset`");
  for (const alternatives of presetNeeds[preset ?? ""] ?? [])
    if (alternatives.every((name) => otlp[name] === undefined))
      complain(context, alternatives[0] ?? "", `is missing: the preset \`${preset}\` needs it`);
  checkRegion(otlp, context);
}

/** A preset that asks for a region knows its hosts. */
function checkRegion(otlp: OtlpSettings, context: Context): void {
  const { preset = "", region } = otlp;
  const known = regionsOf(preset);
  const unknown = region !== undefined && known.length > 0 && regionHost(preset, region) === undefined;
  if (!unknown || otlp["endpoint"] !== undefined || otlp["metrics_endpoint"] !== undefined) return;
  complain(context, "region", `expected ${known.join(", ")}, or give \`endpoint\`${didYouMean(region, known)}`);
}

export function checkServer(server: object, context: Context): void {
  exclusive(context, server, ["bearer_token", "bearer_token_file", "basic_auth"]);
}

export function checkBasicAuth(auth: { password?: unknown; password_file?: unknown }, context: Context): void {
  exclusive(context, auth, ["password", "password_file"]);
  if (auth.password === undefined && auth.password_file === undefined)
    complain(context, "password", "is missing (or `password_file`)");
}

/** There is something to watch, or there may be at any time. */
export function checkSomeTarget(
  config: { readonly targets: readonly unknown[]; readonly target_files: readonly unknown[] },
  context: Context,
): void {
  if (config.targets.length + config.target_files.length === 0)
    complain(context, "targets", "expected at least one target, here or in `target_files`");
}

export function checkTarget(
  target: { interval?: number | undefined; timeout?: number | undefined },
  context: Context,
): void {
  if (target.interval !== undefined && target.timeout !== undefined && target.timeout > target.interval)
    complain(context, "timeout", "is longer than `interval`");
}

interface Masking {
  readonly mask: readonly { readonly replace?: string | undefined }[];
}

/** A hash without a key is no mask: who knows the names can try them all. */
export function checkCardinality(
  cardinality: { queues: Masking; classes: Masking; mask_key?: unknown; mask_key_file?: unknown },
  context: Context,
): void {
  const { queues, classes, mask_key: key, mask_key_file: keyFile } = cardinality;
  exclusive(context, cardinality, ["mask_key", "mask_key_file"]);
  const hashes = [...queues.mask, ...classes.mask].some(({ replace }) => replace === undefined);
  if (hashes && key === undefined && keyFile === undefined)
    complain(context, "mask_key", "is missing: `mask` without `replace` makes hashes with it");
}

/** No two entries of a list may have the same name. */
export function checkUniqueNames(list: readonly { name?: string | undefined }[], context: Context): void {
  list.forEach(({ name }, index) => {
    const first = list.findIndex((entry) => entry.name === name);
    if (name === undefined || first === index) return;
    context.addIssue({ code: "custom", path: [index, "name"], message: `is taken by entry ${first + 1} already` });
  });
}
