import type { RedisConfig } from "../config/schema.ts";
import { QueuewatchError } from "../errors.ts";
import type { Log } from "../self/log.ts";
import { isAllowed, type Command } from "./commands.ts";
import { Connection, untilAborted, type Reply } from "./connection.ts";
import { concernsOneCommand, redisFailure } from "./failure.ts";
import { connectionSettings, type ConnectionSettings } from "./settings.ts";

/** What one command gave: its value, or why there is none (WRONGTYPE, NOPERM, a reply of another shape). */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: QueuewatchError };

/** What the watching has cost so far. */
interface RedisCost {
  readonly commands: number;
  readonly receivedBytes: number;
}

/** The results of a list of commands, each of the type that its command gives. */
type Results<C extends readonly Command<unknown>[]> = {
  -readonly [I in keyof C]: C[I] extends Command<infer T> ? Result<T> : never;
};

/** A connection to one watched Redis that can only read. */
export interface Redis {
  /**
   * Sends commands, pipelined in chunks of at most 500, and resolves with a result for each, in order.
   * Rejects with a QueuewatchError when the connection fails or `signal` aborts (REDIS_UNREACHABLE, REDIS_TIMEOUT,
   * REDIS_AUTH, REDIS_TLS, REDIS_DATABASE, REDIS_LOADING, REDIS_REFUSED, SECRET_UNREADABLE); refusals of single commands
   * are results.
   */
  read<const C extends readonly Command<unknown>[]>(commands: C, signal: AbortSignal): Promise<Results<C>>;
  readonly cost: RedisCost;
  close(): void;
}

export interface RedisOptions {
  /** Told when the server is not verified. */
  readonly log?: Log;
  /** The target's name, for the log. */
  readonly target?: string;
}

/** A chunk's replies arrive while other clients wait for at most a few milliseconds. */
const maxChunk = 500;

/**
 * Opens nothing yet: the first read connects, and so does the next read after a connection was lost. So a server that is
 * back is read at once, there is nothing that retries in between, and a rotated password is the one that is used.
 */
export function openRedis(config: RedisConfig, { log, target }: RedisOptions = {}): Redis {
  if (config.tls?.insecure_skip_verify === true)
    log?.warn(
      "Redis is not verified (insecure_skip_verify): whoever stands in between can read and change everything",
      {
        target,
      },
    );
  return new Client(config);
}

class Client implements Redis {
  readonly #config: RedisConfig;
  #connection: Connection | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #commands = 0;
  #receivedBefore = 0;
  readonly #closing = new AbortController();

  constructor(config: RedisConfig) {
    this.#config = config;
  }

  get cost(): RedisCost {
    const receivedBytes = this.#receivedBefore + (this.#connection?.receivedBytes ?? 0);
    return { commands: this.#commands, receivedBytes };
  }

  /** One after the other: replies of two reads never stand in line behind each other on the server. */
  async read<const C extends readonly Command<unknown>[]>(commands: C, signal: AbortSignal): Promise<Results<C>>;
  async read(commands: readonly Command<unknown>[], signal: AbortSignal): Promise<Result<unknown>[]> {
    if (!commands.every(isAllowed))
      throw new QueuewatchError("INTERNAL", "a command was not made in redis/commands.ts");
    const mine = this.#turn.then(() => this.#readInTurn(commands, signal));
    this.#turn = mine.catch(() => undefined);
    return untilAborted(mine, signal);
  }

  async #readInTurn(commands: readonly Command<unknown>[], signal: AbortSignal): Promise<Result<unknown>[]> {
    if (this.#connection?.usable === false) this.#discard();
    const opened = this.#connection !== undefined;
    try {
      return await this.#attempt(commands, signal);
    } catch (thrown) {
      const error = redisFailure(thrown);
      // A connection that broke while nobody looked (a restart, a failover, a proxy's time limit) costs no read.
      if (!opened || error.code !== "REDIS_UNREACHABLE" || signal.aborted) throw error;
      return this.#attempt(commands, signal);
    }
  }

  async #attempt(commands: readonly Command<unknown>[], signal: AbortSignal): Promise<Result<unknown>[]> {
    // It was given up before its turn came: the connection is as good as before.
    if (signal.aborted) throw new QueuewatchError("REDIS_TIMEOUT", "the deadline was over before the turn came");
    const results: Result<unknown>[] = [];
    try {
      const connection = await this.#connected(signal);
      for (let start = 0; start < commands.length; start += maxChunk) {
        const chunk = commands.slice(start, start + maxChunk);
        this.#commands += chunk.length;
        const replies = await connection.send(chunk, signal);
        chunk.forEach((command, index) => results.push(resultOf(command, replies[index])));
      }
      return results;
    } catch (error) {
      this.#discard();
      throw redisFailure(error);
    }
  }

  async #connected(signal: AbortSignal): Promise<Connection> {
    if (this.#connection) return this.#connection;
    const closing = this.#closing.signal;
    try {
      closing.throwIfAborted();
      const settings = await connectionSettings(this.#config);
      return (this.#connection = await openWith(settings, AbortSignal.any([signal, closing])));
    } catch (error) {
      throw closing.aborted ? new QueuewatchError("REDIS_UNREACHABLE", "the connection was closed by us") : error;
    }
  }

  #discard(): void {
    this.#receivedBefore += this.#connection?.receivedBytes ?? 0;
    this.#connection?.abandon();
    this.#connection = undefined;
  }

  close(): void {
    this.#closing.abort();
    this.#discard();
  }
}

/** Proxies that do not know HELLO refuse it in words of their own; then RESP2 will do, unless 3 was asked for. */
async function openWith(settings: ConnectionSettings, signal: AbortSignal): Promise<Connection> {
  try {
    return await Connection.open(settings, signal);
  } catch (error) {
    if (settings.strictProtocol || redisFailure(error).code !== "REDIS_REFUSED") throw error;
    return Connection.open({ ...settings, options: { ...settings.options, protocol: 2 } }, signal);
  }
}

/** Throws what concerns the whole connection (LOADING, NOAUTH, lost). */
function resultOf(command: Command<unknown>, reply: Reply | undefined): Result<unknown> {
  try {
    if (!reply || reply[0]) throw reply?.[0] ?? new Error("no reply");
    return { ok: true, value: command.decode(reply[1]) };
  } catch (thrown) {
    const error = redisFailure(thrown);
    if (!concernsOneCommand(error)) throw error;
    return { ok: false, error };
  }
}
