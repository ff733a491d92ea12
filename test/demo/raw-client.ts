import { once } from "node:events";
import { connect } from "node:net";

/** A connection on which bytes are sent and seen as they are. */
export interface RawClient {
  /** Sends one command and gives the bytes of its reply. */
  ask(...words: readonly string[]): Promise<string>;
  close(): void;
}

export function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

export async function openRaw(port: number): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  let check = (): void => undefined;
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
    check();
  });
  await once(socket, "connect");
  let asked = 0;
  return {
    ask: (...words) => {
      // What stands before the answer to a PING of our own is the reply, whatever its shape.
      const marker = `end of reply ${asked++}`;
      const end = `$${marker.length}\r\n${marker}\r\n`;
      socket.write(request(words) + request(["PING", marker]));
      return new Promise((resolve) => {
        check = () => {
          if (!received.endsWith(end)) return;
          const reply = received.slice(0, -end.length);
          received = "";
          resolve(reply);
        };
      });
    },
    close: () => socket.destroy(),
  };
}

/** Sends bytes on a connection of their own, and gives what came back once the server has nothing more to say. */
export async function sendBytes(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => (received += text));
  socket.on("error", () => undefined);
  socket.end(bytes);
  await once(socket, "close");
  return received;
}
