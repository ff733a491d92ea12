import { QueuewatchError } from "../errors.ts";

/** The targets that one file holds. */
export interface FileTargets<T> {
  readonly targets: readonly T[];
  /** Where each one's name stands: `file:line:column`. */
  readonly places: readonly string[];
}

/** One file: what it holds now, or what is wrong with it; and what of it is in force. */
export interface TargetSource<T> {
  readonly file: string;
  readonly wanted: FileTargets<T> | QueuewatchError;
  readonly inForce: FileTargets<T> | undefined;
}

/** What is in force from now on, by file, and which files are not, and why. */
export interface Settled<T> {
  readonly inForce: ReadonlyMap<string, FileTargets<T>>;
  readonly refused: ReadonlyMap<string, QueuewatchError>;
}

interface Chosen<T> {
  readonly source: TargetSource<T>;
  readonly targets: FileTargets<T>;
}

/**
 * Takes from each file what it holds now, unless that is wrong or has a name that another file has: then what was in force
 * stays. Of two files that clash the one that changed gives way, of two that changed the later one. What was in force must
 * hold no name twice.
 */
export function settle<T extends { readonly name: string }>(sources: readonly TargetSource<T>[]): Settled<T> {
  const refused = new Map<string, QueuewatchError>();
  for (const { file, wanted } of sources) if (wanted instanceof QueuewatchError) refused.set(file, wanted);
  for (;;) {
    const chosen = sources.flatMap((source): Chosen<T>[] => {
      const targets = refused.has(source.file) ? source.inForce : source.wanted;
      return targets === undefined || targets instanceof QueuewatchError ? [] : [{ source, targets }];
    });
    const clash = findClash(chosen);
    if (!clash) return { inForce: new Map(chosen.map(({ source, targets }) => [source.file, targets])), refused };
    refused.set(clash.file, clash.error);
  }
}

interface Place<T> extends Chosen<T> {
  readonly place: string;
}

/** The first name that two files have, and which of them gives way. */
function findClash<T extends { readonly name: string }>(chosen: readonly Chosen<T>[]) {
  const seen = new Map<string, Place<T>>();
  for (const one of chosen)
    for (const [index, { name }] of one.targets.targets.entries()) {
      const place: Place<T> = { ...one, place: one.targets.places[index] ?? one.source.file };
      const other = seen.get(name);
      if (!other) {
        seen.set(name, place);
        continue;
      }
      const [loser, winner] = isNew(place) ? [place, other] : [other, place];
      const message = `${loser.place}: the name \`${name}\` is taken at ${winner.place} already`;
      return { file: loser.source.file, error: new QueuewatchError("CONFIG_INVALID", message) };
    }
  return undefined;
}

function isNew<T>({ source, targets }: Chosen<T>): boolean {
  return targets !== source.inForce;
}

/** Several errors as one: the first one's code and advice, all lines. */
export function together(errors: readonly QueuewatchError[]): QueuewatchError {
  const [first] = errors;
  const message = errors.map((error) => error.message).join("\n");
  return new QueuewatchError(first?.code ?? "CONFIG_INVALID", message, first && { action: first.action });
}
