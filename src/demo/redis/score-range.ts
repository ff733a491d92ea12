import { CommandError, endOf, integerOf, optionsOf, placeOf, scoreBoundOf, type ScoreBound } from "./arguments.ts";
import type { Database } from "./database.ts";
import type { Reply } from "./reply.ts";
import type { ScoredMember, SortedSet } from "./sorted-set.ts";

/** ZCOUNT: how many members have a score between two bounds. */
export function zcount(
  database: Database,
  key: string,
  [min, max]: readonly [string | undefined, string | undefined],
): Reply {
  const bounds = [scoreBoundOf(min), scoreBoundOf(max)] as const;
  const zset = database.read(key, "zset");
  if (!zset) return 0;
  const [start, end] = indexes(zset, ...bounds);
  return Math.max(0, end - start);
}

/** ZRANGE by index, or by score with an optional LIMIT; REV and BYLEX, which the agent never sends, are refused. */
export function zrange(database: Database, key: string, [from, to, ...words]: readonly string[]): Reply {
  const options = optionsOf(words, { BYSCORE: 0, LIMIT: 2, WITHSCORES: 0 });
  const limit = options.get("LIMIT")?.map((text) => integerOf(text));
  if (limit && !options.has("BYSCORE"))
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  const read = options.has("BYSCORE") ? byScore(from, to, limit) : byIndex(from, to);
  const zset = database.read(key, "zset");
  const members = zset ? read(zset) : [];
  return options.has("WITHSCORES") ? { scored: members } : members.map(([member]) => member);
}

type Select = (zset: SortedSet) => readonly ScoredMember[];

function byIndex(start: string | undefined, stop: string | undefined): Select {
  integerOf(start);
  integerOf(stop);
  return (zset) => zset.slice(placeOf(start, zset.size), endOf(stop, zset.size));
}

function byScore(min: string | undefined, max: string | undefined, limit: readonly number[] | undefined): Select {
  const bounds = [scoreBoundOf(min), scoreBoundOf(max)] as const;
  const [offset = 0, count = -1] = limit ?? [];
  return (zset) => {
    const [start, end] = indexes(zset, ...bounds);
    if (offset < 0) return [];
    return zset.slice(start + offset, count < 0 ? end : Math.min(end, start + offset + count));
  };
}

/** Index of the first member within the bounds, and that after the last one. */
function indexes(zset: SortedSet, min: ScoreBound, max: ScoreBound): readonly [start: number, end: number] {
  return [
    zset.firstIndex((score) => (min.exclusive ? score > min.score : score >= min.score)),
    zset.firstIndex((score) => (max.exclusive ? score >= max.score : score > max.score)),
  ];
}
