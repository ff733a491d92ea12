import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Trail } from "../../../src/systems/resque/latency/trail.ts";
import { ModelQueue } from "./model-queue.ts";

const second = 1_000;

/** The estimate must hold the truth between its bounds (a millisecond for rounding). */
function assertHolds(queue: ModelQueue, said: ReturnType<ModelQueue["tick"]>, nowMs: number): void {
  if (said === undefined) return;
  const truth = queue.age(nowMs);
  const message = `said ${said.latency} ± ${said.uncertainty}, true ${truth}`;
  assert.ok(Math.abs(said.latency - truth) <= said.uncertainty + 0.001, message);
}

test("jobs that were there before the agent have no known age; those pushed since have one", () => {
  const queue = new ModelQueue();
  for (let index = 0; index < 10; index++) queue.push(0);
  assert.equal(queue.tick(100 * second), undefined);
  for (let index = 0; index < 10; index++) queue.push(105 * second);
  assert.equal(queue.tick(115 * second), undefined);
  for (let index = 0; index < 10; index++) queue.pop();
  const said = queue.tick(130 * second);
  assert.ok(said);
  assertHolds(queue, said, 130 * second);
  assert.equal(
    said.latency,
    130 - 100 - (15 * 0.5) / 10,
    "the first of ten pushed at an even rate between 100 and 115 s",
  );
});

test("a queue that was empty at the last read is younger than that, equal payloads or not", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 5; index++) queue.push(10 * second, '{"class":"Tick","args":[]}');
  const said = queue.tick(15 * second);
  assert.ok(said);
  assertHolds(queue, said, 15 * second);
  assert.equal(queue.tick(30 * second), undefined, "equal payloads: nobody knows which of them are left");
});

test("a stuck queue's latency grows with the clock", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  queue.push(7 * second);
  for (let tick = 1; tick <= 400; tick++) queue.tick(tick * 15 * second);
  const said = queue.tick(6_015 * second);
  assert.deepEqual(said, { latency: 6_007.5, uncertainty: 7.5 });
});

test("a job without arguments that comes again and again is not taken for one that waits", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let tick = 1; tick < 20; tick++) {
    queue.push(tick * 15 * second - 2 * second, '{"class":"Tick","args":[]}');
    assertHolds(queue, queue.tick(tick * 15 * second), tick * 15 * second);
    queue.pop();
  }
});

test("the same payload with arguments, seen again after it was gone, is not trusted any more", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  const daily = '{"class":"Report","args":["daily"]}';
  for (let tick = 1; tick < 10; tick++) {
    queue.push(tick * 15 * second - second, daily);
    queue.tick(tick * 15 * second);
    queue.pop();
    queue.tick(tick * 15 * second + 1);
  }
  queue.push(200 * second, daily);
  queue.push(201 * second, daily);
  queue.tick(202 * second);
  queue.pop();
  queue.push(210 * second, daily);
  assert.equal(queue.tick(217 * second), undefined);
});

test("when somebody removes the markers, nothing is said rather than something false", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 400; index++) queue.push(5 * second);
  queue.tick(15 * second);
  queue.elements.splice(-20);
  assert.equal(queue.tick(600 * second), undefined, "380 jobs are 595 s old, though every marker is gone");
  assert.equal(queue.tick(615 * second), undefined);
});

test("in a long queue, markers near its head outlast the removal of those at its end", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 1_000; index++) queue.push(5 * second);
  queue.tick(15 * second);
  queue.elements.splice(-20);
  const said = queue.tick(600 * second);
  assert.ok(said);
  assertHolds(queue, said, 600 * second);
});

test("a queue that was drained and filled again is younger than the last read", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 100; index++) queue.push(5 * second);
  queue.tick(15 * second);
  for (let index = 0; index < 100; index++) queue.pop();
  for (let index = 0; index < 40; index++) queue.push(25 * second);
  const said = queue.tick(30 * second);
  assert.ok(said);
  assertHolds(queue, said, 30 * second);
  assert.ok(said.latency <= 15);
});

test("a flush says nothing of what comes after it until that is older than the read that saw it", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 100; index++) queue.push(5 * second);
  queue.attempts = 1_000_000;
  queue.tick(15 * second);
  queue.elements.length = 0;
  queue.attempts = 0;
  for (let index = 0; index < 50; index++) queue.push(20 * second);
  assert.equal(queue.tick(30 * second), undefined);
  for (let index = 0; index < 5; index++) queue.push(40 * second);
  for (let index = 0; index < 50; index++) queue.pop();
  const said = queue.tick(45 * second);
  assert.ok(said);
  assertHolds(queue, said, 45 * second);
});

