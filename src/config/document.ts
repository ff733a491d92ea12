import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from "yaml";
import { QueuewatchError } from "../errors.ts";
import { resolveReferences, type Environment } from "./references.ts";

/** Where something stands in the config: keys and indexes from the top. */
export type Path = readonly PropertyKey[];

/** One thing that is wrong, where it is. */
export interface Problem {
  /** Offset in the text; undefined where only a path can be given. */
  readonly offset: number | undefined;
  readonly path: Path;
  readonly message: string;
}

/** A YAML text as a tree whose parts know where they stand. */
export class ConfigDocument {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #name: string;

  /** Throws CONFIG_SYNTAX, with every fault of the text. `name` is what it is called in messages: the file's path. */
  constructor(text: string, name: string) {
    this.#name = name;
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
    });
    const faults = [...this.#document.errors, ...this.#document.warnings];
    if (faults.length === 0) return;
    const problems = faults.map(({ pos, message, code }) => ({
      offset: pos[0],
      path: [],
      message: code === "MULTIPLE_DOCS" ? "a second document begins: a config is one" : (message.split("\n")[0] ?? ""),
    }));
    throw new QueuewatchError("CONFIG_SYNTAX", this.describe(problems));
  }

  /** Replaces the references in all string values, but not under the keys `except` of the top. */
  resolve(environment: Environment, except: readonly string[] = []): Problem[] {
    const problems: Problem[] = [];
    visit(this.#document, {
      Pair: (_, pair) =>
        isScalar(pair.key) && except.includes(String(pair.key.value)) && this.#isTop(pair) ? visit.SKIP : undefined,
      Scalar: (key, node) => {
        if (key === "key" || typeof node.value !== "string") return;
        const { text, missing, malformed } = resolveReferences(node.value, environment);
        node.value = text;
        const offset = node.range?.[0];
        for (const name of missing)
          problems.push({ offset, path: [], message: `the environment variable ${name} is not set` });
        if (malformed)
          problems.push({
            offset,
            path: [],
            message: 'a reference is written "${NAME}"; write "$${" for a plain "${"',
          });
      },
    });
    return problems;
  }

  #isTop(pair: unknown): boolean {
    const { contents } = this.#document;
    return isMap(contents) && contents.items.some((item) => item === pair);
  }

  /** The tree as plain values. Throws CONFIG_SYNTAX where aliases would make it explode. */
  toValue(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new QueuewatchError("CONFIG_SYNTAX", `${this.#name}: ${message}`);
    }
  }

  /** Where the value of a path stands, or the nearest thing around it that exists; with `key`: where that key of it stands. */
  offsetOf(path: Path, key?: string): number | undefined {
    let place = { offset: startOf(this.#document.contents), value: this.#document.contents as unknown };
    for (const step of path) {
      const child = childOf(place.value, step);
      if (child === undefined) break;
      place = { offset: startOf(child.value) ?? startOf(child.key) ?? place.offset, value: child.value };
    }
    const pair = key === undefined ? undefined : childOf(place.value, key);
    return startOf(pair?.key) ?? place.offset;
  }

  /** Whether the text says anything at the path. */
  has(path: Path): boolean {
    let value: unknown = this.#document.contents;
    for (const step of path) value = childOf(value, step)?.value;
    return value !== undefined;
  }

  /** Problems as lines `file:line:column: path: message`, in the order of the text. */
  describe(problems: readonly Problem[]): string {
    const ordered = problems.toSorted((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
    return ordered.map((problem) => this.#line(problem)).join("\n");
  }

  /** Where a path stands, for people: `file:line:column`. */
  place(path: Path): string {
    return this.#place(this.offsetOf(path));
  }

  #line({ offset, path, message }: Problem): string {
    return [this.#place(offset), ...(path.length > 0 ? [formatPath(path)] : []), message].join(": ");
  }

  #place(offset: number | undefined): string {
    const place = offset === undefined ? undefined : this.#lines.linePos(offset);
    return place === undefined ? this.#name : `${this.#name}:${place.line}:${place.col}`;
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function childOf(node: unknown, step: PropertyKey): { key: unknown; value: unknown } | undefined {
  if (isSeq(node)) return typeof step === "number" ? { key: undefined, value: node.items[step] } : undefined;
  if (!isMap(node)) return undefined;
  return node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
}

/** `targets[0].queues["report-*"].latency`. */
function formatPath(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^\w+$/.test(String(step)) ? `.${String(step)}` : `[${JSON.stringify(String(step))}]`;
  });
  return steps.join("").replace(/^\./, "");
}
