import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { followConfig, listenForHangup } from "../../src/cli/follow-config.ts";
import { LiveConfig } from "../../src/config/live-config.ts";
import { keptLog } from "../support/collections.ts";

let dir: string;
before(async () => (dir = await mkdtemp(join(tmpdir(), "queuewatch-follow-"))));
after(() => rm(dir, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(dir, name), text);
const target = (name: string) => `- { name: ${name}, redis: "redis://${name}" }\n`;
beforeEach(async () => {
  await write("queuewatch.yaml", `target_files: ["targets.yaml"]`);
  await write("targets.yaml", target("a"));
});

/** What happens during one wait; true: a reload is asked for. */
type Step = () => Promise<boolean | void>;

/** Follows the config through the steps. Gives what was watched after each wait, how long each was, and the log. */
async function follow(steps: readonly Step[]) {
  const live = await LiveConfig.open({ file: join(dir, "queuewatch.yaml"), env: {} });
  const { log, lines } = keptLog();
  const stop = new AbortController();
  const watched: string[] = [];
  const waits: number[] = [];
  const left = [...steps];
  await followConfig(live, {
    agent: {
      watch: async (targets, refused) => {
        watched.push(`${targets.map(({ name }) => name).join(",")} ${refused}`);
        return { added: [], changed: [], removed: [] };
      },
    },
    log,
    signal: stop.signal,
    wait: async (ms) => {
      waits.push(ms);
      const step = left.shift();
      if (!step) stop.abort();
      return (await step?.()) === true;
    },
  });
  return { watched, waits, log: lines.join("") };
}

const nothing: Step = async () => undefined;
const ask: Step = async () => true;

test("a change is taken up when it was seen twice, and looked at again soon after the first time", async () => {
  const { watched, waits } = await follow([nothing, () => write("targets.yaml", target("b")), nothing, nothing]);
  assert.deepEqual(watched, ["b 0"]);
  assert.deepEqual(waits, [5_000, 5_000, 1_000, 5_000, 5_000]);
});

test("a file that is half written is waited for, one that becomes again what it was is nothing", async () => {
  const { watched } = await follow([
    () => write("targets.yaml", target("b")),
    () => write("targets.yaml", target("b") + target("c")),
    nothing,
    () => write("targets.yaml", ""),
    () => write("targets.yaml", target("b") + target("c")),
    nothing,
  ]);
  assert.deepEqual(watched, ["b,c 0"]);
});

test("when asked, what is there is taken up at once, and told even if nothing changed", async () => {
  const { watched, log } = await follow([async () => (await write("targets.yaml", target("b")), true), ask]);
  assert.deepEqual(watched, ["b 0", "b 0"]);
  assert.equal(log.match(/config read again/g)?.length, 2);
});

test("a fault is said once, another one by itself, and so is its end; the last target's end is a warning", async () => {
  const put = (text: string) => async () => (await write("targets.yaml", text), true);
  const { watched, log } = await follow([put("- ["), ask, put("- { name: b }\n- 5"), put(target("a")), put("[]")]);
  assert.deepEqual(watched, ["a 1", "a 1", "a 1", "a 0", " 0"]);
  assert.equal(log.match(/code=CONFIG_SYNTAX/g)?.length, 1);
  assert.match(log, /\[0\]\.redis: is missing; [^"]*; what was in force stays" code=CONFIG_INVALID/);
  assert.equal(log.match(/the file is in force again/g)?.length, 1);
  assert.match(log, /level=warn message="nothing is watched/);
});

test("whatever fails, it goes on", async () => {
  const live = await LiveConfig.open({ file: join(dir, "queuewatch.yaml"), env: {} });
  const { log, lines } = keptLog();
  const stop = new AbortController();
  let waits = 0;
  const agent = { watch: () => Promise.reject(new Error("odd")) };
  const wait = async () => {
    if (++waits === 3) stop.abort();
    return true;
  };
  await followConfig(live, { agent, log, signal: stop.signal, wait });
  assert.equal(waits, 3);
  assert.match(lines.join(""), /message=odd code=INTERNAL/);
});

test("SIGHUP ends a wait, also when it came before; the end of the agent does, too", async () => {
  const stop = new AbortController();
  const { wait, close } = listenForHangup(stop.signal);
  const waiting = wait(3_600_000);
  process.emit("SIGHUP");
  assert.equal(await waiting, true);
  process.emit("SIGHUP");
  assert.equal(await wait(3_600_000), true);
  assert.equal(await wait(1), false);
  const last = wait(3_600_000);
  stop.abort();
  assert.equal(await last, false);
  close();
  assert.equal(process.listenerCount("SIGHUP"), 0);
});
