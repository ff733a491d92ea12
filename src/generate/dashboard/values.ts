import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
  VizOrientation,
} from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder as BarGaugeBuilder } from "@grafana/grafana-foundation-sdk/bargauge";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { type ClassicPanel, finished, framed, type Place } from "./frame.ts";
import type { BarsPanel, StatPanel } from "./model.ts";
import { seriesOverrides, valueMappings } from "./overrides.ts";
import { legendFormat, target } from "./target.ts";

const textModes = {
  value: BigValueTextMode.Value,
  value_and_name: BigValueTextMode.ValueAndName,
  name: BigValueTextMode.Name,
} as const;

/** The present values, large. They are asked for as they are now: a line's last value may be long past. */
export function statPanel(panel: StatPanel, place: Place): ClassicPanel {
  const builder = framed(
    new StatBuilder(),
    panel,
    panel.series.map(({ value }) => value),
    place,
  )
    .colorMode(panel.filled === true ? BigValueColorMode.BackgroundSolid : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .justifyMode(BigValueJustifyMode.Auto)
    .textMode(textModes[panel.text ?? "value"])
    .reduceOptions(lastValue())
    .orientation(VizOrientation.Auto)
    .mappings(valueMappings(panel.mappings ?? []))
    .overrides(seriesOverrides(panel.series))
    .targets(panel.series.map((one, index) => target(one.value, "instant", index, legendFormat(one))));
  return finished(builder.build(), panel);
}

/** The present values side by side, as bars. */
export function barsPanel(panel: BarsPanel, place: Place): ClassicPanel {
  const builder = framed(
    new BarGaugeBuilder(),
    panel,
    panel.series.map(({ value }) => value),
    place,
  )
    .displayMode(BarGaugeDisplayMode.Basic)
    .valueMode(BarGaugeValueMode.Color)
    .namePlacement(BarGaugeNamePlacement.Top)
    .showUnfilled(true)
    .sizing(BarGaugeSizing.Auto)
    .orientation(VizOrientation.Horizontal)
    .reduceOptions(lastValue())
    .overrides(seriesOverrides(panel.series))
    .targets(panel.series.map((one, index) => target(one.value, "instant", index, legendFormat(one))));
  return finished(builder.build(), panel);
}

function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().values(false).calcs(["lastNotNull"]).fields("");
}