test("jobs put back at the head are older than anything known", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 5; index++) queue.push(5 * second);
  queue.tick(15 * second);
  queue.elements.unshift({ text: '{"class":"Back","args":["x"]}', pushedMs: -9 * second });
  const said = queue.tick(30 * second);
  assert.ok(said === undefined || Math.abs(said.latency - 39) <= said.uncertainty);
});

test("a restart goes on where it was, by digests, and no payload is saved", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 50; index++) queue.push(5 * second, `{"class":"Pay","args":["card 4111 ${index}"]}`);
  queue.tick(15 * second);
  const state = JSON.stringify(queue.trail.save());
  assert.doesNotMatch(state, /card|4111|Pay/);
  for (let index = 0; index < 30; index++) queue.push(40 * second);
  for (let index = 0; index < 20; index++) queue.pop();
  const restored = Trail.restore(JSON.parse(state));
  assert.ok(restored);
  queue.trail = restored;
  const said = queue.tick(60 * second);
  assert.ok(said);
  assertHolds(queue, said, 60 * second);
  assert.deepEqual(restored.take(), { enqueued: 30, dequeued: 20 });
});

test("state of another kind is not taken up", () => {
  for (const state of [undefined, null, 7, "x", {}, { head: 5, end: 1, atMs: 0, marks: [], tail: [], used: [] }])
    assert.equal(Trail.restore(state), undefined);
});

test("what was seen added and taken is what was added and taken while the queue does not run dry", () => {
  const queue = new ModelQueue();
  queue.tick(0);
  for (let index = 0; index < 50; index++) queue.push(second);
  queue.tick(2 * second);
  let { enqueued, dequeued } = queue.trail.take();
  for (let tick = 1; tick < 50; tick++) {
    for (let index = 0; index < 30; index++) queue.push((tick * 15 - 1) * second);
    for (let index = 0; index < 20; index++) queue.pop();
    queue.tick(tick * 15 * second);
    const taken = queue.trail.take();
    enqueued += taken.enqueued;
    dequeued += taken.dequeued;
  }
  assert.deepEqual([enqueued, dequeued], [queue.pushed, queue.popped]);
});

test("a backlog found at the start is not counted as added", () => {
  const queue = new ModelQueue();
  for (let index = 0; index < 1_000; index++) queue.push(0);
  queue.tick(15 * second);
  assert.deepEqual(queue.trail.take(), { enqueued: 0, dequeued: 0 });
});

test("in a flood the walk is bounded by what workers take, not by what is pushed", () => {
  const queue = new ModelQueue();
  for (let index = 0; index < 20_000; index++) queue.push(0);
  queue.tick(0);
  for (let index = 0; index < 100; index++) queue.push(10 * second);
  queue.tick(15 * second);
  queue.walked = 0;
  for (let tick = 2; tick < 8; tick++) {
    for (let index = 0; index < 20_000; index++) queue.push((tick * 15 - 3) * second);
    for (let index = 0; index < 50; index++) queue.pop();
    queue.tick(tick * 15 * second);
    assert.ok(queue.trail.located);
  }
  assert.ok(queue.walked / 6 < 10_000, `${queue.walked / 6} elements a read`);
});

const actions = fc.array(
  fc.record({
    seconds: fc.integer({ min: 1, max: 30 }),
    pushes: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 300 })),
    pops: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 300 })),
    walkLimit: fc.constantFrom(Infinity, 1_000, 0),
  }),
  { maxLength: 40 },
);

test("with unique payloads the truth always lies between the bounds, whatever happens and whatever is left out", () => {
  fc.assert(
    fc.property(actions, fc.integer({ min: 0, max: 50 }), (steps, before) => {
      const queue = new ModelQueue();
      for (let index = 0; index < before; index++) queue.push(0);
      let nowMs = 10 * second;
      for (const { seconds, pushes, pops, walkLimit } of steps) {
        for (let index = 0; index < Math.max(pushes, pops); index++) {
          nowMs += (seconds * second) / 301;
          if (index < pushes) queue.push(nowMs);
          if (index < pops) queue.pop();
        }
        nowMs += second;
        assertHolds(queue, queue.tick(nowMs, walkLimit), nowMs);
      }
    }),
    { numRuns: 500 },
  );
});
