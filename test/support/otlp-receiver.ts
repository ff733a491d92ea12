import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { decodeRequest, encodeResponse } from "./otlp-proto.ts";
import { pointsOf, type ReceivedPoint } from "./otlp-points.ts";

export type { ReceivedPoint } from "./otlp-points.ts";

/** What the receiver does with a request. Default: 200 with an empty response of the request's encoding. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly partialSuccess?: { readonly rejectedDataPoints: number; readonly errorMessage?: string };
  /** `before`: the connection is reset instead of an answer; `during`: it ends after the headers and a part of the body. */
  readonly reset?: "before" | "during";
  /** Never answers. */
  readonly hang?: boolean;
  /** Whether the points count as stored. Default: when the status is 200 and the connection is not cut before it. */
  readonly stored?: boolean;
}

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came over the wire, and after decompression. */
  readonly wire: Buffer;
  readonly body: Buffer;
  readonly points: readonly ReceivedPoint[];
  readonly stored: boolean;
}

export interface OtlpReceiverOptions {
  /** Asked for each request that could be decoded; may change between requests. */
  readonly answer?: (request: Omit<ReceivedRequest, "stored">, index: number) => Answer;
  /** Serves HTTPS with these. */
  readonly tls?: ServerOptions;
  readonly port?: number;
}

/** A scripted OTLP/HTTP metrics receiver on loopback. */
export interface OtlpReceiver {
  /** Base URL, as OTEL_EXPORTER_OTLP_ENDPOINT wants it. */
  readonly url: string;
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** Points of the requests that count as stored, in order. */
  points(): ReceivedPoint[];
  /** Resolves when `test` holds after a request; checked at once, too. */
  until(test: (receiver: OtlpReceiver) => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startOtlpReceiver(options: OtlpReceiverOptions = {}): Promise<OtlpReceiver> {
  const requests: ReceivedRequest[] = [];
  const waiting = new Set<() => void>();
  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    void receive(incoming, response, options, requests).then(() => {
      for (const check of waiting) check();
    });
  };
  const server: Server = options.tls ? createTlsServer(options.tls, handle) : createServer(handle);
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const receiver: OtlpReceiver = {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    requests,
    points: () => requests.filter(({ stored }) => stored).flatMap(({ points }) => points),
    until: (test) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!test(receiver)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

async function receive(
  incoming: IncomingMessage,
  response: ServerResponse,
  options: OtlpReceiverOptions,
  requests: ReceivedRequest[],
): Promise<void> {
  const wire = await read(incoming);
  if (!wire) return;
  const isJson = incoming.headers["content-type"] === "application/json";
  let decoded: Pick<ReceivedRequest, "body" | "points">;
  try {
    const body = incoming.headers["content-encoding"] === "gzip" ? gunzipSync(wire) : wire;
    decoded = { body, points: pointsOf(isJson ? JSON.parse(body.toString()) : decodeRequest(body)) };
  } catch (error) {
    response.writeHead(400, { "content-type": "text/plain" }).end(String(error));
    return;
  }
  const request = { path: incoming.url ?? "", headers: incoming.headers, wire, ...decoded };
  const answer = options.answer?.(request, requests.length) ?? {};
  requests.push({ ...request, stored: answer.stored ?? succeeds(answer) });
  reply(response, answer, isJson);
}

/** Undefined where the sender went away in the middle. */
async function read(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  }
}

function succeeds({ status = 200, reset, hang = false }: Answer): boolean {
  return status === 200 && reset !== "before" && !hang;
}

function reply(response: ServerResponse, answer: Answer, isJson: boolean): void {
  if (answer.hang === true) return;
  if (answer.reset === "before") {
    response.socket?.resetAndDestroy();
    return;
  }
  const type = isJson ? "application/json" : "application/x-protobuf";
  const body = answer.body ?? okBody(answer, isJson);
  const cut = answer.reset === "during";
  const length = Buffer.byteLength(body) + (cut ? 100 : 0);
  response.writeHead(answer.status ?? 200, { "content-type": type, "content-length": length, ...answer.headers });
  if (cut) response.write(body.length > 0 ? body : " ", () => response.socket?.destroySoon());
  else response.end(body);
}

function okBody({ partialSuccess }: Answer, isJson: boolean): string | Buffer {
  if (!isJson) return encodeResponse(partialSuccess);
  return JSON.stringify(partialSuccess ? { partialSuccess } : {});
}
