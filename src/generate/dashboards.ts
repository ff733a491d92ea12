import agent from "../../dashboards/agent.ts";
import classes from "../../dashboards/classes.ts";
import overview from "../../dashboards/overview.ts";
import queue from "../../dashboards/queue.ts";
import redis from "../../dashboards/redis.ts";
import threats from "../../dashboards/threats.ts";
import workers from "../../dashboards/workers.ts";
import { panelId } from "./dashboard/frame.ts";
import { dashboardUid } from "./dashboard/link.ts";
import type { Dashboard, DashboardName, Panel } from "./dashboard/model.ts";

/** Every file of dashboards/, from general to special. A contract test holds the list and the folder together. */
export const dashboards: Readonly<Record<DashboardName, Dashboard>> = {
  overview,
  queue,
  classes,
  workers,
  redis,
  threats,
  agent,
};

/** A panel as others point to it: in Grafana's alert rules and in links. */
export interface PanelReference {
  readonly dashboardUid: string;
  readonly panelId: number;
  readonly panel: Panel;
}

/** The panel with a key; throws when there is none, which is a mistake in the program. */
export function findPanel(dashboard: DashboardName, key: string): PanelReference {
  const panel = dashboards[dashboard].rows.flatMap(({ panels }) => panels).find((one) => one.key === key);
  if (!panel) throw new RangeError(`dashboard ${dashboard} has no panel ${key}`);
  return { dashboardUid: dashboardUid(dashboard), panelId: panelId(key), panel };
}
