// Installs what the npm scripts need, once: the locked packages, among them Node 24 for this platform.
// Runs on any Node >= 20, before anything of the project can be imported.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".queuewatch-installed");
const major = Number(process.versions.node.split(".")[0]);

if (major < 20) fail(`Node ${process.versions.node} is too old: install Node 20 or newer and run this again.`);
/** Programs that the tests start, and Debian's packages of them. Without the first no test runs; without another, its tests. */
const programs = {
  "redis-server": "redis-server",
  promtool: "prometheus",
  amtool: "prometheus-alertmanager",
  openssl: "openssl",
  gcc: "gcc",
  ruby: "ruby",
  // The real one, for the stack suite.
  sidekiq: "ruby-sidekiq",
};

installPackages();
checkNode();
if (process.argv.includes("--test")) installTestPrograms();

function installPackages() {
  const lock = readFileSync(join(root, "package-lock.json"));
  const wanted = createHash("sha256")
    .update(lock)
    .update(process.platform + process.arch)
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stderr.write("queuewatch: installing packages (once)\n");
  // npm tells its scripts where its own program is: the same npm, and no shell, on every platform.
  const npm = process.env.npm_execpath;
  // As locked, and nothing written back. Not `npm ci`: it refuses a lock file in which the tools' builds for other platforms
  // are missing, and registry mirrors do not have all of them.
  const args = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status !== 0)
    fail("npm install failed (see above). Check that the npm registry can be reached, then run this again.");
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** npm scripts find `node_modules/.bin/node` first; where no package fits the platform, the machine's own must do. */
function checkNode() {
  const bundled = existsSync(join(root, "node_modules", ".bin", process.platform === "win32" ? "node.cmd" : "node"));
  if (bundled || major >= 24) return;
  fail(
    `There is no Node 24 package for ${process.platform}-${process.arch}: install Node 24 and run this again (this is ${process.versions.node}).`,
  );
}

function installTestPrograms() {
  const missing = Object.keys(programs).filter((program) => !has(program));
  if (missing.length === 0) return;
  if (process.platform === "linux" && process.getuid?.() === 0 && has("apt-get")) {
    process.stderr.write(`queuewatch: installing ${missing.join(", ")} with apt-get (once)\n`);
    const packages = missing.map((program) => programs[program]);
    if (missing.includes("gcc")) packages.push("libc6-dev");
    apt("update");
    apt("install", "-y", "--no-install-recommends", ...packages);
  }
  const still = missing.filter((program) => !has(program));
  if (still.includes("redis-server")) {
    fail(
      "The integration tests need redis-server 6.2 or newer on PATH. Install it (Debian: apt-get install redis-server; macOS: brew install redis) and run this again.",
    );
  }
  if (still.length > 0) process.stderr.write(`queuewatch: tests that need ${still.join(", ")} will not run\n`);
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", ["-qq", ...args], { stdio: ["ignore", 2, 2], env }).status === 0;
}

function has(program) {
  return (process.env.PATH ?? "")
    .split(process.platform === "win32" ? ";" : ":")
    .some((dir) => existsSync(join(dir, program)));
}

function fail(message) {
  process.stderr.write(`queuewatch: ${message}\n`);
  process.exit(1);
}
