import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { type Query, render } from "../../promql/promql.ts";
import type { Series } from "./model.ts";

/** The data source that the variable of the same name chose. */
export const datasource = { type: "prometheus", uid: "${datasource}" } as const;

/** How a panel asks: values over the time range, the present ones, or a table of those, or buckets. */
export type Form = "range" | "instant" | "table" | "heatmap";

/** One query of a panel. `index` 0 is `A`. */
export function target(query: Query, form: Form, index: number, legend = ""): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(refId(index))
    .datasource(datasource)
    .expr(render(query))
    .legendFormat(legend);
  if (form === "instant") return builder.instant();
  if (form === "table") return builder.instant().format(PromQueryFormat.Table);
  if (form === "heatmap") return builder.range().format(PromQueryFormat.Heatmap);
  return builder.range();
}

/** `A` to `Z`. */
export function refId(index: number): string {
  return String.fromCodePoint(65 + index);
}

/** The legend as Grafana writes it: `{{queue}} · {{target}}`. */
export function legendFormat({ legend }: Series): string {
  return typeof legend === "string" ? legend : legend.map((label) => `{{${label}}}`).join(" · ");
}
