/**
 * Every error that the agent or the generator can say, by its stable code: what happened and what to do.
 * The README's table is generated from here, and a contract test demands a test for each.
 */
export const errors = {
  USAGE: { summary: "The command line is wrong.", action: "See `queuewatch --help`." },
  NODE_TOO_OLD: {
    summary: "This Node cannot run the program.",
    action: "Install the Node that is named; in a checkout, `npm run -s queuewatch -- COMMAND` brings its own.",
  },
  CONFIG_UNREADABLE: { summary: "The config file cannot be read.", action: "Check its path and permissions." },
  CONFIG_SYNTAX: { summary: "The config file is not valid YAML.", action: "Mend the line that is named." },
  CONFIG_INVALID: { summary: "A setting is unknown or has a wrong value.", action: "Mend the setting that is named." },
  CONFIG_REFERENCE: {
    summary: "The config refers to an environment variable that is not set.",
    action: 'Set the variable, or give a default: "${NAME:-default}".',
  },
  SECRET_UNREADABLE: {
    summary: "A file that holds a secret cannot be read.",
    action: "Check its path and permissions.",
  },
  REDIS_UNREACHABLE: {
    summary: "Redis cannot be reached.",
    action: "Check address, port, network and whether Redis runs.",
  },
  REDIS_TIMEOUT: {
    summary: "Redis did not answer in time.",
    action: "Look at its load and slow log, or lengthen `timeout`.",
  },
  REDIS_TLS: {
    summary: "The TLS connection to Redis failed.",
    action: "Check `tls`: CA, client certificate, server name.",
  },
  REDIS_AUTH: { summary: "Redis refused user name or password.", action: "Check `username` and `password_file`." },
  REDIS_PERMISSION: {
    summary: "The Redis user may not do something that is needed.",
    action: "Run `queuewatch acl` and apply the line that it prints.",
  },
  REDIS_DATABASE: { summary: "The Redis database could not be selected.", action: "Check `db` and allow SELECT." },
  REDIS_LOADING: { summary: "Redis is loading its data.", action: "Wait; the agent goes on by itself." },
  REDIS_REFUSED: { summary: "Redis refused a command.", action: "Read the message; it is Redis's own." },
  REDIS_TYPE: {
    summary: "A key holds another type than the system writes.",
    action: "Check namespace and database: another program may use the key.",
  },
  SYSTEM_NOT_FOUND: {
    summary: "No known job system was found in the database.",
    action: "Check `db`, `namespaces` and `system`; a running agent looks until one appears.",
  },
  PAYLOAD_INVALID: {
    summary: "A payload in a queue or set is not a job.",
    action: "See who may write to this Redis; the queue is named in `jobqueue.payload.invalid`.",
  },
  READ_PARTIAL: {
    summary: "A part of the target could not be read.",
    action: "Read the message; the rest is exported.",
  },
  CLOCK_SKEW: {
    summary: "A time in Redis lies in the future.",
    action: "Synchronise the clocks of the machines that enqueue jobs.",
  },
  TOTALS_MIXED: {
    summary: "Totals in Redis count different things.",
    action: "Give Resque and node-resque a namespace each.",
  },
  SERIES_LIMIT: {
    summary: "A limit on series was reached; the rest is combined into `other`.",
    action: "Raise `cardinality`, or fold or drop names.",
  },
  TICK_OVERRUN: { summary: "Reading a target took longer than its interval.", action: "Lengthen `interval`." },
  EXPORT_UNREACHABLE: {
    summary: "A destination cannot be reached; its points wait.",
    action: "Check endpoint and network.",
  },
  EXPORT_TLS: {
    summary: "The TLS connection to a destination failed; its points wait.",
    action: "Check `tls` (CA, client certificate, server name), and the destination's certificate.",
  },
  EXPORT_TIMEOUT: {
    summary: "A destination did not answer in time; its points wait.",
    action: "Check endpoint and network.",
  },
  EXPORT_UNAVAILABLE: {
    summary: "A destination asked to try again later; its points wait.",
    action: "Look at the destination if it lasts.",
  },
  EXPORT_UNAUTHORIZED: { summary: "A destination refused the credentials.", action: "Check key, headers and region." },
  EXPORT_REFUSED: {
    summary: "A destination refused a request for good.",
    action: "Read its answer; check endpoint and protocol.",
  },
  EXPORT_REJECTED: { summary: "A destination rejected some of the points.", action: "Read its answer." },
  EXPORT_TOO_LARGE: { summary: "A single request exceeds the receiver's limit.", action: "Lower `max_request_bytes`." },
  EXPORT_DROPPED: {
    summary: "Points were dropped: the buffer was full, they were too old for it, or the agent ended.",
    action: "Mend the destination, or give the buffer more room.",
  },
  LISTEN_FAILED: { summary: "The HTTP address cannot be listened on.", action: "Choose another `listen` address." },
  STATE_UNREADABLE: {
    summary: "A state file cannot be read; starting from now.",
    action: "Remove it, or check permissions.",
  },
  STATE_UNWRITABLE: {
    summary: "A state file cannot be written.",
    action: "Check `state_dir`: permissions, free space.",
  },
  OUTPUT_UNWRITABLE: {
    summary: "A generated file cannot be written.",
    action: "Check `--out`: path, permissions, free space.",
  },
  UNHEALTHY: { summary: "The agent does not answer, or is not ready.", action: "Look at its log." },
  INTERNAL: { summary: "An error that should not happen.", action: "Report it with the log line." },
} as const satisfies Record<string, { summary: string; action: string }>;

export type ErrorCode = keyof typeof errors;

/** An error for people: a stable code, one line, and (from the table, or more precisely in `action`) what to do. */
export class QueuewatchError extends Error {
  readonly code: ErrorCode;
  readonly action: string;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; action?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "QueuewatchError";
    this.code = code;
    this.action = options.action ?? errors[code].action;
  }
}

/**
 * Wraps whatever was thrown; an error of ours is returned as it is. The message of a parser is left out: it quotes what it
 * was given, which may be a job or a secret.
 */
export function asQueuewatchError(thrown: unknown, code: ErrorCode = "INTERNAL"): QueuewatchError {
  if (thrown instanceof QueuewatchError) return thrown;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const message = thrown instanceof SyntaxError ? "something that was read could not be parsed" : said;
  return new QueuewatchError(code, message, { cause: thrown });
}
