import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { asQueuewatchError } from "../errors.ts";
import { isTlsFailure } from "../self/system-error.ts";
import type { Answer } from "./answer.ts";
import type { TlsFiles, TlsMaterial } from "./tls-files.ts";

/** Where requests go, and how. */
export interface TransportOptions {
  readonly url: URL;
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that hold secrets; asked for at each request. Rejects with SECRET_UNREADABLE. */
  readonly secretHeaders: () => Promise<Readonly<Record<string, string>>>;
  readonly tls: TlsFiles;
  /** Of a request, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are looked up. */
  readonly env: NodeJS.ProcessEnv;
}

const maxAnswerBytes = 64 * 1024;
/** A receiver closes a connection that was idle; the next request finds out. */
const staleConnection = new Set(["ECONNRESET", "EPIPE"]);

/** POSTs to one URL over connections that are kept open. */
export class HttpTransport {
  readonly #options: TransportOptions;
  #agent: HttpAgent | undefined;
  #material: TlsMaterial | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Resolves in any case: with what was answered, or with why there is no answer. No header's value stands in it. */
  async send(body: Buffer, signal: AbortSignal): Promise<Answer> {
    let secrets: Readonly<Record<string, string>>;
    try {
      secrets = await this.#options.secretHeaders();
      await this.#refreshAgent();
    } catch (error) {
      const { code, message } = asQueuewatchError(error, "SECRET_UNREADABLE");
      return { kind: "failed", code, reason: message, sent: false };
    }
    const headers = { ...this.#options.headers, ...secrets };
    const first = await this.#attempt(body, headers, signal);
    const answer = first.stale ? await this.#attempt(body, headers, signal) : first;
    return redacted(answer.answer, Object.values(secrets));
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  /** A new agent where certificates or keys have changed. */
  async #refreshAgent(): Promise<void> {
    const material = await this.#options.tls.current();
    if (this.#agent && material === this.#material) return;
    this.#agent?.destroy();
    const common = { keepAlive: true, maxSockets: 1, proxyEnv: this.#options.env };
    this.#material = material;
    this.#agent = isTls(this.#options.url) ? new HttpsAgent({ ...common, ...material }) : new HttpAgent(common);
  }

  #attempt(
    body: Buffer,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; stale: boolean }> {
    const { url, timeoutMs } = this.#options;
    const deadline = AbortSignal.timeout(timeoutMs);
    const agent = this.#agent;
    return new Promise((resolve) => {
      const request = (isTls(url) ? httpsRequest : httpRequest)(url, {
        method: "POST",
        headers: { ...headers, "content-length": body.length },
        signal: AbortSignal.any([signal, deadline]),
        ...(agent ? { agent } : {}),
      });
      const sent = watchSent(request);
      request.once("response", (response) => {
        void readAnswer(response).then((answer) => resolve({ answer, stale: false }));
      });
      request.once("error", (error) => {
        const stale = request.reusedSocket && "code" in error && staleConnection.has(String(error.code));
        resolve({ answer: failure(error, { timedOut: deadline.aborted, sent: sent(), timeoutMs }), stale });
      });
      request.end(body);
    });
  }
}

function isTls(url: URL): boolean {
  return url.protocol === "https:";
}

/** Says whether the request may have reached the receiver: a connection stood. */
function watchSent(request: ClientRequest): () => boolean {
  let connected = false;
  request.once("socket", (socket: Socket) => {
    if (request.reusedSocket) connected = true;
    else socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => (connected = true));
  });
  return () => connected;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) continue;
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxAnswerBytes) break;
    }
  } catch {
    // The status has come: the rest would only explain it.
  }
  return {
    kind: "answered",
    status: response.statusCode ?? 0,
    retryAfter: response.headers["retry-after"],
    contentType: response.headers["content-type"]?.toLowerCase() ?? "",
    body: Buffer.concat(chunks),
  };
}

function failure(error: Error, about: { timedOut: boolean; sent: boolean; timeoutMs: number }): Answer {
  const { sent, timedOut, timeoutMs } = about;
  if (timedOut) {
    const where = sent ? "no answer" : "no connection";
    return { kind: "failed", code: "EXPORT_TIMEOUT", reason: `${where} within ${timeoutMs / 1_000} s`, sent };
  }
  // Several addresses of one host give an AggregateError that says nothing itself.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const reason = first instanceof Error && first.message !== "" ? first.message : "the connection failed";
  return { kind: "failed", code: isTlsFailure(first) ? "EXPORT_TLS" : "EXPORT_UNREACHABLE", reason, sent };
}

/** Receivers and libraries may quote what they were sent. */
function redacted(answer: Answer, secrets: readonly string[]): Answer {
  const hide = (text: string): string =>
    secrets
      .filter((secret) => secret.length >= 6)
      .reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text);
  if (answer.kind === "failed") return { ...answer, reason: hide(answer.reason) };
  return secrets.some((secret) => answer.body.includes(secret))
    ? { ...answer, body: Buffer.from(hide(answer.body.toString("latin1")), "latin1") }
    : answer;
}
