import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { createWorld } from "../../src/demo/world.ts";

/** What stands in a fixture, made by the real Sidekiq 8.1.7. */
interface Fixture {
  readonly keys: readonly {
    readonly key: string;
    readonly type: string;
    readonly pttl: number;
    readonly value: unknown;
  }[];
}

const fixture = JSON.parse(
  await readFile(new URL("../fixtures/sidekiq-8.1.7/keys.json", import.meta.url), "utf8"),
) as Fixture;
const world = createWorld({ seed: "keys", startMs: Date.UTC(2026, 10, 23, 9, 3, 30) });
world.advance(world.now() + 270_000);
const { database } = world;

/** A key without what differs between any two Sidekiqs: names, numbers, dates. */
function shapeOf(key: string): string {
  return key
    .replace(/^[^:|]+:\d+:[0-9a-f]{12}/, "<identity>")
    .replace(/^queue:.*/, "queue:<name>")
    .replace(/^h\|.+-\d\d?-\d\d?:\d\d?$/, "h|<class>-D-H:M")
    .replace(/^j\|\d{6}\|\d\d?:\d\d$/, "j|YYMMDD|H:MM")
    .replace(/^j\|\d{6}\|\d\d?:\d$/, "j|YYMMDD|H:M")
    .replace(/^(stat:\w+):\d{4}-\d\d-\d\d$/, "$1:<day>")
    .replace(/^\d{8}-marks$/, "<day>-marks")
    .replace(/^deploylock-.*/, "deploylock-<label>");
}

const ours = new Map([...database.keys()].map((key) => [shapeOf(key), key]));
const theirs = new Map(fixture.keys.map((entry) => [shapeOf(entry.key), entry]));

describe("the keys of the demo's world", () => {
  test("are named and typed as Sidekiq's", () => {
    // Only in the fixture: an iterated job, and the lock of a middleware. Only in ours: what lib/sidekiq/{deploy,api}.rb write now and then.
    const known = new Set([...theirs.keys(), "<day>-marks", "deploylock-<label>", "process_cleanup"]);
    assert.deepEqual(
      [...ours.keys()].filter((shape) => !known.has(shape)),
      [],
    );
    const missing = [...theirs.keys()].filter((shape) => !ours.has(shape) && !/^(?:it-|uniq:)/.test(shape));
    assert.deepEqual(missing, []);
    for (const [shape, key] of ours)
      if (theirs.has(shape)) assert.equal(database.typeOf(key), theirs.get(shape)?.type, shape);
  });

  test("processes say of themselves what Sidekiq's say", () => {
    const said = database.read(String(ours.get("<identity>")), "hash") ?? new Map<string, string>();
    const real = Object.entries(Object(theirs.get("<identity>")?.value) as Record<string, string>);
    assert.deepEqual([...said.keys()].toSorted(), real.map(([field]) => field).toSorted());
    const infoOf = (text = "{}") => Object.keys(JSON.parse(text) as object).toSorted();
    assert.deepEqual(infoOf(said.get("info")), infoOf(new Map(real).get("info")));
    const work = database.read(String(ours.get("<identity>:work")), "hash") ?? new Map<string, string>();
    for (const text of work.values()) {
      const entry = JSON.parse(text) as Record<string, unknown>;
      assert.deepEqual(Object.keys(entry), ["queue", "payload", "run_at"]);
      assert.equal(typeof entry["payload"], "string");
      assert.ok(Number.isInteger(entry["run_at"]));
    }
  });

  test("jobs have the fields that Sidekiq gives them, with times in milliseconds", () => {
    const retry = database.read("retry", "zset");
    const [member = ""] = retry?.slice(0, 1)[0] ?? [];
    const job = JSON.parse(member) as Record<string, unknown>;
    const wanted = ["args", "class", "created_at", "enqueued_at", "error_class", "error_message", "failed_at", "jid"];
    for (const field of [...wanted, "queue", "retry", "retry_count"]) assert.ok(Object.hasOwn(job, field), field);
    assert.match(String(job["jid"]), /^[0-9a-f]{24}$/);
    assert.ok(Number.isInteger(job["created_at"]) && Number(job["created_at"]) > 1e12);
    const [scheduled = ""] = database.read("schedule", "zset")?.slice(0, 1)[0] ?? [];
    assert.equal(Object.hasOwn(JSON.parse(scheduled) as object, "enqueued_at"), false);
  });

  test("a minute's histogram holds what its counters hold", () => {
    let compared = 0;
    for (const key of database.keys()) {
      const [, name, , hour, minute] = /^h\|(.+)-(\d\d?)-(\d\d?):(\d\d?)$/.exec(key) ?? [];
      if (name === undefined) continue;
      const bytes = database.read(key, "string");
      assert.ok(Buffer.isBuffer(bytes));
      let count = 0;
      for (let at = 0; at < bytes.length; at += 2) count += bytes.readUInt16BE(at);
      const bucket = database.read(`j|261123|${hour}:${minute?.padStart(2, "0")}`, "hash");
      const failed = Number(bucket?.get(`${name}|f`) ?? 0);
      assert.equal(count, Number(bucket?.get(`${name}|p`)) - failed, key);
      compared++;
    }
    assert.ok(compared > 50, String(compared));
  });
});
