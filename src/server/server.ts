import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Collection } from "../collect/family.ts";
import type { ServerConfig } from "../config/schema.ts";
import { asQueuewatchError, QueuewatchError } from "../errors.ts";
import { qualityOf } from "../export/accept.ts";
import { chooseFormat, contentTypes, renderExposition } from "../export/prometheus.ts";
import type { Log } from "../self/log.ts";
import { systemReason } from "../self/system-error.ts";
import { type Access, accessOf } from "./access.ts";

/** What the server tells of the agent. */
export interface ServerSources {
  collections(): readonly Collection[];
  /** Why the agent is not ready, in plain words without secrets; empty when it is. */
  ready(): readonly string[];
  /** Whether the agent still does its work. */
  live(): boolean;
}

/** A server that listens. */
export interface RunningServer {
  /** `host:port` that it listens on. */
  readonly address: string;
  close(): Promise<void>;
}

const maxConnections = 32;
/** Slow senders hold a connection no longer than this; so do readers that do not read. */
const timeoutMs = 5_000;
const limits: ServerOptions = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: timeoutMs,
  requestTimeout: timeoutMs,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: timeoutMs,
};
const compress = promisify(gzip);

/** What a path answers. */
interface Reply {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body compressed, where that was asked for. */
  readonly zipped?: Buffer;
}
type Route = (request: IncomingMessage) => Reply;
const notFound: Reply = { status: 404, body: "not found: try /metrics, /livez or /readyz\n" };

/**
 * Serves /metrics, /livez and /readyz. Credentials, where the config wants them, are asked for by /metrics only: probes of
 * a scheduler carry none, and the other two tell no more than that the agent lives and which targets wait.
 * Rejects with LISTEN_FAILED, or SECRET_UNREADABLE for certificate or key.
 */
export async function startServer(config: ServerConfig, sources: ServerSources, log: Log): Promise<RunningServer> {
  const access = accessOf(config);
  const routes = routesOf(sources);
  const server = await createFor(config, (request, response) => {
    respond(request, response, { access, routes }).catch((error: unknown) => {
      const { action, code, message } = asQueuewatchError(error);
      log.warn(message, { code, action });
      reply(response, { status: 500, body: "internal error\n" });
    });
  });
  server.maxConnections = maxConnections;
  server.setTimeout(timeoutMs);
  await listen(server, config.listen);
  return {
    address: addressOf(server),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function routesOf(sources: ServerSources): ReadonlyMap<string, Route> {
  const metrics: Route = ({ headers }) => {
    const format = chooseFormat(headers.accept);
    return { status: 200, body: renderExposition(sources.collections(), format), type: contentTypes[format] };
  };
  return new Map([
    ["/metrics", metrics],
    ["/livez", () => (sources.live() ? { status: 200, body: "ok\n" } : { status: 503, body: "not alive\n" })],
    [
      "/readyz",
      () => {
        const reasons = sources.ready();
        return reasons.length === 0
          ? { status: 200, body: "ok\n" }
          : { status: 503, body: reasons.map((reason) => `${reason}\n`).join("") };
      },
    ],
  ]);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { access, routes }: { access: Access | undefined; routes: ReadonlyMap<string, Route> },
): Promise<void> {
  // A body is of no interest, and must not keep the connection busy.
  request.resume();
  const [path = ""] = (request.url ?? "").split("?");
  const route = routes.get(path);
  const guard = path === "/metrics" ? access : undefined;
  const refused = await refusal(request, route, guard);
  if (refused || !route) return reply(response, refused ?? notFound);
  const answer = route(request);
  const zip = path === "/metrics" && qualityOf(request.headers["accept-encoding"], ["gzip"]) > 0;
  reply(response, zip ? { ...answer, zipped: await compress(answer.body) } : answer);
}

async function refusal(request: IncomingMessage, route?: Route, access?: Access): Promise<Reply | undefined> {
  if (!route) return notFound;
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, body: "only GET and HEAD\n", headers: { allow: "GET, HEAD" } };
  if (!access || (await access.allows(request.headers.authorization))) return undefined;
  return { status: 401, body: "credentials are needed\n", headers: { "www-authenticate": access.challenge } };
}

function reply(response: ServerResponse, { body, headers, status, type, zipped }: Reply): void {
  if (response.headersSent) return;
  const bytes = zipped ?? Buffer.from(body);
  response.writeHead(status, {
    "content-type": type ?? "text/plain; charset=utf-8",
    "content-length": bytes.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    vary: "accept, accept-encoding",
    ...(zipped ? { "content-encoding": "gzip" } : {}),
    ...headers,
  });
  // For HEAD, node leaves the body out by itself.
  response.end(bytes);
}

async function createFor(
  { tls }: ServerConfig,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  if (!tls) return createServer(limits, handle);
  const [cert, key] = await Promise.all([tls.certificate_file, tls.key_file].map(readPem));
  return createTlsServer({ ...limits, cert, key, minVersion: "TLSv1.2" }, handle);
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new QueuewatchError("SECRET_UNREADABLE", `${file}: ${systemReason(error)}`, { cause: error });
  }
}

async function listen(server: Server, address: string): Promise<void> {
  const { hostname, port } = new URL(`http://${address}`);
  try {
    // The port of a URL is empty where it is the protocol's own.
    server.listen(port === "" ? 80 : Number(port), hostname.replace(/^\[|\]$/g, ""));
    await once(server, "listening");
  } catch (error) {
    throw new QueuewatchError("LISTEN_FAILED", `${address}: ${systemReason(error)}`, { cause: error });
  }
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") return String(address);
  return address.family === "IPv6" ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}
