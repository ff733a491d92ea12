import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";
import { panelId, type ClassicPanel } from "./frame.ts";
import type { AlertListPanel } from "./model.ts";

/** Options of Grafana's alert list (public/app/plugins/panel/alertlist/types.ts, 13.2); the SDK has no such panel. */
interface AlertListOptions {
  readonly viewMode: "list" | "stat";
  readonly groupMode: "default" | "custom";
  readonly groupBy: readonly string[];
  readonly maxItems: number;
  /** 1 alphabetically, 3 by importance. */
  readonly sortOrder: 1 | 2 | 3 | 4 | 5;
  readonly dashboardAlerts: boolean;
  readonly alertName: string;
  readonly alertInstanceLabelFilter: string;
  readonly datasource?: string;
  readonly stateFilter: {
    readonly firing: boolean;
    readonly pending: boolean;
    readonly recovering: boolean;
    readonly noData: boolean;
    readonly normal: boolean;
    readonly error: boolean;
  };
  readonly showInactiveAlerts: boolean;
}

const options: Omit<AlertListOptions, "alertInstanceLabelFilter"> = {
  viewMode: "list",
  groupMode: "default",
  groupBy: [],
  maxItems: 20,
  sortOrder: 3,
  dashboardAlerts: false,
  alertName: "",
  stateFilter: { firing: true, pending: false, recovering: true, noData: true, normal: false, error: true },
  showInactiveAlerts: false,
};

/** Every rule of ours says that it is ours. */
const ours = '{app="queuewatch"}';

/** Alerts that fire now, the most important first. */
export function alertListPanel(panel: AlertListPanel, grid: GridPos): ClassicPanel {
  return {
    type: "alertlist",
    id: panelId(panel.key),
    title: panel.title,
    description: panel.about,
    gridPos: grid,
    options: { ...options, alertInstanceLabelFilter: panel.matching ?? ours } satisfies AlertListOptions,
  };
}
