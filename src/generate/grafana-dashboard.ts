import type { AlertingConfig } from "../config/alerting-schema.ts";
import { withLimits } from "./dashboard/alert-limit.ts";
import { classicDashboard } from "./dashboard/classic.ts";
import type { Dashboard } from "./dashboard/model.ts";
import { resourceDashboard } from "./dashboard/resource.ts";
import { dashboards } from "./dashboards.ts";
import type { GeneratedFile, Generator } from "./generator.ts";

/** `classic`: JSON of schema 42, for Grafana 11 to 13; `v2`: resources of dashboard.grafana.app/v2, for Grafana 13. */
export const dashboardFormats = ["classic", "v2"] as const;
export type DashboardFormat = (typeof dashboardFormats)[number];

/** What decides how dashboards come out. */
export interface DashboardOptions {
  /** Seconds between two reads of the agent: the least step of every query. */
  readonly interval: number;
  readonly format?: DashboardFormat;
  /** Thresholds of alerts that the config states, by alert and by threshold. */
  readonly thresholds?: AlertingConfig["thresholds"];
}

/** Where Grafana is to find the dashboards, and the Prometheus that holds the metrics. */
const places = { dashboards: "/var/lib/grafana/dashboards/queuewatch", prometheus: "http://prometheus:9090" } as const;

/**
 * All dashboards, and the two provisioning files that make Grafana load them. Paths are relative to the output folder:
 * `*.json`, `provisioning/dashboards/queuewatch.yaml`, `provisioning/datasources/queuewatch.yaml`.
 */
export function generateDashboards(options: DashboardOptions): readonly GeneratedFile[] {
  const { interval, format = "classic", thresholds = {} } = options;
  const made = format === "classic" ? classicDashboard : resourceDashboard;
  const files = Object.values<Dashboard>(dashboards).map((dashboard) => ({
    path: `${dashboard.name}.json`,
    text: `${JSON.stringify(made(withLimits(dashboard, thresholds), { interval }), null, 2)}\n`,
  }));
  return [...files, providerFile(), datasourceFile(interval)];
}

/** JSON is YAML too, and has no words that YAML 1.1 reads as something else. */
function provisioning(kind: "dashboards" | "datasources", content: object): GeneratedFile {
  const text = `${JSON.stringify({ apiVersion: 1, ...content }, null, 2)}\n`;
  return { path: `provisioning/${kind}/queuewatch.yaml`, text };
}

function providerFile(): GeneratedFile {
  return provisioning("dashboards", {
    providers: [
      {
        name: "queuewatch",
        orgId: 1,
        type: "file",
        folder: "queuewatch",
        folderUid: "queuewatch",
        disableDeletion: false,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: places.dashboards, foldersFromFilesStructure: false },
      },
    ],
  });
}

/** `timeInterval` tells Grafana how often there are new values, for queries that are made by hand. */
function datasourceFile(interval: number): GeneratedFile {
  return provisioning("datasources", {
    datasources: [
      {
        name: "queuewatch",
        uid: "queuewatch-prometheus",
        type: "prometheus",
        access: "proxy",
        orgId: 1,
        url: places.prometheus,
        editable: false,
        jsonData: { httpMethod: "POST", timeInterval: `${interval}s`, manageAlerts: true },
      },
    ],
  });
}

/** The committed dashboards: for an agent that reads every 15 s. */
export const dashboardFiles: Generator = {
  title: "dashboards",
  folder: "dashboards/generated",
  files: async () =>
    generateDashboards({ interval: 15 }).map(({ path, text }) => ({ path: `dashboards/generated/${path}`, text })),
};
