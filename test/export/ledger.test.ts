import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "../../src/export/ledger.ts";
import { count, total } from "../support/collections.ts";
import type { Family } from "../../src/collect/family.ts";

const t0 = Date.UTC(2026, 0, 1);

/** Enters a family's one point, and gives its growth; what was delivered of it is not told. */
function enter(ledger: Ledger, { metric, points }: Family, timeMs: number): readonly number[] {
  const [point] = points;
  assert.ok(point);
  return ledger.enter(metric, point, timeMs);
}

function end(ledger: Ledger, { metric, points }: Family, timeMs: number): void {
  for (const { attributes } of points) ledger.end(metric, attributes, timeMs);
}

for (const delivered of [true, false])
  test(`who comes back after an end counts from its own beginning, ${delivered ? "all" : "nothing"} delivered before`, () => {
    const ledger = new Ledger();
    enter(ledger, total(100), t0);
    const grown = enter(ledger, total(150), t0 + 1);
    const counted = enter(ledger, count(7, t0), t0 + 1);
    assert.deepEqual([grown, counted], [[50], [7]]);
    if (delivered)
      for (const [family, growth] of [
        [total(150), grown],
        [count(7, t0), counted],
      ] as const) {
        const debt = ledger.claim(family.metric, family.points[0]?.attributes ?? {}, growth);
        ledger.pay(debt, t0 + 1);
      }
    end(ledger, total(150), t0 + 2);
    end(ledger, count(7, t0), t0 + 2);
    ledger.forget(t0 + 2);
    assert.equal(ledger.save().accounts.length, delivered ? 0 : 2);
    // Another server's total: all of it would be a flood of jobs that never was.
    assert.deepEqual(enter(ledger, total(9_000), t0 + 3), [0]);
    assert.deepEqual(enter(ledger, total(9_010), t0 + 4), [10]);
    assert.deepEqual(enter(ledger, count(2, t0 + 3), t0 + 3), [2]);
    assert.deepEqual(enter(ledger, count(3, t0 + 3), t0 + 4), [1]);
  });

test("a total that only fell is a server that was restarted: all of it is growth", () => {
  const ledger = new Ledger();
  enter(ledger, total(100), t0);
  assert.deepEqual(enter(ledger, total(30), t0 + 1), [30]);
});
