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

for (const growth of [0, 5])
  test(`an ended series whose growth of ${growth} waited in an outage is forgotten once that arrived`, () => {
    const ledger = new Ledger();
    const { metric, points } = total(100);
    const attributes = points[0]?.attributes ?? {};
    enter(ledger, total(100), t0);
    const waiting = enter(ledger, total(100 + growth), t0 + 1);
    end(ledger, total(100), t0 + 2);
    const hour = 3_600_000;
    ledger.forget(t0 + 2);
    ledger.forget(t0 + 2 + hour);
    assert.deepEqual(ledger.save().accounts, [], "closed: nothing is due, or it is too old");
    ledger.pay(ledger.claim(metric, attributes, waiting), t0 + 1);
    // Another server's total: all of it would be a flood of jobs that never was.
    assert.deepEqual(enter(ledger, total(9_000), t0 + 3 + hour), [0]);
    end(ledger, total(9_000), t0 + 4 + hour);
    ledger.forget(t0 + 4 + hour);
    assert.deepEqual(ledger.save().accounts, []);
  });

test("names that come and go while a destination is away leave nothing behind", () => {
  const ledger = new Ledger();
  const { metric } = total(0);
  const named = (tick: number) => ({ queue: `queue-${tick}` });
  const point = (tick: number) => ({ attributes: named(tick), value: 3, startMs: undefined });
  const ticks = Array.from({ length: 500 }, (_, tick) => tick);
  const waiting = ticks.map((tick) => {
    ledger.enter(metric, point(tick), t0 + tick);
    const growth = ledger.enter(metric, point(tick), t0 + tick);
    ledger.end(metric, named(tick), t0 + tick);
    ledger.forget(t0 + tick);
    return { tick, growth };
  });
  for (const { tick, growth } of waiting) ledger.pay(ledger.claim(metric, named(tick), growth), t0 + tick);
  ledger.forget(t0 + ticks.length);
  assert.deepEqual(ledger.save().accounts, []);
});
