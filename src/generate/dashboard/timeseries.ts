import {
  AxisColorMode,
  GraphDrawStyle,
  GraphGradientMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { type ClassicPanel, finished, framed, type Place } from "./frame.ts";
import type { TimeseriesPanel } from "./model.ts";
import { seriesOverrides } from "./overrides.ts";
import { legendFormat, target } from "./target.ts";

type Drawing = NonNullable<TimeseriesPanel["draw"]>;

const fillOpacity: Record<Drawing, number> = { lines: 0, area: 15, stack: 35, bars: 80 };

/** Values over the time range. */
export function timeseriesPanel(panel: TimeseriesPanel, place: Place): ClassicPanel {
  const draw = panel.draw ?? "lines";
  const builder = framed(
    new PanelBuilder(),
    panel,
    panel.series.map(({ value }) => value),
    place,
  )
    .drawStyle(draw === "bars" ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .lineInterpolation(LineInterpolation.Linear)
    .lineWidth(draw === "bars" ? 0 : 1.5)
    .fillOpacity(fillOpacity[draw])
    .gradientMode(GraphGradientMode.None)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .axisColorMode(AxisColorMode.Text)
    .axisBorderShow(false)
    .axisSoftMin(0)
    .stacking(
      new StackingConfigBuilder()
        .mode(draw === "stack" || draw === "bars" ? StackingMode.Normal : StackingMode.None)
        .group("A"),
    )
    .legend(legend(panel))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .overrides(seriesOverrides(panel.series))
    .targets(panel.series.map((one, index) => target(one.value, "range", index, legendFormat(one))));
  if (draw === "bars") builder.axisSoftMax(1);
  if (panel.thresholds !== undefined) {
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  if (panel.logarithmic === true) {
    builder.scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10));
  }
  return finished(builder.build(), panel);
}

function legend({ legend: kind = "list" }: TimeseriesPanel): VizLegendOptionsBuilder {
  const builder = new VizLegendOptionsBuilder().showLegend(kind !== "none").calcs([]);
  if (kind !== "table") return builder.displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom);
  return builder
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Right)
    .calcs(["lastNotNull", "max"])
    .sortBy("Last *")
    .sortDesc(true);
}
