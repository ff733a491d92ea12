#!/usr/bin/env node
import manifest from "../package.json" with { type: "json" };
import { exitCodes } from "./cli/command.ts";
import { nodeProblem } from "./cli/node-version.ts";
import { describeError } from "./cli/program-error.ts";

const problem = nodeProblem(process.versions.node, manifest.engines.node);
if (problem) {
  process.stderr.write(describeError(problem));
  process.exitCode = exitCodes.failed;
} else {
  // An older Node may not even be able to load the rest.
  const { runProcess } = await import("./cli/process.ts");
  await runProcess(manifest.version);
}
