import type { Config } from "../config/schema.ts";
import type { Args, Options } from "./command.ts";

/** Options that say what to look for, whatever the config says. */
export const targetOptions = {
  system: { value: "SYSTEM", choices: ["auto", "sidekiq", "resque"], help: "Look for this one only." },
  namespace: { value: "NAME", help: "Prefix of the keys, without its colon." },
} as const satisfies Options;

/** The config with what the command line says of its targets. */
export function overrideTargets(config: Config, args: Args): Config {
  const system = targetOptions.system.choices.find((known) => known === args.text("system"));
  const namespace = args.text("namespace");
  const targets = config.targets.map((target) => ({
    ...target,
    ...(system === undefined ? {} : { system }),
    ...(namespace === undefined ? {} : { namespaces: [namespace] }),
  }));
  return { ...config, targets };
}
