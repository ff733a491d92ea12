import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LiveConfig } from "../../src/config/live-config.ts";
import { parseOwnConfig } from "../../src/config/load.ts";
import { sameSettings } from "../../src/config/same-settings.ts";
import { Secret } from "../../src/config/secret.ts";
import type { Content, Look } from "../../src/config/target-files.ts";
import { settle, type FileTargets } from "../../src/config/target-set.ts";
import { QueuewatchError } from "../../src/errors.ts";

const main = "queuewatch.yaml";
const own = `target_files: ["targets.d/*.yaml"]\ntargets: [{ name: own, redis: "redis://own" }]\n`;

function live(text = own): LiveConfig {
  return new LiveConfig({ file: main, text, ...parseOwnConfig(text, { file: main, env: {} }) }, {});
}

const list = (...names: string[]) => names.map((name) => `- { name: ${name}, redis: "redis://${name}" }\n`).join("");
const look = (files: Readonly<Record<string, Content>>, text: Content = own): Look =>
  new Map([[main, text], ...Object.entries(files)]);

/** What is in force after a look, and what is refused. */
function take(config: LiveConfig, seen: Look) {
  const { targets, refused } = config.take(seen);
  return {
    names: targets.map(({ name }) => name),
    refused: [...refused].map(([file, { code, message }]) => `${code} ${file} ${message}`),
  };
}

describe("a live config", () => {
  test("takes files up as they come, change and go", () => {
    const config = live();
    assert.deepEqual(take(config, look({ a: list("a1", "a2"), b: list("b") })).names, ["own", "a1", "a2", "b"]);
    assert.deepEqual(take(config, look({ a: list("a2", "a3") })).names, ["own", "a2", "a3"]);
    assert.deepEqual(take(config, look({ c: "name: c\nredis: redis://c" })).names, ["own", "c"]);
    assert.deepEqual(take(config, look({ c: "[]" })).names, ["own"]);
    assert.deepEqual(
      config.config.targets.map(({ name }) => name),
      ["own"],
    );
  });

  test("keeps what a file held while its content is wrong, whatever is wrong with it", () => {
    const faults: [content: Content, refusal: RegExp][] = [
      ["- [", /^CONFIG_SYNTAX b b:1:4: /],
      ["- { name: b }", /^CONFIG_INVALID b b:1:3: \[0\]\.redis: is missing$/],
      ['- { name: b, redis: "${UNSET}" }', /^CONFIG_REFERENCE b b:1:21: /],
      ["", /^CONFIG_INVALID b b:1:1: expected a list of targets/],
      [new QueuewatchError("CONFIG_UNREADABLE", "b: EIO: i/o error"), /^CONFIG_UNREADABLE b b: EIO/],
      [list("b", "a"), /^CONFIG_INVALID b b:2:11: the name `a` is taken at a:1:11 already$/],
    ];
    for (const [content, refusal] of faults) {
      const config = live();
      take(config, look({ a: list("a"), b: list("b", "b2") }));
      const broken = take(config, look({ a: list("a", "a2"), b: content }));
      assert.deepEqual(broken.names, ["own", "a", "a2", "b", "b2"]);
      assert.match(broken.refused.join("\n"), refusal);
      assert.deepEqual(take(config, look({ a: list("a"), b: list("b3") })), { names: ["own", "a", "b3"], refused: [] });
    }
  });

  test("takes nothing from a new file that is wrong, and forgets it with the file", () => {
    const config = live();
    assert.deepEqual(take(config, look({ new: "][" })).names, ["own"]);
    assert.deepEqual(take(config, look({})), { names: ["own"], refused: [] });
  });

  test("lets a target move from file to file, two change places, and the clash end when the other gives way", () => {
    const config = live();
    take(config, look({ a: list("x"), b: list("y") }));
    assert.deepEqual(take(config, look({ a: list("y"), b: list("x") })), { names: ["own", "y", "x"], refused: [] });
    const clash = take(config, look({ a: list("y"), b: list("x", "y") }));
    assert.deepEqual(clash.names, ["own", "y", "x"]);
    assert.equal(clash.refused.length, 1);
    assert.deepEqual(take(config, look({ a: list("z"), b: list("x", "y") })), {
      names: ["own", "z", "x", "y"],
      refused: [],
    });
  });

  test("whose own file changes takes up its targets, and says what else would need a restart", () => {
    const config = live();
    const changed = own.replace("name: own", "name: mine").replace("redis://own", "redis://:canary@own");
    assert.deepEqual(take(config, look({}, changed)).names, ["mine"]);
    assert.deepEqual(config.differing, []);
    assert.deepEqual(take(config, look({}, `${own}alerting: { folder: other }`)).names, ["own"]);
    assert.deepEqual(config.differing, [], "the agent reads nothing of it");
    take(config, look({}, `${own}interval: 1m\nexport: { otlp: [{ endpoint: "http://c", headers: { a: b } }] }`));
    assert.deepEqual(config.differing, ["interval", "export"]);
    assert.equal(config.config.interval, 15);
    assert.deepEqual(take(config, look({}, "targets: 5")).names, ["own"]);
    take(config, look({}));
    assert.deepEqual(config.differing, []);
  });
});

