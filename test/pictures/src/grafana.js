// What Grafana's application provides to its panels, as far as they ask for it here.
import {
  createTheme,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  EventBusSrv,
  identityOverrideProcessor,
  LoadingState,
  numberOverrideProcessor,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  toDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from "@grafana/data";
import * as runtime from "@grafana/runtime";
import { catchError, from, map, of } from "rxjs";

export const errors = (window.pictureErrors = []);
window.addEventListener("error", ({ message }) => errors.push(message));
window.addEventListener("unhandledrejection", ({ reason }) => errors.push(String(reason?.stack ?? reason)));

export const theme = createTheme({
  colors: { mode: new URLSearchParams(location.search).get("theme") === "light" ? "light" : "dark" },
});
runtime.config.theme2 = theme;
runtime.config.theme = theme.v1;

const property = (id, process, extra = {}) => ({
  id,
  path: id,
  name: id,
  category: ["Standard options"],
  editor: () => null,
  override: () => null,
  process,
  shouldApply: () => true,
  getItemsCount: () => 0,
  settings: {},
  ...extra,
});

const editors =
  "number text boolean select radio unit links mappings thresholds color stats-picker strings timezone fieldColor multi-select field-name dashboard-uid actions slider field-name-by-regex";
standardEditorsRegistry.setInit(() => editors.split(" ").map((id) => ({ id, name: id, editor: () => null })));
standardFieldConfigEditorRegistry.setInit(() => [
  property("unit", unitOverrideProcessor),
  property("min", numberOverrideProcessor),
  property("max", numberOverrideProcessor),
  property("decimals", numberOverrideProcessor),
  property("displayName", displayNameOverrideProcessor),
  property("noValue", displayNameOverrideProcessor),
  property("color", identityOverrideProcessor, { defaultValue: { mode: "palette-classic" } }),
  property("thresholds", thresholdsOverrideProcessor, {
    defaultValue: { mode: "absolute", steps: [{ value: Number.NEGATIVE_INFINITY, color: "green" }] },
  }),
  property("mappings", valueMappingsOverrideProcessor, { defaultValue: [] }),
  property("links", dataLinksOverrideProcessor),
]);
// Some stand under two names.
const transformers = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
standardTransformersRegistry.setInit(() =>
  [...transformers.values()].map((one) => ({
    id: one.id,
    name: one.name,
    transformation: () => Promise.resolve(one),
    editor: () => null,
  })),
);

runtime.setPluginImportUtils({
  importPanelPlugin: (id) => Promise.reject(new Error(`no panel ${id}`)),
  getPanelPluginFromCache: () => undefined,
});
runtime.setAppEvents?.(new EventBusSrv());
runtime.setEchoSrv?.({ addEvent() {}, flush() {}, addBackend() {} });
runtime.setTemplateSrv?.({
  getVariables: () => [],
  replace: (text) => text,
  containsTemplate: () => false,
  updateTimeRange() {},
});
runtime.setBackendSrv?.({ get: () => Promise.resolve({}), fetch: () => of({ data: {} }) });
runtime.setRunRequest((source, request) =>
  from(source.query(request)).pipe(
    map((answer) => ({
      state: LoadingState.Done,
      series: answer.data.map(toDataFrame),
      timeRange: request.range,
      request,
      annotations: [],
    })),
    catchError((error) => {
      errors.push(`query: ${error}`);
      return of({
        state: LoadingState.Error,
        series: [],
        timeRange: request.range,
        errors: [{ message: String(error) }],
      });
    }),
  ),
);
