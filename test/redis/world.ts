import { configSchema, type RedisConfig } from "../../src/config/schema.ts";
import { QueuewatchError, type ErrorCode } from "../../src/errors.ts";
import { openRedis, type Redis, type Result } from "../../src/redis/client.ts";
import { get } from "../../src/redis/commands.ts";

/** The part of a config that says how Redis is reached, through the schema. */
export function redisConfig(redis: unknown): RedisConfig {
  const parsed = configSchema.parse({ targets: [{ name: "test", redis }] }).targets[0]?.redis;
  if (!parsed) throw new Error("no Redis in the config");
  return parsed;
}

export const open = (redis: unknown): Redis => openRedis(redisConfig(redis));

/** A deadline that no passing test comes near. */
export const patient = (): AbortSignal => AbortSignal.timeout(20_000);

/** What a read of one key gives: its text, or the error's code and message. */
export async function tryGet(redis: Redis, key: string, signal = patient()): Promise<string | undefined | Failure> {
  try {
    const [result] = await redis.read([get(key)], signal);
    return result.ok ? result.value : failure(result.error);
  } catch (error) {
    return failure(error);
  }
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

export function failure(error: unknown): Failure {
  if (!(error instanceof QueuewatchError)) throw error;
  return { code: error.code, message: error.message };
}

/** Reads once through a connection of its own. */
export async function getOnce(redis: unknown, key: string, signal = patient()) {
  const client = open(redis);
  try {
    return await tryGet(client, key, signal);
  } finally {
    client.close();
  }
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw result.error;
  return result.value;
}
