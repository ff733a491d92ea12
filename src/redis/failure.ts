import { QueuewatchError, type ErrorCode } from "../errors.ts";
import { printable } from "../self/printable.ts";
import { isTlsFailure } from "../self/system-error.ts";
import { ReplyShapeError } from "./reply.ts";

/** What the first word of a Redis error means. Source: redis 8.0 src/server.c, src/acl.c and the documentation of errors. */
const replyCodes: Readonly<Record<string, ErrorCode>> = {
  WRONGPASS: "REDIS_AUTH",
  NOAUTH: "REDIS_AUTH",
  NOPERM: "REDIS_PERMISSION",
  WRONGTYPE: "REDIS_TYPE",
  LOADING: "REDIS_LOADING",
  BUSY: "REDIS_TIMEOUT",
  MASTERDOWN: "REDIS_UNREACHABLE",
  CLUSTERDOWN: "REDIS_UNREACHABLE",
};

/** Errors without a word of their own. */
const messageCodes: readonly (readonly [RegExp, ErrorCode])[] = [
  [/max number of clients/i, "REDIS_UNREACHABLE"],
  [/invalid (?:username|password)|AUTH (?:failed|<password> called)|\bNOAUTH\b/i, "REDIS_AUTH"],
];
const maxMessage = 200;

/** An error of a command or a connection as one of ours: a code and one line, with no argument of any command in it. */
export function redisFailure(error: unknown): QueuewatchError {
  if (error instanceof QueuewatchError) return error;
  if (error instanceof AggregateError) return redisFailure(error.errors[0]);
  const message = error instanceof Error ? error.message : String(error);
  return new QueuewatchError(codeOf(error, message), printable(withoutArguments(message), maxMessage));
}

function codeOf(error: unknown, message: string): ErrorCode {
  if (error instanceof ReplyShapeError) return "REDIS_TYPE";
  const known = replyCodes[/^[A-Z]+(?= )/.exec(message)?.[0] ?? ""];
  if (known) return known;
  if (isTlsFailure(error)) return "REDIS_TLS";
  return messageCodes.find(([pattern]) => pattern.test(message))?.[1] ?? otherCode(error);
}

function otherCode(error: unknown): ErrorCode {
  return error instanceof Error && error.name === "ReplyError" ? "REDIS_REFUSED" : "REDIS_UNREACHABLE";
}

/** Errors that concern one command or key; with all others the connection is of no more use. */
export function concernsOneCommand({ code }: QueuewatchError): boolean {
  return code === "REDIS_PERMISSION" || code === "REDIS_TYPE" || code === "REDIS_REFUSED";
}

/** Redis repeats a part of what was sent in some of its errors (`with args beginning with: …`): that part stays out. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args beginning with:.*$/s, "");
}
