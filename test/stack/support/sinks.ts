import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";

/** What stands in for the services that notifications go to. */
export interface Sink {
  readonly port: number;
  /** Bodies of what was received, in order: JSON of requests, headers and text of mails. */
  readonly received: readonly string[];
  close(): Promise<void>;
}

/** Answers each POST as the real service does. */
export async function startHttpSink(answer: { status: number; type: string; body: string }): Promise<Sink> {
  const received: string[] = [];
  const server = createHttpServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.once("end", () => {
      received.push(body);
      response.writeHead(answer.status, { "content-type": answer.type }).end(answer.body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** An SMTP server (RFC 5321, no extensions) that takes every mail. */
export async function startMailSink(): Promise<Sink> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => undefined);
    converse(socket, (mail) => received.push(mail));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function converse(socket: Socket, deliver: (mail: string) => void): void {
  let buffer = "";
  let inData = false;
  socket.write("220 sink\r\n");
  socket.setEncoding("utf8").on("data", (text: string) => {
    buffer += text;
    for (;;) {
      const end = buffer.indexOf(inData ? "\r\n.\r\n" : "\r\n");
      if (end < 0) return;
      const part = buffer.slice(0, end);
      buffer = buffer.slice(end + (inData ? 5 : 2));
      if (inData) deliver(part);
      const command = inData ? "DELIVERED" : part.slice(0, 4).toUpperCase();
      inData = command === "DATA";
      socket.write(inData ? "354 go on\r\n" : command === "QUIT" ? "221 bye\r\n" : "250 ok\r\n");
      if (command === "QUIT") socket.end();
    }
  });
}
