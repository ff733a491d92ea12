/** What a worker's id says: `host:pid:queue,queue` (Resque), `name:queue,queue` (node-resque; name `host:pid` or any). */
export interface WorkerIdParts {
  readonly host: string | undefined;
  readonly pid: number | undefined;
  readonly queues: readonly string[];
}

/** Splits a worker's id; `name` is the one under which a node-resque worker pings, which alone tells where it ends. */
export function readWorkerId(id: string, name: string | undefined): WorkerIdParts {
  const own = name ?? rubyName(id);
  const [, host, pid] = /^(.+):(\d+)(?:\+\d+)?$/s.exec(own) ?? [];
  return {
    host,
    pid: pid === undefined ? undefined : Number(pid),
    queues: id
      .slice(own.length + 1)
      .split(",")
      .map((queue) => queue.trim())
      .filter((queue) => queue !== ""),
  };
}

/** Host and pid: up to the second colon, since queues may have colons. Up to the first where there is no pid. */
function rubyName(id: string): string {
  const [name] = /^[^:]*:\d+(?:\+\d+)?(?=:)/.exec(id) ?? /^[^:]*/.exec(id) ?? [""];
  return name;
}

/** How many colons of an id are tried as the end of a node-resque worker's name. */
const maxSplits = 6;

/** The names under which a node-resque worker of this id may ping, the likeliest first. */
export function nodeNames(id: string): string[] {
  const ends = [...id.matchAll(/:/g)].map(({ index }) => index).slice(0, maxSplits);
  const likely = rubyName(id);
  return [...new Set([likely, ...ends.map((end) => id.slice(0, end))])].filter((name) => name !== "");
}
