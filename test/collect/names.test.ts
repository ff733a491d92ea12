import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nameMap } from "../../src/collect/names.ts";
import type { NamePolicy } from "../../src/config/schema.ts";

const policy = (more: Partial<NamePolicy> = {}): NamePolicy => ({ fold: ["uuid", "hex"], mask: [], ...more });

test("identifiers in names fold, words do not", () => {
  const name = nameMap(policy(), "");
  assert.equal(name("mailers-3f2504e0-4f89-41d3-9a0c-0305e82c3301"), "mailers-*");
  assert.equal(name("tenant_5f0a9c3b7d1e2f4a6b8c"), "tenant_5f0a9c3b7d1e2f4a6b8c", "no word boundary");
  assert.equal(name("tenant:5f0a9c3b7d1e2f4a6b8c"), "tenant:*");
  assert.equal(name("feedface"), "feedface");
  assert.equal(name("default"), "default");
});

test("numbers fold only on request", () => {
  assert.equal(nameMap(policy(), "")("shard-12"), "shard-12");
  assert.equal(nameMap(policy({ fold: ["number"] }), "")("shard-12"), "shard-*");
});

test("what is dropped is left out, what is not kept is other", () => {
  const name = nameMap(policy({ keep: ["mail*"], drop: ["mail-test"] }), "");
  assert.equal(name("mailers"), "mailers");
  assert.equal(name("mail-test"), undefined);
  assert.equal(name("default"), "other");
});

test("masked names tell nothing of the name, and are the same for the same key", () => {
  const mask = [{ match: "customer-*" }, { match: "internal", replace: "hidden" }];
  const one = nameMap(policy({ mask }), "key");
  const hashed = one("customer-lemon");
  assert.match(hashed ?? "", /^#[0-9a-f]{12}$/);
  assert.equal(nameMap(policy({ mask }), "key")("customer-lemon"), hashed);
  assert.notEqual(nameMap(policy({ mask }), "other key")("customer-lemon"), hashed);
  assert.equal(one("internal"), "hidden");
  assert.equal(one("default"), "default");
});

test("property: whatever the name, what is exported is short and printable", () => {
  const name = nameMap(policy(), "");
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "binary", minLength: 300 })), (raw) => {
      const exported = name(raw) ?? "";
      assert.ok(exported.length > 0 && exported.length <= 201);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(exported, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
});

test("ten megabytes of name cost no ten megabytes of memory", () => {
  const name = nameMap(policy(), "");
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 20; index++) name(`${index}${"x".repeat(10_000_000)}`);
  globalThis.gc?.();
  assert.ok(process.memoryUsage().heapUsed - before < 150_000_000);
});