describe("any history of files", () => {
  const names = fc.uniqueArray(fc.constantFrom<string>("a", "b", "c", "d", "e"), { maxLength: 3 });
  /** The names that a file holds; or it is broken; or it is not there. */
  const content = fc.oneof(
    { arbitrary: names, weight: 4 },
    { arbitrary: fc.constantFrom("broken", "missing"), weight: 1 },
  );
  const moment = fc.record({ one: content, two: content, three: content });
  type Moment = Readonly<Record<string, readonly string[] | string>>;

  const lookOf = (held: Moment): Look =>
    look(
      Object.fromEntries(
        Object.entries(held)
          .filter(([, now]) => now !== "missing")
          .map(([file, now]) => [file, typeof now === "string" ? "- [" : now.length > 0 ? list(...now) : "[]"]),
      ),
    );

  /** Every file as it was last good, and no name twice: what must be in force where no names clash. */
  const model = (history: readonly Moment[]): string[] => {
    const good = new Map<string, readonly string[]>();
    for (const held of history)
      for (const [file, now] of Object.entries(held))
        if (now === "missing") good.delete(file);
        else if (typeof now !== "string") good.set(file, now);
    return ["own", ...[...good.values()].flat()].toSorted();
  };

  test("leaves in force what each file last held that was right", () => {
    const apart = moment.map(({ one, two, three }) => {
      const renamed = (held: typeof one, file: string) =>
        typeof held === "string" ? held : held.map((name) => `${file}-${name}`);
      return { one: renamed(one, "one"), two: renamed(two, "two"), three: renamed(three, "three") };
    });
    fc.assert(
      fc.property(fc.array(apart, { minLength: 1, maxLength: 8 }), (history) => {
        const config = live();
        const last = history.map((held) => take(config, lookOf(held)).names).at(-1);
        assert.deepEqual(last?.toSorted(), model(history));
      }),
    );
  });

  test("never puts a name in force twice, never loses a file's last good content without a better one", () => {
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1, maxLength: 8 }), (history) => {
        const config = live();
        let before: readonly string[] = ["own"];
        for (const held of history) {
          const { names: now, refused } = take(config, lookOf(held));
          assert.equal(new Set(now).size, now.length);
          const wanted = Object.values(held).flatMap((one) => (typeof one === "string" ? [] : one));
          if (refused.length === 0) assert.deepEqual(now.toSorted(), ["own", ...wanted].toSorted());
          for (const name of now) assert.ok(before.includes(name) || wanted.includes(name), `${name} from nowhere`);
          before = now;
        }
      }),
    );
  });

  test("ends as it would from the last look alone, once nothing is wrong any more", () => {
    const right = fc.record({ one: names, two: names, three: names });
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 6 }), right, (history, last) => {
        const config = live();
        for (const held of history) take(config, lookOf(held));
        const { names: now, refused } = take(config, lookOf(last));
        const all = Object.values(last).flat();
        if (new Set(all).size !== all.length) assert.ok(refused.length > 0);
        else assert.deepEqual([now, refused], [["own", ...all], []]);
      }),
    );
  });
});

describe("files that clash", () => {
  const targets = (...held: string[]): FileTargets<{ name: string }> => ({
    targets: held.map((name) => ({ name })),
    places: held.map((name) => `at ${name}`),
  });

  test("give way if they changed; of two that did, the later one", () => {
    const a = targets("x");
    const b = targets("y");
    const unchanged = settle([
      { file: "a", wanted: targets("x", "y"), inForce: a },
      { file: "b", wanted: b, inForce: b },
    ]);
    assert.deepEqual([...unchanged.refused.keys()], ["a"]);
    const both = settle([
      { file: "a", wanted: targets("z"), inForce: a },
      { file: "b", wanted: targets("z"), inForce: b },
    ]);
    assert.deepEqual([...both.refused.keys()], ["b"]);
    assert.deepEqual(
      [...both.inForce.values()].map((file) => file.targets[0]?.name),
      ["z", "y"],
    );
  });

  test("may make others give way, too", () => {
    const { inForce, refused } = settle([
      { file: "a", wanted: targets("y"), inForce: targets("x") },
      { file: "b", wanted: targets("z"), inForce: targets("y") },
      { file: "c", wanted: new QueuewatchError("CONFIG_SYNTAX", "broken"), inForce: targets("z") },
    ]);
    assert.deepEqual([...refused.keys()].toSorted(), ["a", "b", "c"]);
    assert.deepEqual(
      [...inForce.values()].map((file) => file.targets[0]?.name),
      ["x", "y", "z"],
    );
  });
});

describe("two settings", () => {
  test("are the same when all they say is, secrets and the order of patterns included", () => {
    const settings = { a: 1, b: undefined, list: [{ c: new Secret("s") }], queues: { "x*": {}, "*": {} } };
    assert.ok(sameSettings(settings, { a: 1, list: [{ c: new Secret("s") }], queues: { "x*": {}, "*": {} } }));
    const others: unknown[] = [
      { ...settings, a: 2 },
      { ...settings, b: null },
      { ...settings, list: [{ c: new Secret("t") }] },
      { ...settings, list: [{ c: {} }] },
      { ...settings, list: { 0: { c: new Secret("s") } } },
      { ...settings, list: [] },
      { ...settings, queues: { "*": {}, "x*": {} } },
      { ...settings, more: 1 },
      "text",
      null,
    ];
    for (const other of others) {
      assert.ok(!sameSettings(settings, other));
      assert.ok(!sameSettings(other, settings));
    }
  });
});
