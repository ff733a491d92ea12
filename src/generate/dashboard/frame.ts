import type { DataTransformerConfig, GridPos, Panel as ClassicPanel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Query } from "../../promql/promql.ts";
import { describe } from "./description.ts";
import type { Panel } from "./model.ts";
import { dataLink, thresholdSteps } from "./overrides.ts";
import { datasource } from "./target.ts";
import { unitOf } from "./unit.ts";

/** Where a panel stands, and how often there can be new values. */
export interface Place {
  readonly grid: GridPos;
  /** Seconds between two values at least: what `$__rate_interval` is made of. */
  readonly interval: number;
}

/**
 * A panel's id: made of its key, the same wherever the panel stands. 24 bits of FNV-1a; a test holds that no two
 * panels of a dashboard share one.
 */
export function panelId(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return ((hash >>> 24) ^ (hash & 0xffffff)) + 1;
}

/** Bars count events: at five minutes apart, one event is in one bar, and rare ones can be seen. */
function leastStep(panel: Panel): number {
  return panel.step ?? (panel.kind === "timeseries" && panel.draw === "bars" ? 300 : 0);
}

/** What the builders of all panels have in common. */
interface AnyBuilder<B> {
  id(id: number): B;
  title(title: string): B;
  description(description: string): B;
  gridPos(grid: GridPos): B;
  interval(interval: string): B;
  datasource(reference: { type: string; uid: string }): B;
}

/** Title, description, place and data source. */
export function framed<B extends AnyBuilder<B>>(builder: B, panel: Panel, queries: readonly Query[], place: Place): B {
  return builder
    .id(panelId(panel.key))
    .title(panel.title)
    .description(describe(panel.about, queries))
    .gridPos(place.grid)
    .interval(`${Math.max(place.interval, leastStep(panel))}s`)
    .datasource(datasource);
}

/**
 * The panel as plain data: builders hand out what they go on working with, and queries carry a function.
 * Unit, thresholds, limits and links are set here, the same way for all panels of values.
 */
export function finished(built: ClassicPanel, panel: Panel): ClassicPanel {
  const plain: ClassicPanel = JSON.parse(JSON.stringify(built));
  if (panel.kind === "table" || panel.kind === "alerts" || panel.kind === "heatmap") return plain;
  const fieldConfig = plain.fieldConfig ?? { defaults: {}, overrides: [] };
  return Object.assign(plain, {
    fieldConfig: { ...fieldConfig, defaults: { ...fieldConfig.defaults, ...ofValues(panel) } },
  });
}

type ValuePanel = Exclude<Panel, { kind: "table" | "alerts" | "heatmap" }>;

function ofValues(panel: ValuePanel): object {
  const { shows, decimals, min, max, noValue, link, thresholds = [{ from: undefined, color: "green" }] } = panel;
  const optional = { decimals, min, max, noValue };
  return {
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    unit: panel.unit ?? (shows ? unitOf(shows) : "short"),
    color: { mode: panel.kind === "timeseries" ? "palette-classic" : "thresholds" },
    thresholds: { mode: "absolute", steps: thresholdSteps(thresholds) },
    ...(link ? { links: [dataLink(link, "series")] } : {}),
  };
}

export type { ClassicPanel, DataTransformerConfig };
