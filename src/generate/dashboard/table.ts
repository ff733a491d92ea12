import {
  FieldTextAlignment,
  TableCellHeight,
  TableSortByFieldStateBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import type { DynamicConfigValue } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/table";
import { type ClassicPanel, type DataTransformerConfig, finished, framed, type Place } from "./frame.ts";
import type { LabelColumn, TablePanel, ValueColumn } from "./model.ts";
import { dataLink, type Override, thresholdSteps, valueMappings } from "./overrides.ts";
import { refId, target } from "./target.ts";
import { unitOf } from "./unit.ts";

/** One row for each set of labels, one column for each query. */
export function tablePanel(panel: TablePanel, place: Place): ClassicPanel {
  const builder = framed(
    new PanelBuilder(),
    panel,
    panel.columns.map(({ value }) => value),
    place,
  )
    .unit("short")
    .align(FieldTextAlignment.Auto)
    .minWidth(60)
    .cellHeight(TableCellHeight.Sm)
    .showHeader(true)
    .filterable(false)
    .sortBy(panel.sort.map((title) => new TableSortByFieldStateBuilder().displayName(title).desc(true)))
    .transformations(transformations(panel))
    .overrides([...panel.labels.map(labelOverride), ...panel.columns.map(valueOverride)])
    .targets(panel.columns.map(({ value }, index) => target(value, "table", index)));
  if (panel.noValue !== undefined) builder.noValue(panel.noValue);
  return withoutFooter(finished(builder.build(), panel));
}

/** The builder always adds an option that tables no longer have (@grafana/schema 13.2, TablePanelCfg). */
function withoutFooter(panel: ClassicPanel): ClassicPanel {
  const { footer: _, ...options } = Object(panel.options);
  return { ...panel, options };
}

/** Rows of the same labels become one; then only the columns that were asked for remain, in their order. */
function transformations(panel: TablePanel): DataTransformerConfig[] {
  const [only] = panel.columns;
  const shown = [
    ...panel.labels.map(({ label, title }) => [label, title] as const),
    ...panel.columns.map(({ title }, index) => [valueField(index, panel.columns.length), title] as const),
  ];
  const labels = new Set([only, ...panel.columns].flatMap((column) => column?.value.labels ?? []));
  const hidden = ["Time", ...labels].filter((name) => !panel.labels.some(({ label }) => label === name));
  return [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: {
        excludeByName: Object.fromEntries(hidden.map((name) => [name, true])),
        indexByName: Object.fromEntries(shown.map(([name], index) => [name, index])),
        renameByName: Object.fromEntries(shown),
      },
    },
  ];
}

/** What Grafana calls the values of a table's queries: with one query there is no letter. */
function valueField(index: number, queries: number): string {
  return queries === 1 ? "Value" : `Value #${refId(index)}`;
}

function labelOverride({ title, link, width }: LabelColumn): Override {
  const properties = [
    ...(link ? [{ id: "links", value: [dataLink(link, "row")] }] : []),
    ...(width === undefined ? [] : [{ id: "custom.width", value: width }]),
  ];
  return { matcher: { id: "byName", options: title }, properties };
}

const cells: Readonly<Record<NonNullable<ValueColumn["cell"]>, DynamicConfigValue>> = {
  text: { id: "custom.cellOptions", value: { type: "color-text" } },
  background: { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
  gauge: { id: "custom.cellOptions", value: { type: "gauge", mode: "basic", valueDisplayMode: "text" } },
};

function valueOverride(column: ValueColumn): Override {
  const { title, thresholds, mappings, cell, ...numbers } = column;
  const simple = { decimals: numbers.decimals, min: numbers.min, max: numbers.max, "custom.width": numbers.width };
  const properties: DynamicConfigValue[] = [
    { id: "unit", value: numbers.unit ?? (numbers.shows ? unitOf(numbers.shows) : "short") },
    ...Object.entries(simple).flatMap(([id, value]) => (value === undefined ? [] : [{ id, value }])),
    ...(thresholds ? [{ id: "thresholds", value: { mode: "absolute", steps: thresholdSteps(thresholds) } }] : []),
    ...(thresholds && cell ? [{ id: "color", value: { mode: "thresholds" } }] : []),
    ...(mappings ? [{ id: "mappings", value: valueMappings(mappings) }] : []),
    ...(cell ? [cells[cell]] : []),
  ];
  return { matcher: { id: "byName", options: title }, properties };
}
