import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";
import type { SavedLedger } from "./ledger.ts";

const numbers = z.array(z.number());
const schema = z.strictObject({
  version: z.literal(1),
  sinceMs: z.number().default(0),
  accounts: z.array(
    z.strictObject({
      metric: z.string(),
      attributes: z.record(z.string(), z.string()),
      value: numbers,
      startMs: z.number().nullable(),
      unpaid: numbers,
      paidMs: z.number(),
    }),
  ),
});

/** The ledger of a delta destination in `state_dir`: a file that only its owner may read, replaced as a whole. */
export class LedgerFile {
  readonly #dir: string;
  readonly #file: string;

  constructor(dir: string, destination: string) {
    this.#dir = dir;
    this.#file = join(dir, `destination-${destination.replace(/[^\w.-]/g, "_")}.json`);
  }

  /** Undefined where there is none; read before anything else is done. Throws STATE_UNREADABLE where it cannot be understood. */
  load(): SavedLedger | undefined {
    try {
      return schema.parse(JSON.parse(readFileSync(this.#file, "utf8")));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      const reason =
        error instanceof Error && "code" in error ? systemReason(error) : "not a state file of this version";
      throw new QueuewatchError("STATE_UNREADABLE", `${this.#file}: ${reason}`, { cause: error });
    }
  }

  /** Rejects with STATE_UNWRITABLE; the old file then still stands. */
  async save(ledger: SavedLedger): Promise<void> {
    const draft = `${this.#file}.${process.pid}.tmp`;
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      await writeFile(draft, JSON.stringify({ version: 1, ...ledger }), { mode: 0o600, flush: true });
      await rename(draft, this.#file);
    } catch (error) {
      throw new QueuewatchError("STATE_UNWRITABLE", `${this.#file}: ${systemReason(error)}`, { cause: error });
    }
  }
}
