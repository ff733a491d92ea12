import { QueuewatchError } from "../errors.ts";

/**
 * Whether this Node can run the program: undefined, or what is wrong. `range` is package.json's `engines.node`, of the form
 * `>=22.15`.
 */
export function nodeProblem(running: string, range: string): QueuewatchError | undefined {
  const wanted = range.replace(">=", "");
  const [major = 0, minor = 0] = numbers(running);
  const [leastMajor = 0, leastMinor = 0] = numbers(wanted);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined;
  return new QueuewatchError("NODE_TOO_OLD", `this is Node ${running}; queuewatch needs Node ${wanted} or newer`);
}

function numbers(version: string): number[] {
  return version.split(".").map(Number);
}
