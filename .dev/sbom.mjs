// Prints the CycloneDX bill of materials of what is published: packages that it depends on, and packages that are bundled
// into dist/. `npm sbom --omit=dev` leaves out each package that a development tool uses too (yaml, zod), so the whole list is
// asked for and cut here.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { bundle } from "./bundle.mjs";

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const production = Object.keys(packages).filter((path) => path && !packages[path].dev && !packages[path].optional);
const { metafile } = await build({ ...bundle, write: false, metafile: true });
const bundled = Object.keys(metafile.inputs).flatMap((file) => /^node_modules\/.*(?=\/)/.exec(file) ?? []);
const published = new Set([...production, ...bundled.map(packageOf)].map(reference));

const npm = JSON.parse(
  execFileSync("npm", ["sbom", "--sbom-format=cyclonedx"], { encoding: "utf8", maxBuffer: 1 << 26 }),
);
const root = npm.metadata.component["bom-ref"];
// Some packages write their version as `v1.2.3`.
const plain = (ref) => ref.replace(/@v(?=\d)/, "@");
const kept = (ref) => ref === root || published.has(plain(ref));
const bill = {
  ...npm,
  components: npm.components.filter((component) => kept(component["bom-ref"])),
  dependencies: npm.dependencies
    .filter(({ ref }) => kept(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(kept) })),
};
const missing = published.difference(new Set(bill.components.map((component) => plain(component["bom-ref"]))));
if (missing.size > 0) throw new Error(`not in npm's bill of materials: ${[...missing].join(", ")}`);
process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);

/** The lock file's entry that a bundled file belongs to. */
function packageOf(folder) {
  return packages[folder] ? folder : packageOf(folder.slice(0, folder.lastIndexOf("/")));
}

/** As npm refers to it: name@version. */
function reference(path) {
  return `${path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${packages[path].version}`;
}
