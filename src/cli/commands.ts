import type { Command } from "./command.ts";

type Load = () => Promise<{ readonly command: Command }>;

/** Every command, loaded when it is asked for. In the order of the help. */
export const commands = {
  run: () => import("./run.ts"),
  check: () => import("./check.ts"),
  snapshot: () => import("./snapshot.ts"),
  acl: () => import("./acl.ts"),
  generate: () => import("./generate.ts"),
  health: () => import("./health.ts"),
  demo: () => import("./demo.ts"),
} as const satisfies Record<string, Load>;

export type CommandName = keyof typeof commands;

export const commandNames = Object.keys(commands).filter(isCommandName);

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** All commands, loaded; for the help. */
export async function loadAll(): Promise<Command[]> {
  return Promise.all(commandNames.map(async (name) => (await commands[name]()).command));
}
