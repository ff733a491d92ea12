import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { isObject } from "../../systems/json.ts";

/** What has arrived so far; `bytes` as they came over the wire. */
export interface Arrived {
  requests: number;
  points: number;
  bytes: number;
}

/** An OTLP receiver on loopback that counts what the agent sends and forgets it. */
export interface Receiver {
  /** As OTEL_EXPORTER_OTLP_ENDPOINT wants it. */
  readonly url: string;
  readonly arrived: Readonly<Arrived>;
  close(): Promise<void>;
}

const unzip = promisify(gunzip);

/** Takes http/json on a free port. */
export async function startReceiver(): Promise<Receiver> {
  const arrived: Arrived = { requests: 0, points: 0, bytes: 0 };
  const server = createServer((request, response) => {
    const answer = (status: number, body: string): void =>
      void response.writeHead(status, { "content-type": "application/json" }).end(body);
    receive(request, arrived).then(
      () => answer(200, "{}"),
      () => answer(400, JSON.stringify({ code: 3, message: "not OTLP in JSON" })),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    arrived,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function receive(request: IncomingMessage, arrived: Arrived): Promise<void> {
  const body = await buffer(request);
  const text = request.headers["content-encoding"] === "gzip" ? await unzip(body) : body;
  const points = countPoints(JSON.parse(text.toString()));
  arrived.requests++;
  arrived.points += points;
  arrived.bytes += body.length;
}

/** Data points of an ExportMetricsServiceRequest, whatever kinds of metrics it holds. */
function countPoints(request: unknown): number {
  const metrics = ["resourceMetrics", "scopeMetrics", "metrics"].reduce<readonly unknown[]>(
    (level, name) => level.flatMap((one) => listOf(one, name)),
    [request],
  );
  return metrics.reduce<number>((sum, metric) => sum + pointsOf(metric), 0);
}

function pointsOf(metric: unknown): number {
  const data = isObject(metric) ? Object.values(metric) : [];
  return data.reduce<number>((sum, one) => sum + listOf(one, "dataPoints").length, 0);
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list: unknown = isObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? list : [];
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver listens on no port");
  return address.port;
}
