import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { QueuewatchError } from "../../src/errors.ts";
import { concernsOneCommand, redisFailure } from "../../src/redis/failure.ts";
import { asCount, ReplyShapeError } from "../../src/redis/reply.ts";

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: "ReplyError", command: { name: "auth", args: ["canary"] } });
}
const systemError = (code: string, message = code) => Object.assign(new Error(message), { code });

describe("an error of Redis by its first word", () => {
  const said: Record<string, string> = {
    "WRONGPASS invalid username-password pair or user is disabled.": "REDIS_AUTH",
    "NOAUTH Authentication required.": "REDIS_AUTH",
    "ERR invalid password": "REDIS_AUTH",
    "ERR AUTH <password> called without any password configured for the default user.": "REDIS_AUTH",
    "NOPERM this user has no permissions to run the 'get' command": "REDIS_PERMISSION",
    "WRONGTYPE Operation against a key holding the wrong kind of value": "REDIS_TYPE",
    "LOADING Redis is loading the dataset in memory": "REDIS_LOADING",
    "BUSY Redis is busy running a script.": "REDIS_TIMEOUT",
    "MASTERDOWN Link with MASTER is down": "REDIS_UNREACHABLE",
    "CLUSTERDOWN The cluster is down": "REDIS_UNREACHABLE",
    "ERR max number of clients reached": "REDIS_UNREACHABLE",
    "READONLY You can't write against a read only replica.": "REDIS_REFUSED",
    "MOVED 3999 127.0.0.1:6381": "REDIS_REFUSED",
    "ERR syntax error": "REDIS_REFUSED",
  };
  for (const [message, code] of Object.entries(said))
    test(`${code}: ${message}`, () => {
      const failure = redisFailure(replyError(message));
      assert.deepEqual([failure.code, failure.message], [code, message]);
    });
});

describe("an error of the system", () => {
  const codes: Record<string, string> = {
    ECONNREFUSED: "REDIS_UNREACHABLE",
    ENOTFOUND: "REDIS_UNREACHABLE",
    ETIMEDOUT: "REDIS_UNREACHABLE",
    EACCES: "REDIS_UNREACHABLE",
    CERT_HAS_EXPIRED: "REDIS_TLS",
    DEPTH_ZERO_SELF_SIGNED_CERT: "REDIS_TLS",
    SELF_SIGNED_CERT_IN_CHAIN: "REDIS_TLS",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "REDIS_TLS",
    ERR_TLS_CERT_ALTNAME_INVALID: "REDIS_TLS",
    ERR_SSL_WRONG_VERSION_NUMBER: "REDIS_TLS",
    ERR_OSSL_X509_KEY_VALUES_MISMATCH: "REDIS_TLS",
    EPROTO: "REDIS_TLS",
  };
  for (const [code, ours] of Object.entries(codes))
    test(`${code}: ${ours}`, () => assert.equal(redisFailure(systemError(code)).code, ours));

  test("of several addresses: the first one's", () => {
    const several = new AggregateError([
      systemError("ECONNREFUSED", "connect ECONNREFUSED ::1:6379"),
      systemError("X"),
    ]);
    assert.equal(redisFailure(several).message, "connect ECONNREFUSED ::1:6379");
  });

  test("something that is no error at all", () => {
    assert.equal(redisFailure("odd").message, "odd");
    assert.equal(redisFailure(undefined).code, "REDIS_UNREACHABLE");
    assert.equal(redisFailure(new AggregateError([])).code, "REDIS_UNREACHABLE");
  });
});

test("only refusals of single commands leave the connection in use", () => {
  const alone = ["REDIS_PERMISSION", "REDIS_TYPE", "REDIS_REFUSED"] as const;
  for (const code of alone) assert.ok(concernsOneCommand(new QueuewatchError(code, "x")));
  for (const code of ["REDIS_AUTH", "REDIS_LOADING", "REDIS_TIMEOUT", "REDIS_UNREACHABLE"] as const)
    assert.ok(!concernsOneCommand(new QueuewatchError(code, "x")));
});

test("a reply of another shape is an error of that key, and does not repeat the reply", () => {
  assert.throws(() => asCount("canary"), ReplyShapeError);
  const failure = redisFailure(new ReplyShapeError("a number", "canary"));
  assert.deepEqual([failure.code, failure.message], ["REDIS_TYPE", "expected a number, got string"]);
});

test("whatever was sent stays out of the message, which is one short line; nothing else is kept", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => {
      const sent = `canary ${text}`;
      const failure = redisFailure(replyError(`ERR unknown command 'x', with args beginning with: '${sent}' `));
      assert.equal(failure.message, "ERR unknown command 'x'");
      const other = redisFailure(replyError(text));
      assert.ok(other.message.length <= 200);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(other.message, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      assert.equal(other.cause, undefined);
    }),
  );
});
