import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as CodemirrorLanguage from "@codemirror/language";
import type * as CodemirrorState from "@codemirror/state";
import type * as PromqlParser from "@prometheus-io/codemirror-promql/dist/cjs/parser/index.js";
import type * as LezerPromql from "@prometheus-io/lezer-promql";

// The checker is CommonJS; it has to share its editor state and its grammar with what is loaded here.
const require = createRequire(import.meta.url);
const { EditorState } = require("@codemirror/state") as typeof CodemirrorState;
const { LRLanguage } = require("@codemirror/language") as typeof CodemirrorLanguage;
const { parser } = require("@prometheus-io/lezer-promql") as typeof LezerPromql;
const { Parser } = require("@prometheus-io/codemirror-promql/dist/cjs/parser/index.js") as typeof PromqlParser;

/** What Grafana fills in before Prometheus sees a query; the text has the same length rules as any value. */
const filledIn: readonly (readonly [RegExp, string])[] = [
  [/\$__rate_interval|\$__interval|\$__range/g, "5m"],
  [/\$\{?\w+\}?/g, "x"],
];

/**
 * Why a query is not valid PromQL, or undefined where it is: first Prometheus's grammar, then the type checker of its
 * web interface (the grammar alone takes `rate(a)`).
 */
export function checkPromql(query: string): string | undefined {
  const text = fill(query);
  const tree = parser.parse(text);
  let broken: string | undefined;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) broken ??= `syntax error at ${node.from}: ${text}`;
    },
  });
  if (broken !== undefined) return broken;
  const state = EditorState.create({ doc: text, extensions: [LRLanguage.define({ parser })] });
  const checker = new Parser(state as never);
  checker.analyze();
  const [problem] = checker.getDiagnostics();
  return problem === undefined ? undefined : `${problem.message}: ${text}`;
}

/** The query with variables and intervals filled in by any value. */
export function fill(query: string): string {
  return filledIn.reduce((text, [what, by]) => text.replaceAll(what, by), query);
}

/** The tree of Prometheus's grammar, parentheses left out: equal for texts that mean the same. */
export function grammarTree(query: string): string {
  const parts: string[] = [];
  parser.parse(query).iterate({
    enter: (node) => {
      const leaf = node.node.firstChild === null;
      if (node.name !== "ParenExpr")
        parts.push(leaf ? `${node.name}:${query.slice(node.from, node.to)}(` : `${node.name}(`);
    },
    leave: (node) => {
      if (node.name !== "ParenExpr") parts.push(")");
    },
  });
  return parts.join("");
}

/** What `promtool check rules` says about the queries, or undefined where it takes them all; throws without promtool. */
export function promtoolCheck(queries: readonly string[]): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "promql-"));
  try {
    const rules = queries.map((query, index) => ({ record: `query:${index}`, expr: fill(query) }));
    const file = join(directory, "rules.json");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "queries", rules }] }));
    const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    if (error !== undefined) throw error;
    return status === 0 ? undefined : stdout + stderr;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const promtoolMissing =
  spawnSync("promtool", ["--version"]).error === undefined ? false : "promtool is not on PATH";
