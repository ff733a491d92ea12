import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import { type ClassicPanel, finished, framed, type Place } from "./frame.ts";
import type { HeatmapPanel } from "./model.ts";
import { target } from "./target.ts";
import { unitOf } from "./unit.ts";

/** How a histogram's observations spread over its buckets, over the time range. */
export function heatmapPanel(panel: HeatmapPanel, place: Place): ClassicPanel {
  const unit = unitOf(panel.shows);
  const builder = framed(new PanelBuilder(), panel, [panel.buckets], place)
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme("Oranges").steps(64).exponent(0.5))
    .yAxis(new YAxisConfigBuilder().unit(unit))
    .cellGap(1)
    .hideLegend()
    .unit("short")
    .targets([target(panel.buckets, "heatmap", 0, "{{le}}")]);
  return finished(builder.build(), panel);
}
