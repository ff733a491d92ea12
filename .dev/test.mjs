// Runs the checks behind `npm test`, or with --stack the suite on the real Collector, Prometheus and Alertmanager.
// Everything runs even where something before it failed; the exit code says whether all of it passed.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

const reporters = [
  ["spec", "stdout"],
  ["./.dev/not-run-reporter.mjs", "stderr"],
].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);
/** Several times what a slow machine needs: only what hangs ends by it. */
const timeout = 25 * 60_000;
const stack = process.argv.includes("--stack");
const files = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

if (stack) {
  const tests = globSync("test/stack/**/*.test.ts").toSorted();
  finish([
    run("build", [".dev/build.mjs"]),
    run("stack", ["--test", ...reporters, "--test-concurrency=1", "--test-timeout=900000", ...tests]),
  ]);
} else if (files.length > 0) {
  finish([run("tests", ["--test", ...files])]);
} else {
  const tests = globSync("test/**/*.test.ts").filter((file) => !/^test\/(?:stack|pictures)\//.test(file));
  finish([
    run("types", ["node_modules/typescript/bin/tsc"]),
    run("lint", ["node_modules/oxlint/bin/oxlint", "--type-aware"]),
    run("format", ["node_modules/oxfmt/bin/oxfmt", "--check"]),
    run("unused code", ["node_modules/knip/bin/knip.js"]),
    run("build", [".dev/build.mjs"]),
    run("tests", ["--test", ...reporters, "--test-concurrency=2", "--test-timeout=180000", ...tests.toSorted()]),
  ]);
}

function run(title, args) {
  process.stdout.write(`\n== ${title}\n`);
  const started = Date.now();
  const { status, error } = spawnSync(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"], timeout });
  if (error) process.stdout.write(`${title}: ${error.message}\n`);
  process.stdout.write(
    `== ${title}: ${status === 0 ? "ok" : "FAILED"} (${Math.round((Date.now() - started) / 1000)} s)\n`,
  );
  return { title, ok: status === 0 };
}

function finish(results) {
  const failed = results.filter((result) => !result.ok).map((result) => result.title);
  if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(", ")}\n`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
