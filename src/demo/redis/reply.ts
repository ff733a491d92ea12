/** A reply before it is written in one of the two protocols. Strings are bulk strings, numbers integers. */
export type Reply =
  | null
  | number
  | string
  | Buffer
  | readonly Reply[]
  | { readonly status: string }
  | { readonly error: string }
  /** Text that RESP3 tells to be text. */
  | { readonly verbatim: string }
  | { readonly set: readonly string[] }
  | { readonly map: readonly (readonly [string, Reply])[] }
  /** Members with scores: flat texts in RESP2, pairs with doubles in RESP3. */
  | { readonly scored: readonly (readonly [member: string, score: number])[] };

export type Protocol = 2 | 3;

/** A reply's bytes, as redis-server 7 writes them (src/networking.c, addReply…). */
export function encodeReply(reply: Reply, protocol: Protocol): Buffer {
  const writer = new Writer(protocol);
  writer.write(reply);
  return writer.bytes();
}

class Writer {
  readonly #protocol: Protocol;
  readonly #parts: Buffer[] = [];
  #text = "";

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  bytes(): Buffer {
    this.#flush();
    return this.#parts.length === 1 && this.#parts[0] ? this.#parts[0] : Buffer.concat(this.#parts);
  }

  write(reply: Reply): void {
    if (reply === null) this.#text += this.#protocol === 3 ? "_\r\n" : "$-1\r\n";
    else if (typeof reply === "number") this.#text += `:${reply}\r\n`;
    else if (typeof reply === "string") this.#text += `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
    else if (Buffer.isBuffer(reply)) this.#bytes(reply);
    else if (isList(reply)) this.#list("*", reply);
    else this.#marked(reply);
  }

  #marked(reply: Marked): void {
    if ("status" in reply) this.#text += `+${reply.status}\r\n`;
    else if ("error" in reply) this.#text += `-${reply.error.replace(/[\r\n]/g, " ")}\r\n`;
    else if ("verbatim" in reply) this.#verbatim(reply.verbatim);
    else if ("set" in reply) this.#list(this.#protocol === 3 ? "~" : "*", reply.set);
    else if ("map" in reply) this.#map(reply.map);
    else this.#scored(reply.scored);
  }

  #list(kind: string, elements: readonly Reply[]): void {
    this.#text += `${kind}${elements.length}\r\n`;
    for (const element of elements) this.write(element);
  }

  #map(entries: readonly (readonly [string, Reply])[]): void {
    this.#text += this.#protocol === 3 ? `%${entries.length}\r\n` : `*${2 * entries.length}\r\n`;
    for (const entry of entries) for (const part of entry) this.write(part);
  }

  #scored(members: readonly (readonly [string, number])[]): void {
    if (this.#protocol === 2) return this.write(members.flatMap(([member, score]) => [member, double(score)]));
    this.#text += `*${members.length}\r\n`;
    for (const [member, score] of members) {
      this.#text += "*2\r\n";
      this.write(member);
      this.#text += `,${double(score)}\r\n`;
    }
  }

  #verbatim(text: string): void {
    if (this.#protocol === 2) this.write(text);
    else this.#text += `=${Buffer.byteLength(text) + 4}\r\ntxt:${text}\r\n`;
  }

  #bytes(value: Buffer): void {
    this.#text += `$${value.length}\r\n`;
    this.#flush();
    this.#parts.push(value);
    this.#text = "\r\n";
  }

  #flush(): void {
    if (this.#text !== "") this.#parts.push(Buffer.from(this.#text));
    this.#text = "";
  }
}

type Marked = Exclude<Reply, null | number | string | Buffer | readonly Reply[]>;

const isList = (reply: Marked | readonly Reply[]): reply is readonly Reply[] => Array.isArray(reply);

function double(score: number): string {
  if (Number.isFinite(score)) return String(score);
  return score > 0 ? "inf" : "-inf";
}
