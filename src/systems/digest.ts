import { createHash } from "node:crypto";

/** What stands for a payload in memory and in saved state: never its text. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
