import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  queueLatency,
  queueLatencyLimit,
  queueRunning,
  queueSize,
  queueWorkers,
  jobProcessed,
  workerCount,
} from "../../../src/catalogue/jobqueue.ts";
import type { Metric } from "../../../src/catalogue/metric.ts";
import { targetUp } from "../../../src/catalogue/queuewatch.ts";
import { History } from "../../../src/cli/demo/history.ts";
import { readingsOf, type Readings } from "../../../src/cli/demo/readings.ts";
import { openScreen } from "../../../src/cli/demo/screen.ts";
import { readingsView } from "../../../src/cli/demo/view.ts";
import { painter } from "../../../src/cli/terminal.ts";
import type { Collection } from "../../../src/collect/family.ts";

const common = { system: "sidekiq", target: "shop" };

function family(metric: Metric, points: readonly (readonly [Record<string, string>, number])[]) {
  const all = points.map(([attributes, value]) => ({
    attributes: { ...common, ...attributes },
    value,
    startMs: undefined,
  }));
  return { metric, points: all, ended: [] };
}

function collection(
  timeMs: number,
  sizes: Readonly<Record<string, number>>,
  more: readonly ReturnType<typeof family>[] = [],
): Collection {
  const queues = family(
    queueSize,
    Object.entries(sizes).map(([queue, size]) => [{ queue }, size] as const),
  );
  return { target: "shop", timeMs, families: [family(targetUp, [[{}, 1]]), queues, ...more] };
}

function readings(...args: Parameters<typeof collection>): Readings {
  const read = readingsOf([collection(...args)]);
  assert.ok(read);
  return read;
}

const plain = painter(false);

describe("the demo's live table", () => {
  test("says nothing before the agent has read", () => {
    assert.equal(readingsOf([]), undefined);
    assert.equal(readingsOf([{ target: undefined, timeMs: 1, families: [] }]), undefined);
  });

  test("shows a queue's numbers as the agent exports them, and its share of what is promised", () => {
    const read = readings(1_000, { mail: 12 }, [
      family(queueLatency, [[{ queue: "mail" }, 90]]),
      family(queueLatencyLimit, [
        [{ queue: "mail", severity: "warning" }, 60],
        [{ queue: "mail", severity: "critical" }, 120],
      ]),
      family(queueRunning, [[{ queue: "mail" }, 3]]),
      family(queueWorkers, [[{ queue: "mail" }, 2]]),
      family(workerCount, [
        [{ state: "active" }, 2],
        [{ state: "lost" }, 1],
      ]),
    ]);
    const [history, other] = [new History(), new History()];
    history.add(read);
    const text = readingsView(read, history, plain);
    assert.match(text, /^mail +12 +1m30s +75 % +3 +2 +▇$/m);
    assert.match(text, /2 active · 0 quiet · 1 lost/);
    const colored = readingsView(read, other, painter(true));
    assert.ok(colored.includes("\u001b[33m"), "past the warning, it is yellow");
    assert.ok(colored.includes("\u001b[31m1 lost"), "a lost worker is red");
  });

  test("a queue without a promise has no share, one without workers stands out", () => {
    const read = readings(1_000, { odd: 5 }, [family(queueLatency, [[{ queue: "odd" }, 3]])]);
    assert.match(readingsView(read, new History(), plain), /^odd +5 +3s +– +0 +0/m);
  });

  test("says so when Redis cannot be read", () => {
    const families = [family(targetUp, [[{}, 0]])];
    const read = readingsOf([{ target: "shop", timeMs: 1, families }]);
    assert.ok(read);
    assert.match(readingsView(read, new History(), plain), /^Redis cannot be read$/m);
  });

  test("of many queues it shows those in trouble", () => {
    const sizes = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`q${index}`, index]));
    const late = family(queueLatency, [[{ queue: "q0" }, 999]]);
    const limit = family(queueLatencyLimit, [[{ queue: "q0", severity: "critical" }, 10]]);
    const text = readingsView(readings(1, sizes, [late, limit]), new History(), plain);
    assert.match(text, /^q0 .*9990 %/m);
    assert.match(text, /^q29 /m);
    assert.doesNotMatch(text, /^q1 /m);
    assert.match(text, /and 16 more queues/);
  });

  test("names from Redis cannot move the cursor", () => {
    const text = readingsView(readings(1, { "\u001b[2Jevil\n": 1 }), new History(), plain);
    assert.ok(!text.includes("\u001b"));
  });
});

describe("the demo's history", () => {
  const processed = (timeMs: number, value: number) => readings(timeMs, {}, [family(jobProcessed, [[{}, value]])]);

  test("rates are per second, over at most half a minute", () => {
    const history = new History();
    history.add(processed(0, 1_000));
    assert.equal(history.rate("processed"), undefined);
    history.add(processed(10_000, 1_500));
    assert.equal(history.rate("processed"), 50);
    history.add(processed(35_000, 2_000));
    assert.equal(history.rate("processed"), 20);
    assert.equal(history.rate("failed"), undefined);
  });

  test("a total that fell has no rate", () => {
    const history = new History();
    history.add(processed(0, 1_000));
    history.add(processed(1_000, 10));
    assert.equal(history.rate("processed"), undefined);
  });

  test("a line has a bar each five seconds, the last one of now, and forgets after two minutes", () => {
    const history = new History();
    let last = readings(0, { q: 0 });
    for (let second = 0; second <= 300; second++) {
      last = readings(second * 1_000, { q: second === 300 ? 400 : 100 });
      history.add(last);
    }
    const [queue] = last.queues;
    assert.ok(queue);
    assert.equal(history.line(queue), `${"▂".repeat(23)}▇`);
  });
});

describe("the demo's screen", () => {
  const io = { err: () => undefined, env: {}, version: "1", color: false, signal: new AbortController().signal };

  test("a pipe gets plain blocks", () => {
    let out = "";
    const screen = openScreen({ ...io, out: (text) => (out += text) });
    screen.show("a\nb\n");
    screen.show("c\n");
    screen.close();
    assert.equal(out, "a\nb\n\nc\n\n");
  });

  test("a terminal is drawn over, never scrolled, and left as it was", () => {
    let out = "";
    const screen = openScreen({ ...io, out: (text) => (out += text), terminal: () => ({ rows: 3 }) });
    out = "";
    screen.show("a\nb\nc\nd\n");
    assert.equal(out, "\u001b[Ha\u001b[K\nb\u001b[K\n\u001b[J");
    screen.close();
    assert.ok(out.endsWith("\u001b[?25h\u001b[?7h"));
  });
});
