import { workerCpuTime, workerMemory, workerNetworkIo } from "../catalogue/jobqueue.ts";
import type { TargetConfig } from "../config/schema.ts";
import type { Clock } from "../self/clock.ts";
import { exportedName } from "../self/printable.ts";
import type { Snapshot } from "../systems/system.ts";
import { allHosts } from "./points.ts";
import { Recorder } from "./record.ts";
import type { ServerSamples } from "./target.ts";
import { WorkerResources, type ResourcesOptions } from "./worker-resources.ts";

/**
 * Samples of what a target's workers use of the machine, for those that the agent can see. Memory only where the system
 * does not report it itself. For `WatchParts.readProcesses`.
 */
export function workerProcesses(
  target: TargetConfig,
  clock: Clock,
  options: ResourcesOptions = {},
): (snapshots: readonly Snapshot[]) => Promise<ServerSamples> {
  const resources = new WorkerResources(options);
  return async (snapshots) => {
    const processes = snapshots.flatMap(({ workers }) => workers.processes);
    const { hosts } = await resources.read(processes, clock.monotonic());
    const reported = new Set(
      snapshots.flatMap(({ workers }) =>
        workers.hosts.flatMap(({ host, memory }) => (memory === undefined ? [] : [host])),
      ),
    );
    const record = new Recorder();
    for (const { host, memory, cpuTime, received, transmitted } of hosts) {
      const own = { "host.name": target.workers.by_host ? exportedName(host) : allHosts };
      if (!reported.has(host)) record.state(workerMemory, memory, own);
      record.increment(workerCpuTime, cpuTime, own);
      record.increment(workerNetworkIo, received, { ...own, direction: "receive" });
      record.increment(workerNetworkIo, transmitted, { ...own, direction: "transmit" });
    }
    return { samples: record.samples, problems: [] };
  };
}
