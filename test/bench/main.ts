import { cpus } from "node:os";
import { styleText } from "node:util";
import { benchAgentForeign, benchAgentIdle, benchAgentLarge, benchAgentSmall } from "./agent.ts";
import { type Figure, figureTable, isBroken } from "./figure.ts";
import { machineSlowness } from "./machine.ts";
import { benchResqueFlood, benchResqueLarge, benchResqueLatency } from "./resque.ts";
import { benchSidekiqLarge, benchSidekiqSmall } from "./sidekiq.ts";

/** `npm run bench -- SECTION…`: figures against bounds. The exit code says whether all hold; it is no test. */
const sections: Readonly<Record<string, readonly (() => Promise<Figure[]>)[]>> = {
  sidekiq: [benchSidekiqSmall, benchSidekiqLarge],
  resque: [benchResqueLarge, benchResqueFlood],
  latency: [() => benchResqueLatency(60, 5)],
  agent: [benchAgentIdle, benchAgentSmall, benchAgentLarge, benchAgentForeign],
};

const asked = process.argv.slice(2);
const chosen = asked.length > 0 ? asked : Object.keys(sections);
const unknown = chosen.filter((name) => !Object.hasOwn(sections, name));
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(", ")}; there are ${Object.keys(sections).join(", ")}`);
  process.exit(2);
}

console.log(
  `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model}`,
);
sayMachine();
let broken = 0;
for (const name of chosen) {
  console.log(styleText("bold", `\n${name}`));
  for (const bench of sections[name] ?? []) {
    const figures = await bench();
    broken += figures.filter(isBroken).length;
    console.log(figureTable(figures));
    sayMachine();
  }
}

process.exitCode = broken > 0 ? 1 : 0;

/** A shared machine changes its speed within seconds: figures are as they were measured, and this says what they are worth. */
function sayMachine(): void {
  console.log(
    styleText("dim", `fixed work now takes ${machineSlowness().toFixed(2)} × the CPU time of a quiet machine\n`),
  );
}
