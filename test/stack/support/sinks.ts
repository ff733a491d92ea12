import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";

/** One request or mail. */
export interface Received {
  /** The path of a request; of a mail its recipient. */
  readonly to: string;
  /** JSON of a request; headers and text of a mail. */
  readonly body: string;
}

/** What stands in for the services that notifications go to. */
export interface Sink {
  readonly port: number;
  /** In the order of arrival. */
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** Answers each POST as the real service does. */
export async function startHttpSink(answer: { status: number; type: string; body: string }): Promise<Sink> {
  const received: Received[] = [];
  const server = createHttpServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.once("end", () => {
      received.push({ to: request.url ?? "", body });
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
  const received: Received[] = [];
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

function converse(socket: Socket, deliver: (mail: Received) => void): void {
  let buffer = "";
  let inData = false;
  let to = "";
  const answer = (line: string): string => {
    to = /^RCPT TO:<(.*?)>/i.exec(line)?.[1] ?? to;
    inData = /^DATA/i.test(line);
    if (inData) return "354 go on";
    return /^QUIT/i.test(line) ? "221 bye" : "250 ok";
  };
  const take = (part: string): string => {
    if (!inData) return answer(part);
    inData = false;
    deliver({ to, body: part });
    return "250 ok";
  };
  socket.write("220 sink\r\n");
  socket.setEncoding("utf8").on("data", (text: string) => {
    buffer += text;
    for (;;) {
      const mark = inData ? "\r\n.\r\n" : "\r\n";
      const end = buffer.indexOf(mark);
      if (end < 0) return;
      const said = take(buffer.slice(0, end));
      buffer = buffer.slice(end + mark.length);
      socket.write(`${said}\r\n`);
      if (said.startsWith("221")) socket.end();
    }
  });
}
