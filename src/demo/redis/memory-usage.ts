import { CommandError, integerOf, optionsOf, syntaxError } from "./arguments.ts";
import type { Database } from "./database.ts";
import type { Reply } from "./reply.ts";

/** Bytes that a key and an element cost besides their text, near enough to what redis-server says of its encodings. */
const keyOverhead = 56;
const elementOverhead = 16;
const defaultSamples = 5;

/** MEMORY USAGE: rough bytes of a key, from some of its elements; the other subcommands are not known here. */
export function memoryUsage(database: Database, [subcommand, key, ...rest]: readonly string[]): Reply {
  if (subcommand?.toUpperCase() !== "USAGE")
    throw new CommandError(`ERR unknown subcommand '${subcommand ?? ""}'. Try MEMORY HELP.`);
  if (key === undefined) throw new CommandError("ERR wrong number of arguments for 'memory|usage' command");
  const given = optionsOf(rest, { SAMPLES: 1 }).get("SAMPLES");
  const samples = given ? integerOf(given[0]) : defaultSamples;
  if (samples < 0) throw new CommandError(syntaxError);
  return bytesOf(database, key, samples) ?? null;
}

/** Rough bytes of one key; 0 samples look at all of its elements. */
function bytesOf(database: Database, key: string, samples: number): number | undefined {
  const content = database.content(key);
  if (!content) return undefined;
  const { string, list, set, zset, hash } = content;
  const base = keyOverhead + Buffer.byteLength(key);
  if (list) return base + elementsBytes(list.range(0, list.length), list.length, samples);
  if (set) return base + elementsBytes(set, set.size, samples);
  if (zset) return base + elementsBytes(zset.slice(0, samples || zset.size).map(String), zset.size, samples);
  if (hash) return base + elementsBytes(fieldsAndValues(hash), hash.size, samples);
  return base + elementOverhead + Buffer.byteLength(string ?? "");
}

/** Rough bytes of all keys of a database. */
export function databaseBytes(database: Database): number {
  let bytes = 0;
  for (const key of database.keys()) bytes += bytesOf(database, key, 1) ?? 0;
  return bytes;
}

function* fieldsAndValues(hash: ReadonlyMap<string, string>): Generator<string> {
  for (const [field, value] of hash) yield field + value;
}

/** The mean of the first elements, for all of them. */
function elementsBytes(elements: Iterable<string>, count: number, samples: number): number {
  let sampled = 0;
  let bytes = 0;
  for (const element of elements) {
    bytes += elementOverhead + Buffer.byteLength(element);
    if (++sampled === samples) break;
  }
  return sampled === 0 ? 0 : Math.round((bytes / sampled) * count);
}
