/** Limits of one request: far above what a reader sends, far below what would hurt. */
const maxArguments = 1_048_576;
const maxArgumentBytes = 1_048_576;
const maxInline = 65_536;

/** What was sent is not the protocol; the connection ends after this was said. */
export class ProtocolError extends Error {}

/**
 * Takes apart what a client sends: arrays of bulk strings, or lines of words (inline commands), as redis-server does
 * (src/networking.c, processMultibulkBuffer and processInlineBuffer).
 */
export class RequestParser {
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #words: string[] = [];
  /** Arguments of the request at hand that are still to come, and the bytes of the next one, where that is known. */
  #missing = 0;
  #bytes: number | undefined;

  /** Adds what arrived and gives the requests that are whole now. Throws a ProtocolError, after those before it. */
  *feed(chunk: Buffer): Generator<readonly string[]> {
    this.#buffer = this.#at < this.#buffer.length ? Buffer.concat([this.#buffer.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
    while (this.#missing > 0 ? this.#argument() : this.#start()) {
      if (this.#missing > 0 || this.#words.length === 0) continue;
      const words = this.#words;
      this.#words = [];
      yield words;
    }
  }

  /** Reads the beginning of a request; false when more bytes are needed. */
  #start(): boolean {
    const line = this.#line("too big inline request", "too big mbulk count string");
    if (line === undefined) return false;
    if (!line.startsWith("*")) {
      this.#words = splitWords(line);
      return true;
    }
    const count = integer(line.slice(1));
    if (count === undefined || count > maxArguments) throw new ProtocolError("invalid multibulk length");
    this.#missing = Math.max(0, count);
    return true;
  }

  /** Reads one argument, or its length; false when more bytes are needed. */
  #argument(): boolean {
    if (this.#bytes === undefined) {
      const line = this.#line("too big bulk count string");
      if (line === undefined) return false;
      if (!line.startsWith("$")) throw new ProtocolError(`expected '$', got '${line.charAt(0)}'`);
      const bytes = integer(line.slice(1));
      if (bytes === undefined || bytes < 0 || bytes > maxArgumentBytes) throw new ProtocolError("invalid bulk length");
      this.#bytes = bytes;
      return true;
    }
    const end = this.#at + this.#bytes;
    if (this.#buffer.length < end + 2) return false;
    this.#words.push(this.#buffer.toString("utf8", this.#at, end));
    this.#at = end + 2;
    this.#bytes = undefined;
    this.#missing--;
    return true;
  }

  #line(tooLong: string, tooLongCount = tooLong): string | undefined {
    const end = this.#buffer.indexOf("\n", this.#at);
    if (end < 0) {
      if (this.#buffer.length - this.#at <= maxInline) return undefined;
      throw new ProtocolError(this.#buffer[this.#at] === 0x2a ? tooLongCount : tooLong);
    }
    const line = this.#buffer.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}

function integer(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\u0007" };

/** Words of an inline command; quotes keep spaces together, with escapes in double ones. */
function splitWords(line: string): string[] {
  const word = /\s*(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|'((?:[^'\\]|\\.)*)'(?=\s|$)|([^\s"']+))/y;
  const words: string[] = [];
  while (word.lastIndex < line.trimEnd().length) {
    const match = word.exec(line);
    if (!match) throw new ProtocolError("unbalanced quotes in request");
    const [, double, single, plain = ""] = match;
    words.push(
      double?.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter) ??
        single?.replaceAll("\\'", "'") ??
        plain,
    );
  }
  return words;
}
