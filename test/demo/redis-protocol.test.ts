import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { startStandIn, type StandIn } from "../../src/demo/redis-server.ts";
import { ProtocolError, RequestParser } from "../../src/demo/redis/request.ts";
import { openRaw, request, sendBytes } from "./raw-client.ts";

/** What a parser makes of chunks: the requests, and how it ended. */
function parse(chunks: readonly Buffer[]): { readonly requests: string[][]; readonly error: string | undefined } {
  const parser = new RequestParser();
  const requests: string[][] = [];
  try {
    for (const chunk of chunks) for (const words of parser.feed(chunk)) requests.push([...words]);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { requests, error: error.message };
  }
  return { requests, error: undefined };
}

const words = fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { minLength: 1, maxLength: 6 });

/** What looks like the protocol, more or less. */
const almost = fc
  .array(
    fc.oneof(
      words.map(request),
      fc.constantFrom(
        "*",
        "$",
        "\r\n",
        "\n",
        "*2\r\n",
        "$3\r\n",
        "*-1\r\n",
        "$-1\r\n",
        "*0\r\n",
        '"',
        "'",
        "GET x\r\n",
        "+OK\r\n",
      ),
      fc.constantFrom("*1048577\r\n", "$1048577\r\n", "HELLO 3\r\n", "INFO\r\n", "PING\r\n", "QUIT\r\n"),
      fc.integer().map(String),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join("")));

describe("requests", () => {
  test("are taken apart the same however they are cut", () =>
    fc.assert(
      fc.property(
        fc.oneof(
          almost,
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        ),
        fc.infiniteStream(fc.nat(9)),
        (bytes, sizes) => {
          const chunks: Buffer[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = 1 + Number(sizes.next().value);
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          assert.deepEqual(parse(chunks), parse([bytes]));
        },
      ),
    ));

  test("give back the words they were made of", () =>
    fc.assert(
      fc.property(fc.array(words), (requests) =>
        assert.deepEqual(parse([Buffer.from(requests.map(request).join(""))]), { requests, error: undefined }),
      ),
    ));

  test("may be lines of words", () => {
    const line = `GET "a \\"b\\n" 'it\\'s'\tx\r\n\r\nPING\n`;
    assert.deepEqual(parse([Buffer.from(line)]).requests, [["GET", 'a "b\n', "it's", "x"], ["PING"]]);
  });

  for (const [bytes, error] of [
    ["*x\r\n", "invalid multibulk length"],
    ["*1048577\r\n", "invalid multibulk length"],
    ["*1\r\n$-5\r\n", "invalid bulk length"],
    ["*1\r\n$1048577\r\n", "invalid bulk length"],
    ["*1\r\n:3\r\n", "expected '$', got ':'"],
    ['GET "a b\r\n', "unbalanced quotes in request"],
    ["x".repeat(65_537), "too big inline request"],
    [`*${"1".repeat(65_537)}`, "too big mbulk count string"],
  ] as const)
    test(`that are wrong are told: ${error} (${bytes.slice(0, 12).trim()})`, () =>
      assert.deepEqual(parse([Buffer.from(bytes)]), { requests: [], error }));
});

describe("a stand-in that is sent rubbish", () => {
  let standIn: StandIn;
  before(async () => void (standIn = await startStandIn({ now: Date.now })));
  after(() => standIn.close());

  test("answers, ends the connection, and goes on serving others", async () => {
    const other = await openRaw(standIn.port);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          almost,
          fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        ),
        async (bytes) => {
          const reply = await sendBytes(standIn.port, bytes);
          assert.ok(reply === "" || /^[-+:$*%=~_]/.test(reply), reply.slice(0, 80));
          assert.equal(await other.ask("PING"), "+PONG\r\n");
        },
      ),
      { numRuns: 150 },
    );
    other.close();
  });

  test("says what was wrong with the protocol, as redis-server does", async () => {
    const reply = await sendBytes(standIn.port, Buffer.from("PING\r\n*1\r\n$-5\r\nPING\r\n"));
    assert.equal(reply, "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
  });
});
