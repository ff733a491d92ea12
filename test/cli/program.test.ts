import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commandNames, loadAll } from "../../src/cli/commands.ts";
import { describeError } from "../../src/cli/program-error.ts";
import { QueuewatchError } from "../../src/errors.ts";
import { run } from "../support/command-line.ts";

const root = join(import.meta.dirname, "../..");

describe("the command line", () => {
  test("without a command, with --help and with help", async () => {
    const bare = await run([]);
    assert.deepEqual([bare.code, bare.out], [2, ""]);
    for (const argv of [["--help"], ["-h"], ["help"]]) {
      const asked = await run(argv);
      assert.deepEqual([asked.code, asked.err, asked.out], [0, "", bare.err]);
    }
    for (const name of commandNames) assert.match(bare.err, new RegExp(`^  ${name} `, "m"));
  });

  test("says its version", async () =>
    assert.deepEqual(await run(["--version"]), { code: 0, out: "queuewatch 1.2.3\n", err: "" }));

  for (const name of commandNames)
    test(`${name} --help names each option and an example`, async () => {
      const { code, out } = await run([name, "--help"]);
      const command = (await loadAll()).find((loaded) => loaded.name === name);
      assert.ok(command && code === 0);
      for (const option of Object.keys(command.options)) assert.ok(out.includes(`--${option}`), option);
      assert.ok(command.examples.length > 0);
      for (const line of out.split("\n")) assert.ok(line.length <= 140, line);
      assert.equal((await run(["help", name])).out, out);
    });

  const mistakes: [argv: string[], message: RegExp][] = [
    [["helth"], /unknown command `helth` \(did you mean `health`\?\)/],
    [["xyzzy"], /unknown command `xyzzy` \(commands: /],
    [["toString"], /unknown command/],
    [["health", "--liv"], /unknown option `--liv` \(did you mean `--live`\?\)/],
    [["health", "--constructor"], /unknown option/],
    [["health", "-x"], /unknown option `-x`/],
    [["health", "--live=yes"], /--live takes no value/],
    [["health", "--url"], /--url needs a value: --url URL/],
    [["health", "--url="], /--url needs a value/],
    [["health", "--url", "--live"], /--url needs a value/],
    [["health", "--url", "ftp://x"], /--url is no http:\/\/ or https:\/\/ URL/],
    [["health", "now"], /`now` is not expected here/],
    [["generate"], /say what to generate/],
    [["generate", "scheme"], /unknown `scheme` \(did you mean `schema`\?\)/],
  ];
  for (const [argv, message] of mistakes)
    test(`${argv.join(" ")} is USAGE, exit code 2`, async () => {
      const { code, out, err } = await run(argv);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, /^queuewatch: USAGE: /);
      assert.match(err, message);
      assert.match(err, /\n {2}→ See `queuewatch .*--help`\.\n$/);
    });

  test("prints no control characters that came in", async () => {
    const { err } = await run(["\u001b[31mred\u202e"]);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(err, /[\u001b\u202e]/);
  });
});

describe("an error on the terminal", () => {
  test("of several lines shows them as they are, for editors that jump to them", () => {
    const text = describeError(new QueuewatchError("CONFIG_INVALID", "q.yaml:1:2: a: x\nq.yaml:3:4: b: y"));
    assert.equal(
      text,
      "q.yaml:1:2: a: x\nq.yaml:3:4: b: y\nqueuewatch: CONFIG_INVALID: 2 problems\n  → Mend the setting that is named.\n",
    );
  });
});

describe("the program", () => {
  const start = (args: string[]) =>
    spawn(process.execPath, ["src/main.ts", ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: {} });

  test("ends with the command's exit code", async () => {
    for (const [args, code] of [
      [["--version"], 0],
      [["health", "--url", "http://127.0.0.1:1"], 1],
      [["nonsense"], 2],
    ] as const)
      assert.equal((await once(start([...args]), "close"))[0], code);
  });

  test("takes it well when nobody reads any further", async () => {
    const child = start(["generate", "schema"]);
    child.stdout.destroy();
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const [code, signal] = await once(child, "close");
    assert.deepEqual([code, signal, errors], [0, null, ""]);
  });
});

describe("generate schema", () => {
  test("prints the JSON Schema", async () => {
    const { code, out } = await run(["generate", "schema"]);
    const schema = JSON.parse(out) as {
      properties: Record<string, unknown>;
      additionalProperties: unknown;
      anyOf: unknown;
    };
    assert.equal(code, 0);
    assert.ok(schema.properties["targets"]);
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(schema.anyOf, [{ required: ["targets"] }, { required: ["target_files"] }]);
  });
});
