import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../support/redis-server.ts";
import { program } from "../programs.ts";
import { answers, startProgram, type RunningProgram } from "./process.ts";

export interface Collector extends RunningProgram {
  /** Base URL of its OTLP receiver. */
  readonly otlp: string;
  /** host:port of its Prometheus exporter. */
  readonly scraped: string;
  /** Frees the disk that `diskBytes` made small. */
  makeRoom(): Promise<void>;
}

export interface CollectorOptions {
  /** Files of deploy/collector to merge, as `datadog`. */
  readonly vendors?: readonly string[];
  /** Merged last; where it lists pipelines, it does so completely. */
  readonly overlay?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Room for its queue, on a disk of its own that is full otherwise; needs root and mount namespaces. */
  readonly diskBytes?: number;
}

/** Runs $3… with the folder `queue` on a disk of $1 bytes, all but $2 of them free. */
const onSmallDisk = `
set -e
mkdir queue; mount -t tmpfs -o "size=$1" tmpfs queue; head -c "$2" /dev/zero > queue/filler
shift 2; exec "$@"
`;
const wholeDisk = 8 * 1024 ** 2;

const shipped = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The `--config` arguments of the shipped files, as README and their own comments say. */
export function shippedConfigs(vendors: readonly string[] = []): string[] {
  const files = ["otel-config.yaml", ...vendors.map((vendor) => `deploy/collector/${vendor}.yaml`)];
  return files.map((file) => `--config=${shipped(file)}`);
}

/** Runs the shipped otel-config.yaml in a real Collector; only its ports are others, so that they are free. */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const { diskBytes, env, overlay, vendors } = options;
  const [health, otlp, scraped, own] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const reader = { pull: { exporter: { prometheus: { host: "127.0.0.1", port: own } } } };
  const ports = {
    extensions: { health_check: { endpoint: `127.0.0.1:${health}` } },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
    exporters: { prometheus: { endpoint: `127.0.0.1:${scraped}` } },
    service: { telemetry: { metrics: { readers: [reader] } } },
  };
  const otelcol = await program("otelcol");
  const taken = diskBytes === undefined ? undefined : wholeDisk - diskBytes;
  const around = taken === undefined ? [] : ["-m", "sh", "-c", onSmallDisk, "sh", `${wholeDisk}`, `${taken}`, otelcol];
  const running = await startProgram({
    file: taken === undefined ? otelcol : "unshare",
    prepare: async (dir) => {
      await writeFile(join(dir, "ports.yaml"), JSON.stringify(ports));
      await writeFile(join(dir, "overlay.yaml"), JSON.stringify(overlay ?? {}));
    },
    args: (dir) => [
      ...around,
      ...shippedConfigs(vendors),
      ...["ports", "overlay"].map((name) => `--config=${dir}/${name}.yaml`),
    ],
    env: { OTELCOL_STORAGE: "queue", ...env },
    ready: () => answers(`http://127.0.0.1:${health}/`),
  });
  return {
    dir: running.dir,
    get pid() {
      return running.pid;
    },
    get printed() {
      return running.printed;
    },
    kill: () => running.kill(),
    restart: () => running.restart(),
    stop: () => running.stop(),
    otlp: `http://127.0.0.1:${otlp}`,
    scraped: `127.0.0.1:${scraped}`,
    makeRoom: () => rm(`/proc/${running.pid}/root${running.dir}/queue/filler`),
  };
}
