import type { QueuewatchError } from "../errors.ts";
import type { Command } from "./commands.ts";

/** What one command gave: its value, or why there is none (WRONGTYPE, NOPERM, a reply of another shape). */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: QueuewatchError };

/** What the watching has cost so far. */
export interface RedisCost {
  readonly commands: number;
  readonly receivedBytes: number;
}

/** A connection to one watched Redis that can only read. */
export interface Redis {
  /**
   * Sends commands, pipelined in chunks of at most 500, and resolves with a result for each, in order.
   * Rejects with a QueuewatchError when the connection fails or `signal` aborts (REDIS_UNREACHABLE, REDIS_TIMEOUT,
   * REDIS_AUTH, REDIS_TLS, REDIS_DATABASE, REDIS_LOADING); refusals of single commands are results.
   */
  read<const C extends readonly Command<unknown>[]>(
    commands: C,
    signal: AbortSignal,
  ): Promise<{ -readonly [I in keyof C]: C[I] extends Command<infer T> ? Result<T> : never }>;
  readonly cost: RedisCost;
  close(): void;
}
