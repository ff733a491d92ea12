/** Hosts that take OTLP metrics, by preset and region. Facts as of November 2026, from the vendors' own documentation. */
const hosts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  datadog: {
    us1: "otlp.datadoghq.com",
    us3: "otlp.us3.datadoghq.com",
    us5: "otlp.us5.datadoghq.com",
    eu: "otlp.datadoghq.eu",
    eu1: "otlp.datadoghq.eu",
    ap1: "otlp.ap1.datadoghq.com",
    ap2: "otlp.ap2.datadoghq.com",
  },
  newrelic: {
    us: "otlp.nr-data.net",
    eu: "otlp.eu01.nr-data.net",
    gov: "gov-otlp.nr-data.net",
  },
};

/** The host of a preset's region, however the region's letters are; undefined where there is none. */
export function regionHost(preset: string, region: string): string | undefined {
  const name = region.toLowerCase();
  if (preset === "grafana-cloud") return /^[a-z0-9-]+$/.test(name) ? `otlp-gateway-${name}.grafana.net` : undefined;
  return hosts[preset]?.[name];
}

/** The regions of a preset, as far as they can be listed. */
export function regionsOf(preset: string): readonly string[] {
  return preset === "grafana-cloud" ? ["prod-eu-west-2", "prod-us-east-0", "…"] : Object.keys(hosts[preset] ?? {});
}
