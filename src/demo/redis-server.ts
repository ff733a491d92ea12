import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Database } from "./redis/database.ts";
import { infoText, type ServerCounts } from "./redis/info.ts";
import { databaseBytes } from "./redis/memory-usage.ts";
import { encodeReply } from "./redis/reply.ts";
import { ProtocolError, RequestParser } from "./redis/request.ts";
import { Session, type SessionContext } from "./redis/session.ts";

export interface StandInOptions {
  /** The server's clock, in ms: what TIME says, and what keys expire by. */
  readonly now: () => number;
  /** Default: a free one. */
  readonly port?: number;
  /** What database 0 holds. Default: nothing. */
  readonly database?: Database;
}

/** A running stand-in for Redis. */
export interface StandIn {
  readonly port: number;
  /** As REDIS_URL wants it. */
  readonly url: string;
  /** What it serves; written to by whoever holds this, never over the wire. */
  readonly databases: readonly [Database, ...Database[]];
  close(): Promise<void>;
}

const databaseCount = 16;
const maxClients = 64;

/**
 * Serves databases on loopback as Redis would, in RESP2 and RESP3, to clients that only read: it answers the commands of
 * `redis/commands.ts` and those that open a connection, and refuses all others with NOPERM.
 */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const { now } = options;
  const more = Array.from({ length: databaseCount - 1 }, () => new Database(now));
  const databases: StandIn["databases"] = [options.database ?? new Database(now), ...more];
  const service = new Service(databases, now);
  const server = createServer((socket) => service.accept(socket));
  server.maxConnections = maxClients;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  service.port = port;
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    databases,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      service.disconnect();
      await closed;
    },
  };
}

class Service {
  readonly #databases: readonly Database[];
  readonly #now: () => number;
  readonly #startedMs: number;
  readonly #sockets = new Set<Socket>();
  readonly #counts = { connections: 0, commands: 0, errors: 0, received: 0, sent: 0 };
  readonly #context: SessionContext;
  #peakBytes = 0;
  port = 0;

  constructor(databases: readonly Database[], now: () => number) {
    this.#databases = databases;
    this.#now = now;
    this.#startedMs = now();
    this.#context = { databases, now, info: (sections) => this.#info(sections) };
  }

  accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A client that goes away is nothing to speak of.
    socket.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    const session = new Session(++this.#counts.connections, this.#context);
    const parser = new RequestParser();
    socket.on("data", (chunk) => this.#receive(chunk, { socket, session, parser }));
    socket.on("drain", () => socket.resume());
  }

  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #receive(
    chunk: Buffer,
    { socket, session, parser }: { socket: Socket; session: Session; parser: RequestParser },
  ): void {
    this.#counts.received += chunk.length;
    const replies: Buffer[] = [];
    try {
      for (const request of parser.feed(chunk)) {
        replies.push(this.#answer(session, request));
        if (session.ended) break;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      replies.push(encodeReply({ error: `ERR Protocol error: ${error.message}` }, session.protocol));
      session.ended = true;
    }
    this.#send(socket, Buffer.concat(replies), session.ended);
  }

  #answer(session: Session, request: readonly string[]): Buffer {
    const reply = session.answer(request);
    this.#counts.commands++;
    if (isError(reply)) this.#counts.errors++;
    return encodeReply(reply, session.protocol);
  }

  /** A client that does not read what it asked for is not asked what it wants next. */
  #send(socket: Socket, bytes: Buffer, last: boolean): void {
    this.#counts.sent += bytes.length;
    if (last) {
      socket.removeAllListeners("data").resume();
      socket.end(bytes);
    } else if (bytes.length > 0 && !socket.write(bytes)) socket.pause();
  }

  #info(sections: readonly string[]): string {
    const dataBytes = this.#databases.reduce((bytes, database) => bytes + databaseBytes(database), 0);
    this.#peakBytes = Math.max(this.#peakBytes, dataBytes);
    const connected = this.#sockets.size;
    const counts: ServerCounts = { ...this.#counts, connected, dataBytes, peakDataBytes: this.#peakBytes };
    const { port } = this;
    const nowMs = this.#now();
    return infoText(sections, { databases: this.#databases, counts, port, startedMs: this.#startedMs, nowMs });
  }
}

function isError(reply: unknown): boolean {
  return typeof reply === "object" && reply !== null && "error" in reply;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the stand-in listens on no port");
  return address.port;
}
