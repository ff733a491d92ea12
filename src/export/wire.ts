/** The two wire types of protobuf that need no more than their length; the others are copied as they stand. */
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

/** One field of a protobuf message: where it begins and ends, and where its content does. */
export interface WireField {
  readonly number: number;
  /** The whole field, tag included. */
  readonly raw: Buffer;
  /** Of a length-delimited field: its bytes; else undefined. */
  readonly content: Buffer | undefined;
}

/** The fields of a message, in order. Throws where the bytes are no message. */
export function* fieldsOf(message: Buffer): Generator<WireField> {
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    const wireType = tag.value & 7;
    const head = wireType === delimited ? readVarint(message, tag.end) : { value: sizeOf(wireType), end: tag.end };
    const end = wireType === varint ? readVarint(message, tag.end).end : head.end + head.value;
    if (end > message.length) throw new Error("a protobuf field ends after its message");
    const content = wireType === delimited ? message.subarray(head.end, end) : undefined;
    yield { number: tag.value >>> 3, raw: message.subarray(at, end), content };
    at = end;
  }
}

/**
 * A message rebuilt around the length-delimited fields that lie at the end of a path of field numbers; `visit` gives their
 * new content, from the old one and the fields passed on the way. Undefined: a field is left out, and so is every message
 * on the way in which none is kept.
 */
export function rewriteAt(message: Buffer, path: Path, visit: Visit): Buffer | undefined {
  return rewriteBelow(message, [], { path, visit });
}

type Path = readonly (readonly number[])[];
type Visit = (content: Buffer, passed: readonly number[]) => Buffer | undefined;

function rewriteBelow(
  message: Buffer,
  passed: readonly number[],
  way: { readonly path: Path; readonly visit: Visit },
): Buffer | undefined {
  const wanted = way.path[passed.length] ?? [];
  const parts: Buffer[] = [];
  let kept = false;
  for (const { number, raw, content } of fieldsOf(message)) {
    if (content === undefined || !wanted.includes(number)) {
      parts.push(raw);
      continue;
    }
    const below = [...passed, number];
    const isEnd = below.length === way.path.length;
    const rewritten = isEnd ? way.visit(content, below) : rewriteBelow(content, below, way);
    if (rewritten === undefined) continue;
    kept = true;
    parts.push(delimitedHead(number, rewritten.length), rewritten);
  }
  return kept ? Buffer.concat(parts) : undefined;
}

/** Tag and length to put before the content of a length-delimited field. */
export function delimitedHead(number: number, length: number): Buffer {
  return Buffer.from([...varintBytes((number << 3) | delimited), ...varintBytes(length)]);
}

/** A whole field that holds a small number. */
export function varintField(number: number, value: number): Buffer {
  return Buffer.from([...varintBytes((number << 3) | varint), ...varintBytes(value)]);
}

function sizeOf(wireType: number): number {
  if (wireType === varint) return 0;
  if (wireType === fixed64) return 8;
  if (wireType === fixed32) return 4;
  throw new Error(`wire type ${wireType} is not known`);
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

/** Lengths and tags are far below 2^53; of greater numbers only the end counts here. */
function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new Error("a protobuf number does not end");
}
