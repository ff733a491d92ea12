/** Environment variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text with its references replaced, and the names of those that could not be. */
export interface Resolved {
  readonly text: string;
  readonly missing: readonly string[];
  /** What looks like a reference and is none: `${`, without a name and a closing brace. */
  readonly malformed: boolean;
}

const reference = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-([^}]*))?\})?/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in a text; the default stands in for a variable that is unset or empty.
 * `$${` gives `${`. What is put in is not looked through again.
 */
export function resolveReferences(text: string, environment: Environment): Resolved {
  const missing: string[] = [];
  let malformed = false;
  const resolved = text.replace(reference, (whole: string, name: string | undefined, fallback: string | undefined) => {
    if (whole === "$${") return "${";
    if (name === undefined) malformed = true;
    const value = name === undefined ? undefined : environment[name];
    if (value !== undefined && (value !== "" || fallback === undefined)) return value;
    if (fallback === undefined && name !== undefined) missing.push(name);
    return fallback ?? whole;
  });
  return { text: resolved, missing, malformed };
}
