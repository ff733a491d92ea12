import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/**
 * What the proxy does to bytes on their way. `pass`: nothing. `refuse`: new connections are reset at once. `swallow`: all
 * bytes vanish, both ways, and no end is told: half-open. `hold`: replies wait until the fault is over.
 */
export type Fault =
  | { readonly kind: "pass" | "refuse" | "swallow" | "hold" }
  /** Replies come so much later. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Replies come so many bytes at a time, with a pause of `everyMs`. */
  | { readonly kind: "trickle"; readonly bytes: number; readonly everyMs: number }
  /** After so many bytes of replies the connection ends; with `reset` it breaks. */
  | { readonly kind: "cut"; readonly afterBytes: number; readonly reset?: boolean }
  /** The byte at this place of the replies is another one. */
  | { readonly kind: "corrupt"; readonly atByte: number };

/** A TCP proxy on loopback that can fail. */
export interface FaultyTcp {
  readonly port: number;
  /** From now on, for connections that are there and for new ones; places in replies count from here. */
  set(fault: Fault): void;
  /** Connections accepted so far, and how many are open. */
  readonly accepted: number;
  readonly open: number;
  /** Breaks every connection with a reset. */
  reset(): void;
  stop(): Promise<void>;
}

/** Starts a proxy on a free port in front of a port of this machine. */
export async function startFaultyTcp(target: number): Promise<FaultyTcp> {
  const sockets = new Set<Socket>();
  const pipes = new Set<ReplyPipe>();
  let fault: Fault = { kind: "pass" };
  let accepted = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    accepted++;
    keep(client);
    if (fault.kind === "refuse") return void client.resetAndDestroy();
    const upstream = keep(connect(target, "127.0.0.1"));
    const pipe = new ReplyPipe(client, upstream, () => fault);
    pipes.add(pipe);
    client.on("data", (bytes) => fault.kind !== "swallow" && upstream.write(bytes));
    client.on("close", () => (pipes.delete(pipe), upstream.destroy()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      fault = next;
      for (const pipe of pipes) pipe.restart();
    },
    get accepted() {
      return accepted;
    },
    get open() {
      return pipes.size;
    },
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Carries one connection's replies, as the fault of the moment says. */
class ReplyPipe {
  readonly #client: Socket;
  readonly #fault: () => Fault;
  #waiting = Buffer.alloc(0);
  #passed = 0;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Socket, upstream: Socket, fault: () => Fault) {
    this.#client = client;
    this.#fault = fault;
    upstream.on("data", (bytes) => {
      if (this.#fault().kind === "swallow") return;
      this.#waiting = Buffer.concat([this.#waiting, bytes]);
      this.#move();
    });
    upstream.on("close", () => {
      this.#ended = true;
      this.#move();
    });
    client.on("close", () => clearTimeout(this.#timer));
  }

  restart(): void {
    this.#passed = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#move();
  }

  #move(): void {
    if (this.#timer) return;
    const fault = this.#fault();
    if (fault.kind === "swallow" || fault.kind === "hold") return;
    if (fault.kind === "delay" || fault.kind === "trickle") {
      if (this.#waiting.length > 0 || this.#ended) this.#later(fault);
      return;
    }
    if (fault.kind === "cut") this.#cut(fault.afterBytes, fault.reset === true);
    else this.#write(this.#waiting.length);
    this.#endIfDone();
  }

  #cut(afterBytes: number, reset: boolean): void {
    this.#write(afterBytes - this.#passed);
    if (this.#passed < afterBytes) return;
    if (reset) this.#client.resetAndDestroy();
    else this.#client.end();
  }

  #later(fault: Fault & { readonly kind: "delay" | "trickle" }): void {
    const bytes = fault.kind === "delay" ? this.#waiting.length : fault.bytes;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#write(bytes);
        if (!this.#endIfDone()) this.#move();
      },
      fault.kind === "delay" ? fault.ms : fault.everyMs,
    );
  }

  #write(count: number): void {
    const bytes = Buffer.from(this.#waiting.subarray(0, count));
    this.#waiting = this.#waiting.subarray(count);
    const fault = this.#fault();
    const at = fault.kind === "corrupt" ? fault.atByte - this.#passed : -1;
    if (at >= 0 && at < bytes.length) bytes[at] = 0xff ^ (bytes[at] ?? 0);
    this.#passed += bytes.length;
    if (bytes.length > 0) this.#client.write(bytes);
  }

  #endIfDone(): boolean {
    const done = this.#ended && this.#waiting.length === 0;
    if (done) this.#client.end();
    return done;
  }
}
