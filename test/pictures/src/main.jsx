// Draws one generated dashboard: /?dashboard=overview&theme=dark&from=now-3h
import { ThemeContext } from "@grafana/data";
import { initPluginTranslations } from "@grafana/i18n";
import {
  EmbeddedScene,
  QueryVariable,
  SceneDataTransformer,
  sceneGraph,
  SceneGridItem,
  SceneGridLayout,
  SceneQueryRunner,
  SceneTimeRange,
  SceneVariableSet,
  VariableValueSelectors,
  VizPanel,
} from "@grafana/scenes";
import { GlobalStyles, PortalContainer } from "@grafana/ui";
import { createRoot } from "react-dom/client";
import { MemoryRouter } from "react-router-dom";
import { errors, theme } from "./grafana.js";
import "./panels.jsx";
import { reference, register } from "./prometheus.js";

const parameters = new URLSearchParams(location.search);
const dashboard = await (await fetch(`/dashboards/${parameters.get("dashboard")}.json`)).json();
const chosen = Object.fromEntries([...parameters].filter(([name]) => name.startsWith("var-")));

const variables = dashboard.templating.list
  .filter(({ type }) => type === "query")
  .map(({ name, label, query, multi, includeAll, allValue }) => {
    const value = chosen[`var-${name}`];
    const state = value === undefined ? { defaultToAll: true } : { value: [value], text: [value] };
    return new QueryVariable({
      name,
      label,
      query,
      isMulti: multi,
      includeAll,
      allValue,
      datasource: reference,
      ...state,
    });
  });

/** A heading is a line of text: the grid of scenes has no such thing outside Grafana. */
const heading = ({ title, gridPos: { x, y, w, h } }) =>
  new SceneGridItem({
    x,
    y,
    width: w,
    height: h,
    body: new VizPanel({ title, pluginId: "heading", displayMode: "transparent", options: {} }),
  });

const panel = ({
  id,
  title,
  description,
  type,
  options,
  fieldConfig,
  targets = [],
  transformations = [],
  interval,
  gridPos,
}) => {
  const queries = targets.map((target) => ({ ...target, interval, datasource: reference }));
  const $data = new SceneDataTransformer({
    $data: new SceneQueryRunner({ datasource: reference, queries, minInterval: interval }),
    transformations,
  });
  const { x, y, w: width, h: height } = gridPos;
  const body = new VizPanel({
    key: `panel-${id}`,
    title,
    description,
    pluginId: type,
    options: options ?? {},
    fieldConfig: fieldConfig ?? { defaults: {}, overrides: [] },
    ...(queries.length > 0 ? { $data } : {}),
  });
  return new SceneGridItem({ x, y, width, height, body });
};

const scene = new EmbeddedScene({
  $timeRange: new SceneTimeRange({ from: parameters.get("from") ?? dashboard.time.from, to: "now" }),
  $variables: new SceneVariableSet({ variables }),
  controls: [new VariableValueSelectors({})],
  body: new SceneGridLayout({
    isLazy: false,
    children: dashboard.panels.map((one) => (one.type === "row" ? heading(one) : panel(one))),
  }),
});
const joined = (value) => (Array.isArray(value) ? `(${value.join("|")})` : value);
register((text, scoped) => sceneGraph.interpolate(scene, text, scoped, joined));
await initPluginTranslations("grafana").catch((error) => errors.push(String(error)));

const style = {
  background: theme.colors.background.canvas,
  color: theme.colors.text.primary,
  minHeight: "100vh",
  padding: 12,
  display: "flex",
  flexDirection: "column",
};
createRoot(document.querySelector("#root")).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <MemoryRouter>
      <div style={style}>
        <h3 style={{ margin: "0 0 8px" }}>{dashboard.title}</h3>
        <scene.Component model={scene} />
      </div>
    </MemoryRouter>
    <PortalContainer />
  </ThemeContext.Provider>,
);
