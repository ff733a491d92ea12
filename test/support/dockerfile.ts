import { readFileSync } from "node:fs";
import { join } from "node:path";

const path = join(import.meta.dirname, "../../deploy/Dockerfile");

/** Instructions of deploy/Dockerfile in order, as [name, rest]; lines that were continued are joined. */
export function instructions(): [name: string, rest: string][] {
  const text = readFileSync(path, "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "");
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return [name, rest];
    });
}

/** The arguments of the last instruction of that name, which must be in exec form: a JSON list, with no shell. */
function execForm(name: string): string[] {
  const rest = instructions().findLast(([found]) => found === name)?.[1] ?? "";
  return JSON.parse(rest.slice(rest.indexOf("["))) as string[];
}

/** Node with its flags, and the program. */
export const entrypoint = (): string[] => execForm("ENTRYPOINT");

/** The command of the health check. */
export const healthcheck = (): string[] => execForm("HEALTHCHECK");
