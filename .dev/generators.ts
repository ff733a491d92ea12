import { alertingFiles } from "../src/generate/alerting.ts";
import { documentation } from "../src/generate/docs.ts";
import { dashboardFiles } from "../src/generate/grafana-dashboard.ts";
import type { Generator } from "../src/generate/generator.ts";

/** Everything that makes committed files. */
export const generators: readonly Generator[] = [documentation, dashboardFiles, alertingFiles];
