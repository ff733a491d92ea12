import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dashboardFiles, type PanelFile } from "../support/grafana-file.ts";

/**
 * Grafana says nothing of an option that it does not know. `@grafana/schema` has the types of each panel's options:
 * the generated ones are written as literals of these types, and the compiler reads them. The alert list has none.
 */
const root = join(import.meta.dirname, "../..");
const folders: Readonly<Record<string, readonly [folder: string, file: string, field: string]>> = {
  timeseries: ["timeseries", "TimeSeries", "FieldConfig"],
  stat: ["stat", "Stat", ""],
  bargauge: ["bargauge", "BarGauge", ""],
  table: ["table", "Table", "FieldConfig"],
  heatmap: ["heatmap", "Heatmap", "FieldConfig"],
};

const preamble = [
  'import type { Panel } from "@grafana/schema";',
  "type Open<T> = T extends (infer U)[] ? Open<U>[] : T extends object ? { [K in keyof T]?: Open<T[K]> } : T extends string ? `${T}` | T : T;",
  "export type Frame = Open<Panel>;",
  ...Object.values(folders).flatMap(([folder, file, field]) => {
    const from = `"@grafana/schema/dist/esm/raw/composable/${folder}/panelcfg/x/${file}PanelCfg_types.gen"`;
    const fields =
      field === ""
        ? `export type ${file}Custom = never;`
        : `import type { FieldConfig as ${file}Field } from ${from};\nexport type ${file}Custom = Open<${file}Field>;`;
    return [
      `import type { Options as ${file}Raw } from ${from};`,
      `export type ${file}Options = Open<${file}Raw>;`,
      fields,
    ];
  }),
];

/** Lines that only compile when the panel's options are as Grafana has them. */
function literals(panel: PanelFile, name: string): string[] {
  const [, file = ""] = folders[panel.type] ?? [];
  const { options, fieldConfig, targets: _, ...frame } = panel;
  const custom = fieldConfig?.defaults.custom;
  const overrides = (fieldConfig?.overrides ?? [])
    .flatMap(({ properties }) => properties)
    .filter(({ id }) => id.startsWith("custom."))
    .map(({ id, value }) => [id.slice("custom.".length), value] as const);
  return [
    `export const ${name}Frame: Frame = ${JSON.stringify(frame)};`,
    ...(options && file !== "" ? [`export const ${name}Options: ${file}Options = ${JSON.stringify(options)};`] : []),
    ...(custom ? [`export const ${name}Custom: ${file}Custom = ${JSON.stringify(custom)};`] : []),
    ...overrides.map(
      ([key, value], index) =>
        `export const ${name}Override${index}: ${file}Custom = ${JSON.stringify({ [key]: value })};`,
    ),
  ];
}

/** What the compiler says to these lines. */
function compile(lines: readonly string[]): string {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const directory = mkdtempSync(join(root, ".cache", "panel-types-"));
  try {
    const file = join(directory, "panels.ts");
    writeFileSync(file, [...preamble, ...lines].join("\n"));
    const flags = ["--strict", "--noEmit", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler"];
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...flags, "--types", "", "--ignoreConfig", file], {
      encoding: "utf8",
      cwd: root,
    });
    return stdout + stderr;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("panel options are those of @grafana/schema", () => {
  const lines = [...dashboardFiles()].flatMap(([name, { panels }]) =>
    panels.filter(({ type }) => type !== "row").flatMap((panel, index) => literals(panel, `${name}${index}`)),
  );
  assert.ok(lines.length > 100);
  assert.equal(compile(lines), "");
});

test("the compiler finds what is wrong", () => {
  const wrong = [
    'export const a: StatOptions = { colorMode: "valu" };',
    'export const b: TimeSeriesOptions = { legend: { displaymode: "list" } };',
    'export const c: TimeSeriesCustom = { thresholdsStyle: { mode: "dotted" } };',
    'export const d: Frame = { gridPos: { x: 0, y: 0, w: "12", h: 8 } };',
    'export const e: TableCustom = { cellOptions: { type: "colour" } };',
  ];
  for (const line of wrong) assert.match(compile([line]), /error TS/, line);
});
