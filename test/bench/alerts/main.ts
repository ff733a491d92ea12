// Prints how our rules, and those that people use today, behave on simulated weeks: `npm run bench:alerts -- [--all] [SEED…]`.
import { ours, score, evaluate } from "./score.ts";
import { kindNames } from "./incidents.ts";
import { peerRules } from "./peers.ts";
import { Random } from "./random.ts";
import { drawWorld } from "./world.ts";

/** Thresholds were settled on the first seeds and are scored on the others. */
const settledOn = [1, 2, 11, 12];
const scoredOn = [21, 22];

const args = process.argv.slice(2);
const verbose = args.includes("--all");
const given = args.filter((arg) => /^\d+$/.test(arg)).map(Number);
const seeds = given.length > 0 ? given : args.includes("--settle") ? settledOn : scoredOn;
const days = 21;
const quietDays = 8;

const sets = [ours, ...new Set(peerRules.map(({ set }) => set))];
const results = new Map(sets.map((set) => [set, [] as ReturnType<typeof score>[]]));
for (const seed of seeds) {
  const world = drawWorld(new Random(seed), days, quietDays);
  const firings = await evaluate(world, 7 * 1_440);
  for (const set of sets) results.get(set)?.push(score(world, firings, set));
}
const weeks = (seeds.length * (days - 7)) / 7;

const percentile = (list: readonly number[], part: number) =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length * part)] ?? 0;
const per = (all: readonly unknown[]) => (all.length / weeks).toFixed(1);

console.log(`Seeds ${seeds.join(", ")}: ${weeks} weeks of two targets.\n`);
console.log("| rules | incidents found | minutes, median / p90 | false pages a week | false warnings a week |");
console.log("| --- | --- | --- | --- | --- |");
for (const [set, scores] of results) {
  const minutes = scores.flatMap((one) => one.minutes);
  const all = minutes.length + scores.flatMap((one) => one.missed).length;
  const found = `${Math.round((100 * minutes.length) / all)} %`;
  const pages = per(scores.flatMap((one) => one.falsePages));
  const warnings = per(scores.flatMap((one) => one.falseWarnings));
  console.log(
    `| ${set} | ${found} | ${percentile(minutes, 0.5)} / ${percentile(minutes, 0.9)} | ${pages} | ${warnings} |`,
  );
}

const missedByOurs = new Set((results.get(ours) ?? []).flatMap((one) => one.missed));
const onlyOthers = [...missedByOurs].filter((incident) =>
  [...results].some(([set, scores]) => set !== ours && !scores.some((one) => one.missed.includes(incident))),
);
console.log(`\nFound by others and not by ours: ${onlyOthers.map(({ kind }) => kind).join(", ") || "none"}.`);
console.log("\n| kind | found | minutes, median / most |");
console.log("| --- | --- | --- |");
const own = results.get(ours) ?? [];
for (const kind of kindNames) {
  const entries = own.flatMap((one) => one.found.get(kind) ?? []);
  const minutes = entries.flatMap((entry) => entry.minutes);
  const all = entries.reduce((sum, entry) => sum + entry.all, 0);
  console.log(`| ${kind} | ${minutes.length} of ${all} | ${percentile(minutes, 0.5)} / ${Math.max(0, ...minutes)} |`);
}

if (verbose)
  for (const { found, missed, falsePages, falseWarnings } of own) {
    for (const kind of kindNames) console.log(kind, found.get(kind)?.minutes.join(" "));
    for (const one of missed) console.log("missed", JSON.stringify(one));
    for (const one of [...falsePages, ...falseWarnings])
      console.log(
        one.severity,
        one.rule,
        one.target,
        `day ${Math.floor(one.from / 1_440)}`,
        `${Math.floor((one.from % 1_440) / 60)}:${one.from % 60}`,
        one.to - one.from,
      );
  }
