import { Redis as Connection } from "ioredis";
import type { RedisConfig } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import { allowedCommands, type Command } from "./commands.ts";
import { concernsOneCommand, redisFailure } from "./failure.ts";
import { connectionSettings, type ConnectionSettings } from "./settings.ts";

/** What one command gave: its value, or why there is none (WRONGTYPE, NOPERM, a reply of another shape). */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: QueuewatchError };

/** What the watching has cost so far. */
export interface RedisCost {
  readonly commands: number;
  readonly receivedBytes: number;
}

/** The results of a list of commands, each of the type that its command gives. */
export type Results<C extends readonly Command<unknown>[]> = {
  -readonly [I in keyof C]: C[I] extends Command<infer T> ? Result<T> : never;
};

/** A connection to one watched Redis that can only read. */
export interface Redis {
  /**
   * Sends commands, pipelined in chunks of at most 500, and resolves with a result for each, in order.
   * Rejects with a QueuewatchError when the connection fails or `signal` aborts (REDIS_UNREACHABLE, REDIS_TIMEOUT,
   * REDIS_AUTH, REDIS_TLS, REDIS_DATABASE, REDIS_LOADING); refusals of single commands are results.
   */
  read<const C extends readonly Command<unknown>[]>(commands: C, signal: AbortSignal): Promise<Results<C>>;
  readonly cost: RedisCost;
  close(): void;
}

/** A chunk's replies arrive while other clients wait for at most a few milliseconds. */
const maxChunk = 500;

/** Opens nothing yet: the first read connects, and so does the next read after a connection was lost. */
export function openRedis(config: RedisConfig): Redis {
  return new Client(config);
}

class Client implements Redis {
  readonly #config: RedisConfig;
  #connection: Connection | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #commands = 0;
  #receivedBefore = 0;
  #closed = false;

  constructor(config: RedisConfig) {
    this.#config = config;
  }

  get cost(): RedisCost {
    return { commands: this.#commands, receivedBytes: this.#receivedBefore + received(this.#connection) };
  }

  async read<const C extends readonly Command<unknown>[]>(commands: C, signal: AbortSignal): Promise<Results<C>>;
  async read(commands: readonly Command<unknown>[], signal: AbortSignal): Promise<Result<unknown>[]> {
    const forbidden = commands.find(({ name }) => !Object.hasOwn(allowedCommands, name));
    if (forbidden) throw new QueuewatchError("INTERNAL", "a command that is not on the allow-list was to be sent");
    const mine = this.#turn.then(() => this.#readInTurn(commands, signal));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #readInTurn(commands: readonly Command<unknown>[], signal: AbortSignal): Promise<Result<unknown>[]> {
    const results: Result<unknown>[] = [];
    try {
      const connection = this.#connection ?? (await this.#connect(signal));
      for (let start = 0; start < commands.length; start += maxChunk) {
        const chunk = commands.slice(start, start + maxChunk);
        const replies = await untilAborted(send(connection, chunk), signal);
        this.#commands += chunk.length;
        chunk.forEach((command, index) => results.push(result(command, replies[index])));
      }
      return results;
    } catch (error) {
      // Late replies of a connection that is given up must never be taken for those of the next read.
      this.#discard();
      throw redisFailure(error);
    }
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    if (this.#closed) throw new QueuewatchError("REDIS_UNREACHABLE", "the connection was closed");
    const settings = await connectionSettings(this.#config);
    const connection = new Connection(settings.options);
    // Without a listener ioredis writes errors to the console; the first one tells why the connection failed.
    let cause: unknown;
    connection.on("error", (error: unknown) => (cause ??= error));
    connection.once("close", () => {
      if (this.#connection === connection) this.#discard();
    });
    this.#connection = connection;
    try {
      await untilAborted(connection.connect(), signal);
      await untilAborted(prepare(connection, settings), signal);
      return connection;
    } catch (error) {
      throw signal.aborted ? error : redisFailure(cause ?? error);
    }
  }

  #discard(): void {
    this.#receivedBefore += received(this.#connection);
    this.#connection?.disconnect();
    this.#connection = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#discard();
  }
}

/** Before anything is read, the connection must answer from the right database. */
async function prepare(connection: Connection, { db }: ConnectionSettings): Promise<void> {
  if (db === 0) return;
  try {
    await connection.select(db);
  } catch (error) {
    const { message } = redisFailure(error);
    throw new QueuewatchError("REDIS_DATABASE", `database ${db}: ${message}`);
  }
}

type Reply = readonly [error: Error | null, value: unknown];

async function send(connection: Connection, commands: readonly Command<unknown>[]): Promise<readonly Reply[]> {
  const pipeline = connection.pipeline();
  for (const { name, args, binary } of commands)
    if (binary) pipeline.callBuffer(name, ...args);
    else pipeline.call(name, ...args);
  const replies = await pipeline.exec();
  if (replies?.length !== commands.length) throw new Error("the connection was lost");
  return replies;
}

/** Throws what concerns the whole connection (LOADING, NOAUTH, lost). */
function result(command: Command<unknown>, reply: Reply | undefined): Result<unknown> {
  try {
    if (!reply || reply[0]) throw reply?.[0] ?? new Error("no reply");
    return { ok: true, value: command.decode(reply[1]) };
  } catch (thrown) {
    const error = redisFailure(thrown);
    if (!concernsOneCommand(error)) throw error;
    return { ok: false, error };
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = Promise.withResolvers<never>();
  const abort = (): void =>
    stop.reject(new QueuewatchError("REDIS_TIMEOUT", "Redis did not answer before the deadline"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, stop.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    // Whichever lost the race may still reject.
    work.catch(() => undefined);
    stop.promise.catch(() => undefined);
  }
}

/** ioredis shows its socket as `stream`, but not in its types. */
function received(connection: Connection | undefined): number {
  const stream: unknown = connection === undefined ? undefined : Reflect.get(connection, "stream");
  const bytes: unknown = typeof stream === "object" && stream !== null ? Reflect.get(stream, "bytesRead") : 0;
  return typeof bytes === "number" ? bytes : 0;
}
