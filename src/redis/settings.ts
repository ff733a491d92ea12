import { readFile } from "node:fs/promises";
import type { ConnectionOptions } from "node:tls";
import type { RedisOptions } from "ioredis";
import type { RedisConfig } from "../config/schema.ts";
import { secretSource } from "../config/secret-file.ts";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";

/** What a connection is opened with: ioredis's options, and the database, which is selected by us. */
export interface ConnectionSettings {
  readonly options: RedisOptions & { readonly replyMapping: "legacy"; readonly protocol: 2 | 3 };
  readonly db: number;
  /** No other protocol than the one in `options` will do; else 2 will where the server does not know 3. */
  readonly strictProtocol: boolean;
}

const connectTimeoutMs = 2_500;

/**
 * ioredis keeps nothing, retries nothing and reconnects never: a connection that fails is given up, and the next read opens
 * another, with the secrets and files of that moment. It asks no Sentinel for further ones, sends no SELECT (a refused one would leave it on database 0, and
 * answering) and no CLIENT SETINFO (before Redis 7.2 an error).
 */
const plain = {
  lazyConnect: true,
  db: 0,
  enableReadyCheck: false,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  disableClientInfo: true,
  connectTimeout: connectTimeoutMs,
  keepAlive: 30_000,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  updateSentinels: false,
} as const satisfies RedisOptions;

/** Reads secrets and certificates as they are now. Rejects with SECRET_UNREADABLE or REDIS_TLS. */
export async function connectionSettings(config: RedisConfig): Promise<ConnectionSettings> {
  const password = await secretSource(config.password, config.password_file)?.current();
  const place = config.url ? fromUrl(new URL(config.url.reveal())) : await fromSentinels(config);
  const tls = place.encrypted || config.tls ? await tlsOptions(config.tls) : undefined;
  return {
    db: config.db ?? place.db,
    strictProtocol: config.protocol !== "auto",
    options: {
      ...plain,
      ...place.options,
      replyMapping: "legacy",
      protocol: config.protocol === "2" ? 2 : 3,
      username: config.username ?? place.options.username,
      password: password?.reveal() ?? place.options.password,
      tls,
      sentinelTLS: tls,
      enableTLSForSentinelMode: tls !== undefined,
    },
  };
}

interface Place {
  readonly options: RedisOptions;
  readonly db: number;
  readonly encrypted: boolean;
}

function fromUrl(url: URL): Place {
  const unix = url.protocol === "unix:";
  const where: RedisOptions = unix
    ? { path: decodeURIComponent(url.pathname) }
    : { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 6379) };
  const options = {
    ...where,
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
  };
  const db = Number(unix ? (url.searchParams.get("db") ?? 0) : url.pathname.slice(1));
  return { options, db, encrypted: url.protocol === "rediss:" };
}

async function fromSentinels(config: RedisConfig): Promise<Place> {
  const password = await secretSource(config.sentinel_password, config.sentinel_password_file)?.current();
  const options: RedisOptions = {
    sentinels: config.sentinels?.map(hostAndPort),
    name: config.sentinel_name,
    sentinelUsername: config.sentinel_username,
    sentinelPassword: password?.reveal(),
    sentinelCommandTimeout: connectTimeoutMs,
  };
  return { options, db: 0, encrypted: false };
}

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}

async function tlsOptions(tls: RedisConfig["tls"]): Promise<ConnectionOptions> {
  return {
    minVersion: "TLSv1.2",
    ca: await readPem(tls?.ca_file),
    cert: await readPem(tls?.certificate_file),
    key: await readPem(tls?.key_file),
    ...(tls?.server_name === undefined ? {} : { servername: tls.server_name }),
    rejectUnauthorized: tls?.insecure_skip_verify !== true,
  };
}

async function readPem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new QueuewatchError("REDIS_TLS", `${file}: ${systemReason(error)}`);
  }
}
