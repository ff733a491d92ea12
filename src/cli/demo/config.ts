import { parseConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import type { Environment } from "../../config/references.ts";

/** As a file would say it: what the demo's queues promise. */
const demoConfig = `
environment: demo
interval: 1s
targets:
  - name: shop
    redis: "\${DEMO_REDIS_URL}"
    system: sidekiq
    queues:
      critical: { latency: { warning: 5s, critical: 15s }, team: payments }
      billing: { latency: { warning: 30s, critical: 2m }, team: payments }
      default: { latency: { warning: 15s, critical: 1m }, size: { critical: 5000 }, team: shop }
      mailers: { latency: { warning: 30s, critical: 2m }, team: shop }
      notifications: { latency: { warning: 20s, critical: 1m }, team: shop }
      webhooks: { latency: { warning: 30s, critical: 2m }, team: integrations }
      search_index: { latency: { warning: 30s, critical: 2m }, team: search }
      reports: { latency: { warning: 2m, critical: 10m }, team: data }
      imports: { latency: { warning: 2m, critical: 10m }, team: data }
      media: { latency: { warning: 1m, critical: 5m }, team: data }
      "*": { latency: { warning: 5m, critical: 15m } }
    workers: { minimum: 6 }
`;

/** A Redis of someone's own is read as rarely as one can watch with patience. */
const ownConfig = `interval: 5s`;

/** The config of the demo's world, or of the Redis that the environment names. Throws CONFIG_*. */
export function configOfDemo(env: Environment, redisUrl: string | undefined): Config {
  if (redisUrl !== undefined)
    return parseConfig(demoConfig, { file: "the demo's config", env: { ...env, DEMO_REDIS_URL: redisUrl } });
  const paced = (env["OTEL_METRIC_EXPORT_INTERVAL"] ?? "") !== "";
  return parseConfig(paced ? "{}" : ownConfig, { file: "environment", env });
}

/** The same config, pushing to one more destination, in plain JSON. */
export function withDestination(config: Config, endpoint: string): Config {
  const text = JSON.stringify({
    targets: [{ name: "unused", redis: "redis://127.0.0.1" }],
    export: { otlp: [{ name: "demo", endpoint, protocol: "http/json" }] },
  });
  const { otlp } = parseConfig(text, { file: "the demo's config", env: {} }).export;
  return { ...config, export: { ...config.export, otlp: [...config.export.otlp, ...otlp] } };
}

/** The same config, with /metrics on whatever port is free. */
export function onFreePort(config: Config): Config {
  const { prometheus } = config.export;
  if (!prometheus) return config;
  return { ...config, export: { ...config.export, prometheus: { ...prometheus, listen: "127.0.0.1:0" } } };
}
