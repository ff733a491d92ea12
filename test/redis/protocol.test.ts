import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { getOnce } from "./world.ts";

/** Servers and proxies that answer as no redis-server of today does: by the first word of a command, in raw RESP. */
let server: Server | undefined;
const sockets = new Set<Socket>();
let asked: string[] = [];

async function serve(answers: Readonly<Record<string, string>>, greeting = ""): Promise<string> {
  asked = [];
  server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    if (greeting !== "") return void socket.end(greeting);
    socket.on("data", (bytes) => {
      for (const [, name = ""] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        asked.push(name.toLowerCase());
        socket.write(answers[name.toLowerCase()] ?? `-ERR unknown command '${name}'\r\n`);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
});

const value = "$5\r\nvalue\r\n";
const refusals: Record<string, string> = {
  "Redis 5": "-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n",
  "a server that knows HELLO, but not 3": "-NOPROTO unsupported protocol version\r\n",
  "a proxy with words of its own": "-ERR unsupported command 'hello'\r\n",
};

describe("a server that does not speak RESP3", () => {
  for (const [what, hello] of Object.entries(refusals)) {
    test(`${what}: auto falls back to 2`, async () => {
      const url = await serve({ hello, get: value, auth: "+OK\r\n" });
      assert.equal(await getOnce({ url, password: "secret" }, "key"), "value");
      assert.deepEqual(asked, ["hello", "auth", "get"]);
    });

    test(`${what}: 3 is 3`, async () => {
      const url = await serve({ hello, get: value });
      const answer = await getOnce({ url, protocol: "3" }, "key");
      assert.equal(typeof answer === "object" && answer.code, "REDIS_REFUSED");
      assert.ok(!asked.includes("get"));
    });
  }

  test("2 does not even ask", async () => {
    const url = await serve({ get: value });
    assert.equal(await getOnce({ url, protocol: "2" }, "key"), "value");
    assert.deepEqual(asked, ["get"]);
  });

  test("nothing else is sent but what is asked for, and the database first", async () => {
    const url = await serve({ hello: "%1\r\n$5\r\nproto\r\n:3\r\n", select: "+OK\r\n", get: value });
    assert.equal(await getOnce(`${url}/7`, "key"), "value");
    assert.deepEqual(asked, ["hello", "select", "get"]);
  });
});

describe("what a server says instead of serving", () => {
  const greetings: Record<string, [greeting: string, code: string, message: RegExp]> = {
    "too many clients": ["-ERR max number of clients reached\r\n", "REDIS_UNREACHABLE", /max number of clients/],
    "protected mode": ["-DENIED Redis is running in protected mode\r\n", "REDIS_REFUSED", /protected mode/],
    "another program": ["HTTP/1.1 400 Bad Request\r\n\r\n", "REDIS_UNREACHABLE", /./],
  };
  for (const [what, [greeting, code, message]] of Object.entries(greetings))
    test(what, async () => {
      const answer = await getOnce(await serve({}, greeting), "key");
      assert.ok(typeof answer === "object");
      assert.equal(answer.code, code);
      assert.match(answer.message, message);
      assert.doesNotMatch(answer.message, /[\r\n]/);
    });
});
