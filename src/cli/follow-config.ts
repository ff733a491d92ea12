import { setTimeout as sleep } from "node:timers/promises";
import type { Agent } from "../collect/agent.ts";
import type { LiveConfig } from "../config/live-config.ts";
import { sameLook, type Look } from "../config/target-files.ts";
import type { QueuewatchError } from "../errors.ts";
import type { Log } from "../self/log.ts";

/** How often the files are read. Their content is compared: that works on every file system, and costs a few reads. */
const everyMs = 5_000;
/** A change is taken up when it was seen twice, so far apart: a file that is half written is not what was meant. */
const settleMs = 1_000;

/** Waits so long, or until a reload is asked for; tells whether it was. */
export type Wait = (ms: number) => Promise<boolean>;

interface Following {
  readonly agent: Pick<Agent, "watch">;
  readonly log: Log;
  /** Ends it, when the wait is over. */
  readonly signal: AbortSignal;
  readonly wait: Wait;
}

/**
 * Has the agent watch what the files of its config say, until the signal aborts: a change is noticed within seconds, or at
 * once when it is asked for. Never rejects.
 */
export async function followConfig(live: LiveConfig, { agent, log, signal, wait }: Following): Promise<void> {
  const reloading = new Reloading(live, agent, log);
  let seen: Look | undefined;
  for (;;) {
    const asked = await wait(seen ? settleMs : everyMs);
    if (signal.aborted) return;
    try {
      const look = await live.look();
      const settled = seen !== undefined && sameLook(look, seen);
      seen = sameLook(look, live.taken) ? undefined : look;
      if (!asked && !(settled && seen)) continue;
      seen = undefined;
      await reloading.take(look);
    } catch (error) {
      log.failure(error);
    }
  }
}

/** Takes looks up, and says what became of them. */
class Reloading {
  readonly #live: LiveConfig;
  readonly #agent: Pick<Agent, "watch">;
  readonly #log: Log;
  #refused: ReadonlyMap<string, QueuewatchError> = new Map();
  #differing = "";

  constructor(live: LiveConfig, agent: Pick<Agent, "watch">, log: Log) {
    this.#live = live;
    this.#agent = agent;
    this.#log = log;
  }

  async take(look: Look): Promise<void> {
    const { targets, refused } = this.#live.take(look);
    this.#tellRefused(refused, look);
    this.#tellDiffering();
    const { added, changed, removed } = await this.#agent.watch(targets, refused.size);
    this.#log.info("config read again", {
      targets: targets.length,
      ...(added.length > 0 ? { added: added.join(",") } : {}),
      ...(changed.length > 0 ? { changed: changed.join(",") } : {}),
      ...(removed.length > 0 ? { removed: removed.join(",") } : {}),
      ...(refused.size > 0 ? { refused: [...refused.keys()].join(",") } : {}),
    });
    if (targets.length === 0) this.#log.warn("nothing is watched: the config has no target now");
  }

  /** Each fault is said once, whatever changes elsewhere. */
  #tellRefused(refused: ReadonlyMap<string, QueuewatchError>, look: Look): void {
    for (const [file, error] of refused)
      if (this.#refused.get(file)?.message !== error.message)
        this.#log.error(`${error.message.replaceAll("\n", "; ")}; what was in force stays`, {
          code: error.code,
          file,
          action: error.action,
        });
    for (const file of this.#refused.keys())
      if (!refused.has(file) && look.has(file)) this.#log.info("the file is in force again", { file });
    this.#refused = refused;
  }

  #tellDiffering(): void {
    const differing = this.#live.differing.join(", ");
    if (differing !== "" && differing !== this.#differing)
      this.#log.warn(`only targets are taken up while running; changed, but in force after a restart: ${differing}`);
    this.#differing = differing;
  }
}

/** Waits until SIGHUP asks for a reload; `close` gives the signal back to the system. */
export function listenForHangup(signal: AbortSignal): { wait: Wait; close: () => void } {
  let asked = new AbortController();
  const hear = (): void => asked.abort();
  process.on("SIGHUP", hear);
  return {
    wait: async (ms) => {
      await sleep(ms, undefined, { signal: AbortSignal.any([signal, asked.signal]) }).catch(() => undefined);
      if (!asked.signal.aborted) return false;
      asked = new AbortController();
      return true;
    },
    close: () => void process.off("SIGHUP", hear),
  };
}
