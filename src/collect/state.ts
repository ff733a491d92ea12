import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { QueuewatchError } from "../errors.ts";
import { systemReason } from "../self/system-error.ts";
import type { SavedSeries } from "./series.ts";

const histogram = z.strictObject({ counts: z.array(z.number()), sum: z.number() });

/** What a target keeps over a restart of the agent. Holds names and counts, never a payload. */
const stateSchema = z.object({
  version: z.literal(1),
  /** Memory of each reader, by system and prefix; only the reader understands it. */
  readers: z.record(z.string(), z.unknown()),
  /** Counts by system. */
  series: z.record(
    z.string(),
    z.array(
      z.object({
        metric: z.string(),
        values: z.array(z.string()),
        value: z.union([z.number(), histogram]),
        startMs: z.number(),
      }),
    ),
  ),
});

export interface TargetState {
  readonly version: 1;
  readonly readers: Readonly<Record<string, unknown>>;
  readonly series: Readonly<Record<string, readonly SavedSeries[]>>;
}

/** A file that only its owner may read, replaced as a whole: a crash leaves the old one or the new one. */
export class StateFile {
  readonly #dir: string;
  readonly #file: string;

  constructor(dir: string, name: string) {
    this.#dir = dir;
    this.#file = join(dir, `${name}.json`);
  }

  /** Undefined where there is none. Rejects with STATE_UNREADABLE where it cannot be understood. */
  async load(): Promise<TargetState | undefined> {
    try {
      return stateSchema.parse(JSON.parse(await readFile(this.#file, "utf8")));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new QueuewatchError("STATE_UNREADABLE", `${this.#file}: not a state file of this version`, {
        cause: error,
      });
    }
  }

  async save(state: TargetState): Promise<void> {
    const draft = `${this.#file}.${process.pid}.tmp`;
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      await writeFile(draft, JSON.stringify(state), { mode: 0o600 });
      await rename(draft, this.#file);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new QueuewatchError("STATE_UNWRITABLE", reason, { cause: error });
    }
  }

  /** Rejects with STATE_UNWRITABLE; that there is none is fine. */
  async remove(): Promise<void> {
    try {
      await rm(this.#file, { force: true });
    } catch (error) {
      throw new QueuewatchError("STATE_UNWRITABLE", `${this.#file}: ${systemReason(error)}`, { cause: error });
    }
  }
}
