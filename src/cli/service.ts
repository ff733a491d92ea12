import { startAgent, type Agent } from "../collect/agent.ts";
import { maskKey } from "../config/mask-key.ts";
import type { Config } from "../config/schema.ts";
import { createDestinations } from "../export/create.ts";
import { openRedis } from "../redis/client.ts";
import { readServerHealth } from "../redis/health.ts";
import { workerProcesses } from "../collect/worker-samples.ts";
import type { Clock } from "../self/clock.ts";
import { doAll } from "../self/do-all.ts";
import type { Log } from "../self/log.ts";
import { startServer } from "../server/server.ts";
import { systems } from "../systems/registry.ts";

/** What a service needs from its surroundings. */
export interface ServiceParts {
  /** The environment, for the proxies that it names. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly clock: Clock;
  readonly version: string;
}

/** Everything that `queuewatch run` starts: agent, destinations, HTTP server. */
export interface Service {
  readonly agent: Agent;
  /** Where /metrics is served, as a URL; undefined where the config switches it off. */
  readonly address: string | undefined;
  /** Stops reading, sends what is queued until `signal` aborts, and closes everything. */
  stop(signal: AbortSignal): Promise<void>;
}

/** Starts everything, or nothing: rejects with LISTEN_FAILED, SECRET_UNREADABLE or CONFIG_INVALID. */
export async function startService(config: Config, { env, log, clock, version }: ServiceParts): Promise<Service> {
  const key = await maskKey(config);
  const context = config.state_dir === undefined ? { log, version } : { log, version, stateDir: config.state_dir };
  const destinations = createDestinations(config, { ...env }, context);
  // The address is taken before the first read, so that a second agent on one machine says so at once.
  let agent: Agent | undefined;
  const server = config.export.prometheus
    ? await startServer(
        config.export.prometheus,
        {
          collections: () => agent?.collections() ?? [],
          ready: () => agent?.notReady() ?? ["starting"],
          live: () => true,
        },
        log,
      )
    : undefined;
  agent = startAgent(config, {
    systems,
    destinations,
    openRedis: (target) => openRedis(target.redis, { log, target: target.name }),
    readServer: readServerHealth,
    readProcesses: (target) => workerProcesses(target, clock),
    maskKey: key,
    clock,
    log,
  });
  return {
    agent,
    address: server && `${config.export.prometheus?.tls ? "https" : "http"}://${server.address}`,
    stop: (signal) => doAll([() => agent.stop(signal), () => server?.close()]),
  };
}
