import type { Command, Option } from "./command.ts";

/** The help of the whole program. */
export function programHelp(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return `Usage: queuewatch COMMAND [OPTIONS]

Watches background jobs in Redis, read-only, and pushes OpenTelemetry metrics.

Commands:
${columns(rows)}
  --help, --version

Exit codes: 0 all is well; 1 something failed, or \`check\` and \`health\` found a fault; 2 wrong command line or config.
\`queuewatch COMMAND --help\` says more.
`;
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(
    ([name, option]) => [usageOf(name, option), textOf(option)] as const,
  );
  const examples = command.examples.map(([line, what]) => `  ${line}\n      ${what}`);
  const choices = command.positional ? ` ${command.positional.choices.join("|")}` : "";
  return `Usage: queuewatch ${command.name}${choices} [OPTIONS]

${command.summary}

Options:
${columns([...options, ["--help", "Show this."]])}

Examples:
${examples.join("\n")}
`;
}

function usageOf(name: string, { value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function textOf({ help, choices }: Option): string {
  return choices ? `${help} (${choices.join(", ")})` : help;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
