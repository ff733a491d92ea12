import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Programs of the stack suite, by the set of Go sources that they are built from. */
const buildSets = {
  tools: { programs: ["otelcol", "prometheus", "promtool"], build: buildTools },
  alertmanager: { programs: ["alertmanager", "amtool"], build: buildAlertmanager },
  "dashboard-linter": { programs: ["dashboard-linter"], build: buildDashboardLinter },
  helm: { programs: ["helm"], build: buildHelm },
  "check-manifests": { programs: ["check-manifests"], build: buildCheckManifests },
} as const;

type BuildSet = keyof typeof buildSets;
export type ProgramName = (typeof buildSets)[BuildSet]["programs"][number];

/** What a program found on PATH must at least be: older ones lack what the suite uses. */
const oldestVersion: Partial<Record<ProgramName, readonly [major: number, minor: number]>> = {
  prometheus: [3, 5],
  promtool: [3, 5],
  alertmanager: [0, 27],
  amtool: [0, 27],
  otelcol: [0, 154],
  helm: [4, 0],
};

const sources = new URL("go/", import.meta.url).pathname;
const cacheRoot = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "queuewatch", "stack");

/**
 * The path of a program: what `QW_<NAME>` says (QW_PROMETHEUS, QW_DASHBOARD_LINTER, …), else one on PATH that is new enough,
 * else built from test/stack/go, once for each content of its sources. Rejects with what is missing.
 */
export async function program(name: ProgramName): Promise<string> {
  const given = process.env[`QW_${name.toUpperCase().replaceAll("-", "_")}`];
  if (given !== undefined) return given;
  return (await onPath(name)) ?? join(await built(setOf(name)), name);
}

async function onPath(name: ProgramName): Promise<string | undefined> {
  const oldest = oldestVersion[name];
  if (!oldest) return undefined;
  for (const dir of (process.env["PATH"] ?? "").split(delimiter)) {
    const file = join(dir, name);
    if (existsSync(file) && (await isAtLeast(file, oldest))) return file;
  }
  return undefined;
}

async function isAtLeast(file: string, [major, minor]: readonly [number, number]): Promise<boolean> {
  // Helm has a command in place of the option.
  const question = file.endsWith("helm") ? ["version", "--template", "version {{.Version}}"] : ["--version"];
  const { stdout, stderr } = await run(file, question).catch(() => ({ stdout: "", stderr: "" }));
  const [, foundMajor, foundMinor] = /version v?(\d+)\.(\d+)/.exec(stdout + stderr) ?? [];
  if (foundMajor === undefined) return false;
  return Number(foundMajor) > major || (Number(foundMajor) === major && Number(foundMinor) >= minor);
}

function setOf(name: ProgramName): BuildSet {
  for (const [set, { programs }] of Object.entries(buildSets) as [BuildSet, { programs: readonly string[] }][])
    if (programs.includes(name)) return set;
  throw new Error(`no sources for ${name}`);
}

const building = new Map<BuildSet, Promise<string>>();

/** The folder with a set's programs; builds it where this content was not built before. */
async function built(set: BuildSet): Promise<string> {
  let ready = building.get(set);
  if (!ready) building.set(set, (ready = buildOnce(set)));
  return ready;
}

async function buildOnce(set: BuildSet): Promise<string> {
  const dir = join(sources, set);
  const target = join(cacheRoot, `${set}-${await contentKey(set, dir)}`);
  if (existsSync(target)) return target;
  process.stderr.write(`building ${buildSets[set].programs.join(", ")} from Go modules (once)\n`);
  await mkdir(cacheRoot, { recursive: true });
  const draft = await mkdtemp(join(cacheRoot, "draft-"));
  try {
    await buildSets[set].build(dir, draft);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process may have built the same meanwhile.
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** Content of the sources, how this set is built, and the compiler's version: what a build depends on. */
async function contentKey(set: BuildSet, dir: string): Promise<string> {
  const hash = createHash("sha256").update((await go(["version"], dir)).stdout);
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.toSorted()) hash.update(file.slice(dir.length)).update(await readFile(file));
  hash.update(`${buildSets[set].build.toString()}${prometheusVersion} ${alertmanagerVersion} ${helmVersion}`);
  return hash.digest("hex").slice(0, 16);
}

function go(args: readonly string[], cwd: string) {
  return run("go", args, { cwd, maxBuffer: 1 << 26, env: { ...process.env, GOTOOLCHAIN: "local" } });
}

const prometheusVersion = "3.16.0";
const alertmanagerVersion = "0.34.2";
const helmVersion = "4.3.1";
/** Of the programs that are built here, by the names of their services in deploy/compose.yaml. */
export const testedVersions = {
  prometheus: prometheusVersion,
  alertmanager: alertmanagerVersion,
  collector: "0.161.0",
} as const;

const versionVariable = "-X github.com/prometheus/common/version.Version=";

async function buildTools(dir: string, out: string): Promise<void> {
  const packages = ["prometheus", "promtool"].map((name) => `github.com/prometheus/prometheus/cmd/${name}`);
  const flags = [
    "-trimpath",
    "-tags",
    "remove_all_sd,netgo",
    "-ldflags",
    `-s -w ${versionVariable}${prometheusVersion}`,
  ];
  await go(["build", ...flags, "-o", `${out}/`, ...packages], dir);
  await go(["build", ...flags, "-o", join(out, "otelcol"), "."], dir);
}

/** Its web page is embedded and not part of the module: a stub stands in for it, the rest is the module as it is. */
async function buildAlertmanager(dir: string, out: string): Promise<void> {
  const copy = join(out, "source");
  await cp(await downloaded(`github.com/prometheus/alertmanager@v${alertmanagerVersion}`, dir), copy, {
    recursive: true,
  });
  await run("chmod", ["-R", "u+w", copy]);
  await mkdir(join(copy, "ui/app/dist"), { recursive: true });
  await writeFile(join(copy, "ui/app/dist/index.html"), "no page\n");
  const flags = ["-trimpath", "-tags", "netgo", "-ldflags", `-s -w ${versionVariable}${alertmanagerVersion}`];
  await go(["build", ...flags, "-o", `${out}/`, "./cmd/alertmanager", "./cmd/amtool"], copy);
  await rm(copy, { recursive: true });
}

/** Built in its own module, so with the versions and checksums of its release. */
async function buildHelm(dir: string, out: string): Promise<void> {
  const source = await downloaded(`helm.sh/helm/v4@v${helmVersion}`, dir);
  const flags = ["-trimpath", "-tags", "netgo"];
  const variable = `-s -w -X helm.sh/helm/v4/internal/version.version=v${helmVersion}`;
  await go(["build", ...flags, "-ldflags", variable, "-o", join(out, "helm"), "./cmd/helm"], source);
}

async function buildCheckManifests(dir: string, out: string): Promise<void> {
  await go(["build", "-trimpath", "-tags", "netgo", "-o", join(out, "check-manifests"), "."], dir);
}

/** The read-only folder with a module's files. */
async function downloaded(module: string, dir: string): Promise<string> {
  const { stdout } = await go(["mod", "download", "-json", module], dir);
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

async function buildDashboardLinter(dir: string, out: string): Promise<void> {
  const name = "dashboard-linter";
  await go(["build", "-trimpath", "-mod=mod", "-o", join(out, name), `github.com/grafana/${name}`], dir);
}
