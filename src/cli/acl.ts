import { aclSetUser, parseServerVersion, redisCliLine } from "../redis/acl.ts";
import { prefixesOf } from "../collect/readers.ts";
import { systems } from "../systems/registry.ts";
import { usage } from "./args.ts";
import { type Args, type Command, exitCodes, type Io } from "./command.ts";
import { targetOptions } from "./target-options.ts";

/** Stands for the password: whoever applies the line puts a real one in its place. */
const password = ">PASSWORD";

async function run(args: Args, io: Io): Promise<number> {
  const wanted = args.text("system") ?? "auto";
  const namespace = args.text("namespace");
  const asked = args.text("server-version");
  const version = parseServerVersion(asked);
  if (asked !== undefined && !version)
    throw usage(command, "--server-version is no version: write 7.0 or 'Valkey 8.1'");
  const grants = systems
    .filter(({ id }) => wanted === "auto" || id === wanted)
    .map((system) => ({
      keyPatterns: (prefix: string) => system.keyPatterns(prefix),
      commands: system.commands,
      prefixes: prefixesOf({ namespaces: namespace === undefined ? undefined : [namespace] }, system),
    }));
  const username = args.text("username") ?? "queuewatch";
  io.out(`${redisCliLine(aclSetUser({ username, password, grants, selectsDatabase: selects(args), version }))}\n`);
  return exitCodes.ok;
}

function selects(args: Args): boolean {
  const db = args.text("db") ?? "0";
  if (/^\d+$/.test(db)) return db !== "0";
  throw usage(command, "--db is no database number");
}

export const command: Command = {
  name: "acl",
  summary: "Print the smallest Redis user that the agent needs.",
  options: {
    ...targetOptions,
    "server-version": { value: "VERSION", help: "Of Redis, or `Valkey 8.1`; default: 7.0." },
    username: { value: "NAME", help: "Default: queuewatch." },
    db: { value: "NUMBER", help: "Database that is read; others than 0 need SELECT." },
  },
  examples: [
    ["queuewatch acl --system sidekiq", "For Sidekiq without a namespace; replace PASSWORD before you apply it."],
    ["queuewatch acl --system resque --namespace app:resque --server-version 6.2", "For an older server."],
  ],
  run,
};
