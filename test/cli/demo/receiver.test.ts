import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startReceiver, type Receiver } from "../../../src/cli/demo/receiver.ts";

const request = {
  resourceMetrics: [
    {
      scopeMetrics: [
        {
          metrics: [
            { name: "a", gauge: { dataPoints: [{}, {}] } },
            { name: "b", sum: { dataPoints: [{}] } },
          ],
        },
        { metrics: [{ name: "c", histogram: { dataPoints: [{}] } }] },
      ],
    },
  ],
};

describe("the demo's receiver", () => {
  let receiver: Receiver;
  before(async () => void (receiver = await startReceiver()));
  after(() => receiver.close());

  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(`${receiver.url}/v1/metrics`, { method: "POST", body: Buffer.from(body), headers });

  test("counts requests, points and bytes, compressed or not", async () => {
    const text = JSON.stringify(request);
    const zipped = gzipSync(text);
    assert.equal(await (await post(text)).text(), "{}");
    assert.equal((await post(zipped, { "content-encoding": "gzip" })).status, 200);
    assert.deepEqual(receiver.arrived, { requests: 2, points: 8, bytes: text.length + zipped.length });
  });

  for (const body of ["", "no JSON", "\u001f\u008b"])
    test(`answers 400 to ${JSON.stringify(body)}, and counts nothing`, async () => {
      const counted = { ...receiver.arrived };
      assert.equal((await post(body)).status, 400);
      assert.deepEqual(receiver.arrived, counted);
    });

  test("takes whatever is JSON", async () => {
    for (const body of ["null", "[]", "3", '{"resourceMetrics":3}', '{"resourceMetrics":[{"scopeMetrics":[null]}]}'])
      assert.equal((await post(body)).status, 200);
  });
});
