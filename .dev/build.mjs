// Bundles the CLI for production into dist/.
import { rmSync } from "node:fs";
import { build } from "esbuild";
import { bundle } from "./bundle.mjs";

rmSync("dist", { recursive: true, force: true });
await build(bundle);
