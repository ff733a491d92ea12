// Thin panels over @grafana/ui: Grafana's own panel plugins are not on npm, but what they draw with is.
import {
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  identityOverrideProcessor,
  PanelPlugin,
} from "@grafana/data";
import { BarGauge, BigValue, Table, TimeSeries, VizRepeater } from "@grafana/ui";
import { sceneUtils } from "@grafana/scenes";
import { errors, theme } from "./grafana.js";
import { Heatmap } from "./heatmap.jsx";

function register(pluginId, component, custom = {}) {
  const plugin = new PanelPlugin(component);
  plugin.useFieldConfig({
    useCustomConfig: (builder) => {
      for (const [id, defaultValue] of Object.entries(custom)) {
        const hooks = {
          editor: () => null,
          override: () => null,
          process: identityOverrideProcessor,
          shouldApply: () => true,
        };
        builder.addCustomEditor({ id, path: id, name: id, defaultValue, ...hooks });
      }
    },
  });
  sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin });
}

function Note({ children }) {
  const style = { color: theme.colors.text.secondary, height: "100%", display: "grid", placeItems: "center" };
  return <div style={style}>{children}</div>;
}

const noData = (fieldConfig) => <Note>{fieldConfig.defaults.noValue ?? "No data"}</Note>;
const isEmpty = ({ series, errors: failed = [] }) =>
  failed.some(({ message }) => !errors.push(message)) ||
  series.length === 0 ||
  series.every(({ length }) => length === 0);

register(
  "timeseries",
  ({ data, width, height, timeRange, timeZone, options, fieldConfig }) =>
    isEmpty(data) ? (
      noData(fieldConfig)
    ) : (
      <TimeSeries
        frames={data.series}
        width={width}
        height={height}
        timeRange={timeRange}
        timeZone={timeZone}
        legend={{ displayMode: "list", placement: "bottom", showLegend: true, calcs: [], ...options.legend }}
        options={options}
        tweakScale={(scale) => scale}
        tweakAxis={(axis) => axis}
        renderers={[]}
      />
    ),
  {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: 0,
    showPoints: "never",
    pointSize: 5,
    lineInterpolation: "linear",
    axisPlacement: "auto",
    axisSoftMin: undefined,
    axisSoftMax: undefined,
    spanNulls: false,
    stacking: { mode: "none", group: "A" },
    thresholdsStyle: { mode: "off" },
    scaleDistribution: { type: "linear" },
    gradientMode: "none",
    lineStyle: { fill: "solid" },
    hideFrom: { legend: false, tooltip: false, viz: false },
    axisLabel: "",
    barAlignment: 0,
    barWidthFactor: 0.9,
    transform: undefined,
  },
);

const repeated = (draw) =>
  function Repeated({ data, width, height, options, fieldConfig, replaceVariables, timeZone, renderCounter }) {
    if (isEmpty(data)) return noData(fieldConfig);
    const reduceOptions = { calcs: ["lastNotNull"], ...options.reduceOptions };
    const getValues = () =>
      getFieldDisplayValues({ fieldConfig, reduceOptions, replaceVariables, theme, data: data.series, timeZone });
    return (
      <VizRepeater
        getValues={getValues}
        renderValue={(value) => draw(value, options)}
        width={width}
        height={height}
        source={data}
        renderCounter={renderCounter}
        orientation={options.orientation ?? "auto"}
        getAlignmentFactors={(values) => getDisplayValueAlignmentFactors(values)}
        itemSpacing={8}
        autoGrid
      />
    );
  };

register(
  "stat",
  repeated(({ value, width, height, count, alignmentFactors }, options) => (
    <BigValue
      value={value.display}
      width={width}
      height={height}
      theme={theme}
      count={count}
      alignmentFactors={alignmentFactors}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      textMode={options.textMode}
      justifyMode={options.justifyMode}
    />
  )),
);
register(
  "bargauge",
  repeated(({ value, width, height, alignmentFactors }, options) => (
    <BarGauge
      value={value.display}
      field={value.field}
      display={value.view?.getFieldDisplayProcessor?.(value.colIndex)}
      alignmentFactors={alignmentFactors}
      width={width}
      height={height}
      theme={theme}
      orientation="horizontal"
      displayMode={options.displayMode}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      showUnfilled={options.showUnfilled}
      itemSpacing={8}
    />
  )),
);
register(
  "table",
  ({ data, width, height, options, fieldConfig }) =>
    isEmpty(data) ? (
      noData(fieldConfig)
    ) : (
      <Table
        data={data.series[0]}
        width={width}
        height={height}
        initialSortBy={options.sortBy}
        cellHeight={options.cellHeight}
      />
    ),
  { align: "auto", cellOptions: { type: "auto" }, inspect: false, width: undefined, minWidth: undefined },
);
register("heatmap", ({ data, width, height, timeRange, options, fieldConfig }) =>
  isEmpty(data) ? (
    noData(fieldConfig)
  ) : (
    <Heatmap
      data={data}
      width={width}
      height={height}
      timeRange={timeRange}
      theme={theme}
      unit={options.yAxis?.unit ?? "short"}
    />
  ),
);
register("heading", () => null);
register("alertlist", () => <Note>Grafana lists its alerts here.</Note>);
