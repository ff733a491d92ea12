import { Redis as Driver } from "ioredis";
import { QueuewatchError } from "../errors.ts";
import type { Command } from "./commands.ts";
import { concernsOneCommand, redisFailure } from "./failure.ts";
import type { ConnectionSettings } from "./settings.ts";

/** What the server said to one command. */
export type Reply = readonly [error: Error | null, value: unknown];

/**
 * One connection that is ready to read from: authenticated, on the right database and, behind Sentinels, to the primary.
 * It is never mended: whoever finds it broken opens another one, with the secrets and addresses of that moment.
 */
export class Connection {
  readonly #driver: Driver;

  private constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** Rejects with a QueuewatchError; leaves nothing open then. */
  static async open(settings: ConnectionSettings, signal: AbortSignal): Promise<Connection> {
    const driver = new Driver(settings.options);
    const connection = new Connection(driver);
    let cause: unknown;
    const sentinels: QueuewatchError[] = [];
    // Without a listener ioredis writes errors to the console. The first one tells why a connection failed.
    driver.on("error", (error: unknown) => (cause ??= error));
    driver.on("sentinelError", (error: unknown) => sentinels.push(redisFailure(error)));
    try {
      await untilAborted(driver.connect(), signal);
      await untilAborted(prepare(driver, settings), signal);
      return connection;
    } catch (error) {
      connection.abandon();
      const failure = redisFailure(signal.aborted ? error : (cause ?? error));
      if (failure.message.startsWith("All sentinels are unreachable")) throw sentinelFailure(sentinels, settings);
      throw connectFailure(failure, settings);
    }
  }

  /** False once it is known to be broken; a broken one may still be thought whole. */
  get usable(): boolean {
    return this.#driver.status === "ready";
  }

  /** Bytes received so far, TLS taken off. */
  get receivedBytes(): number {
    const bytes: unknown = property(this.#stream, "bytesRead");
    return typeof bytes === "number" ? bytes : 0;
  }

  /** Pipelines the commands. Rejects when the signal aborts; the connection is then of no more use. */
  async send(commands: readonly Command<unknown>[], signal: AbortSignal): Promise<readonly Reply[]> {
    const pipeline = this.#driver.pipeline();
    for (const { name, args, binary } of commands)
      if (binary) pipeline.callBuffer(name, ...args);
      else pipeline.call(name, ...args);
    const replies = await untilAborted(pipeline.exec(), signal);
    if (replies?.length !== commands.length) throw new QueuewatchError("REDIS_UNREACHABLE", connectionLost);
    return replies;
  }

  /** Closes it at once, whatever is under way: replies that are still to come must not cost anything, and never arrive. */
  abandon(): void {
    const stream = this.#stream;
    this.#driver.disconnect();
    const destroy: unknown = property(stream, "destroy");
    if (typeof destroy === "function") Reflect.apply(destroy, stream, []);
  }

  /** ioredis shows its socket as `stream`, but not in its types. */
  get #stream(): unknown {
    return property(this.#driver, "stream");
  }
}

const connectionLost = "the connection was lost";

/** Before anything is read, the connection must answer from the right database of the right server. */
async function prepare(driver: Driver, { db, options, strictProtocol }: ConnectionSettings): Promise<void> {
  if (strictProtocol && property(property(driver, "condition"), "protocol") !== options.protocol)
    throw new QueuewatchError("REDIS_REFUSED", `the server does not speak RESP${options.protocol} (see \`protocol\`)`);
  if (db !== 0) await selectDatabase(driver, db);
  if (options.sentinels) await expectPrimary(driver);
}

async function selectDatabase(driver: Driver, db: number): Promise<void> {
  try {
    await driver.select(db);
  } catch (error) {
    const failure = redisFailure(error);
    if (!concernsOneCommand(failure)) throw failure;
    throw new QueuewatchError("REDIS_DATABASE", `database ${db}: ${failure.message}`);
  }
}

/** During a failover a Sentinel may still name the old primary. A user who may not ask takes its word. */
async function expectPrimary(driver: Driver): Promise<void> {
  const text = await driver.info("replication").catch((error: unknown) => {
    const failure = redisFailure(error);
    if (!concernsOneCommand(failure)) throw failure;
    return "";
  });
  if (/^role:slave\r?$/m.test(text))
    throw new QueuewatchError("REDIS_UNREACHABLE", "the Sentinels name a replica as primary: a failover is under way");
}

/** Why none of the Sentinels told where the primary is: what one of them said goes before those that are down. */
function sentinelFailure(failures: readonly QueuewatchError[], { options }: ConnectionSettings): QueuewatchError {
  if (failures.some(({ message }) => message.endsWith("invalid reply: null")))
    return new QueuewatchError("REDIS_UNREACHABLE", `no Sentinel knows a primary named ${options.name}`, {
      action: "Check `sentinel_name`.",
    });
  const told = failures.find(({ code }) => code !== "REDIS_UNREACHABLE") ?? failures[0];
  const reason = /\bbecause (?!Connection is closed)(.*)$/.exec(told?.message ?? "")?.[1];
  return new QueuewatchError(told?.code ?? "REDIS_UNREACHABLE", `no Sentinel answers${reason ? `: ${reason}` : ""}`, {
    action: "Check `sentinels`, `sentinel_username` and `sentinel_password_file`.",
  });
}

/** Says more than the driver where the reason can be told from the circumstances. */
function connectFailure(failure: QueuewatchError, { options }: ConnectionSettings): QueuewatchError {
  const { message } = failure;
  // Redis leaves a TLS hello on its plain port unanswered.
  if (options.tls && /connect ETIMEDOUT/.test(message))
    return new QueuewatchError("REDIS_UNREACHABLE", `${message}: does the server listen there, and speak TLS?`);
  if (!options.tls && /connection is closed|ECONNRESET|EPIPE/i.test(message))
    return new QueuewatchError("REDIS_UNREACHABLE", "the server hung up at once: does it want TLS?");
  return failure;
}

/** Waits for the work, or rejects with REDIS_TIMEOUT when the signal aborts. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
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

function property(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? Reflect.get(of, name) : undefined;
}
