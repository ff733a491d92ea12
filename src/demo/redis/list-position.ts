import { CommandError, integerOf, optionsOf } from "./arguments.ts";
import type { Database } from "./database.ts";
import type { Deque } from "./deque.ts";
import type { Reply } from "./reply.ts";

interface Search {
  /** Which hit is the first to count; negative ones are looked for from the tail. */
  readonly rank: number;
  /** How many hits to give; 0 for all. */
  readonly count: number;
  /** How many elements to look at; 0 for all. */
  readonly maxlen: number;
}

/** LPOS: where an element stands in a list, or its places where COUNT is given. */
export function lpos(database: Database, [key, element]: readonly [string, string], words: readonly string[]): Reply {
  const options = optionsOf(words, { RANK: 1, COUNT: 1, MAXLEN: 1 });
  const numbers = { RANK: 1, COUNT: 1, MAXLEN: 0 };
  for (const [name, [text]] of options) numbers[isNumber(name) ? name : "RANK"] = checked(name, integerOf(text));
  const list = database.read(key, "list");
  const hits = list ? places(list, element, { rank: numbers.RANK, count: numbers.COUNT, maxlen: numbers.MAXLEN }) : [];
  return options.has("COUNT") ? hits : (hits[0] ?? null);
}

const isNumber = (name: string): name is "RANK" | "COUNT" | "MAXLEN" => ["RANK", "COUNT", "MAXLEN"].includes(name);

function checked(name: string, value: number): number {
  if (name === "RANK" && value === 0)
    throw new CommandError(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
    );
  if (name !== "RANK" && value < 0) throw new CommandError(`ERR ${name} can't be negative`);
  return value;
}

function places(list: Deque<string>, element: string, { rank, count, maxlen }: Search): number[] {
  const found: number[] = [];
  const looked = maxlen === 0 ? list.length : Math.min(maxlen, list.length);
  let skip = Math.abs(rank) - 1;
  for (let step = 0; step < looked; step++) {
    const index = rank > 0 ? step : list.length - 1 - step;
    if (list.at(index) !== element || skip-- > 0) continue;
    found.push(index);
    if (count > 0 && found.length >= count) break;
  }
  return found;
}
