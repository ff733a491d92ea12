import { allowedCommands, type CommandName } from "../../redis/commands.ts";
import { answers, notPermitted, type Asked } from "./answers.ts";
import { CommandError, integerOf } from "./arguments.ts";
import { WrongTypeError, type Database } from "./database.ts";
import { redisVersion } from "./info.ts";
import type { Protocol, Reply } from "./reply.ts";

/** What all sessions share. */
export interface SessionContext {
  readonly databases: readonly Database[];
  readonly now: () => number;
  readonly info: (sections: readonly string[]) => string;
}

interface ConnectionCommand {
  readonly arity: number;
  readonly reply: (args: readonly string[]) => Reply;
}

const ok: Reply = { status: "OK" };

/** One client's connection: the protocol it chose, its database, and how its commands are answered. */
export class Session {
  readonly #context: SessionContext;
  readonly #id: number;
  readonly #commands: ReadonlyMap<string, ConnectionCommand>;
  #database: Database | undefined;
  protocol: Protocol = 2;
  ended = false;

  constructor(id: number, context: SessionContext) {
    this.#id = id;
    this.#context = context;
    this.#database = context.databases[0];
    this.#commands = new Map<string, ConnectionCommand>([
      ["hello", { arity: -1, reply: (args) => this.#hello(args) }],
      ["auth", { arity: -2, reply: (args) => refusedAuth(args) }],
      ["select", { arity: 2, reply: ([index]) => this.#select(index) }],
      ["client", { arity: -2, reply: (args) => client(args) }],
      ["quit", { arity: -1, reply: () => ((this.ended = true), ok) }],
    ]);
  }

  /** Answers one request. Whatever is sent, this gives a reply: errors are replies. */
  answer([name = "", ...args]: readonly string[]): Reply {
    const command = name.toLowerCase();
    try {
      const own = this.#commands.get(command);
      if (own) return own.reply(counted(command, own.arity, args));
      if (!isAllowed(command) || !this.#database) return { error: `NOPERM ${notPermitted(command)}` };
      const { arity, reply } = answers[command];
      return reply(counted(command, arity, args), this.#asked(this.#database));
    } catch (error) {
      if (error instanceof CommandError) return { error: error.message };
      if (error instanceof WrongTypeError)
        return { error: "WRONGTYPE Operation against a key holding the wrong kind of value" };
      throw error;
    }
  }

  #asked(database: Database): Asked {
    return { database, now: this.#context.now, info: this.#context.info };
  }

  #select(text: string | undefined): Reply {
    const database = this.#context.databases[integerOf(text)];
    if (!database) throw new CommandError("ERR DB index is out of range");
    this.#database = database;
    return ok;
  }

  #hello([version, ...options]: readonly string[]): Reply {
    const asked =
      version === undefined
        ? this.protocol
        : integerOf(version, "ERR Protocol version is not an integer or out of range");
    if (asked !== 2 && asked !== 3) throw new CommandError("NOPROTO unsupported protocol version");
    checkHelloOptions(options);
    this.protocol = asked;
    return {
      map: [
        ["server", "redis"],
        ["version", redisVersion],
        ["proto", asked],
        ["id", this.#id],
        ["mode", "standalone"],
        ["role", "master"],
        ["modules", []],
      ],
    };
  }
}

function isAllowed(command: string): command is CommandName {
  return Object.hasOwn(allowedCommands, command);
}

function counted(command: string, arity: number, args: readonly string[]): readonly string[] {
  const words = args.length + 1;
  if (arity > 0 ? words === arity : words >= -arity) return args;
  throw new CommandError(`ERR wrong number of arguments for '${command}' command`);
}

/** There are no users but the default one, who has no password. */
function refusedAuth(args: readonly string[]): Reply {
  if (args.length === 2 && args[0] === "default") return ok;
  if (args.length === 2) throw new CommandError("WRONGPASS invalid username-password pair or user is disabled.");
  if (args.length > 2) throw new CommandError("ERR syntax error");
  throw new CommandError(
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
  );
}

/** `AUTH user password`, `SETNAME name`, in any order. */
function checkHelloOptions(options: readonly string[]): void {
  for (let index = 0; index < options.length;) {
    const name = options[index]?.toUpperCase();
    const more = options.length - index - 1;
    if (name === "SETNAME" && more >= 1) index += 2;
    else if (name === "AUTH" && more >= 2) {
      refusedAuth(options.slice(index + 1, index + 3));
      index += 3;
    } else throw new CommandError(`ERR Syntax error in HELLO option '${options[index] ?? ""}'`);
  }
}

/** A client may name itself and its library; nothing is done with it. */
function client([subcommand = "", ...args]: readonly string[]): Reply {
  const name = subcommand.toLowerCase();
  const lengths: Readonly<Record<string, number>> = { setname: 1, setinfo: 2 };
  const count = Object.hasOwn(lengths, name) ? lengths[name] : undefined;
  if (count === undefined) throw new CommandError(`ERR unknown subcommand '${subcommand}'. Try CLIENT HELP.`);
  if (args.length !== count) throw new CommandError(`ERR wrong number of arguments for 'client|${name}' command`);
  return ok;
}
