import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Waiting } from "./backlog.ts";
import type { OtlpEncoder } from "./otlp.ts";
import { type Protocol, splitRequest } from "./request.ts";
import type { Held, Receipt } from "./temporality.ts";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** How requests are made of collections. */
export interface Packing {
  readonly encoder: Pick<OtlpEncoder, "encode">;
  readonly protocol: Protocol;
  readonly compression: "gzip" | "none";
  /** Limit of a request before compression. */
  readonly maxRequestBytes: number;
}

/** A request as it goes over the wire; `from` is the place of its first point among those of its batch. */
export interface PackedRequest {
  readonly body: Buffer;
  readonly from: number;
  readonly points: number;
}

/** One collection on its way to one destination: first held as it is, then as requests, which leave one by one. */
export class Batch implements Waiting {
  readonly sinceMs: number;
  pinned = false;
  /** Resolves when the requests are made; set by whoever has them made. */
  ready: Promise<void> | undefined;
  readonly #packing: Packing;
  #held: Held | undefined;
  #receipt: Receipt | undefined;
  #requests: PackedRequest[] = [];
  #points: number;

  constructor(held: Held, sinceMs: number, packing: Packing) {
    this.#held = held;
    this.#points = held.points;
    this.sinceMs = sinceMs;
    this.#packing = packing;
  }

  get points(): number {
    return this.#points;
  }
  get bytes(): number {
    return this.#held?.bytes ?? this.#requests.reduce((sum, { body }) => sum + body.length, 0);
  }
  get head(): PackedRequest | undefined {
    return this.#requests[0];
  }

  /** Makes the requests; to be called once. Resolves with the number of points that no request can hold, which are gone. */
  async pack(): Promise<number> {
    const held = this.#held;
    if (!held) return 0;
    const { collection, receipt } = held.make();
    this.#receipt = receipt;
    const tooLarge: PackedRequest[] = [];
    let packed: PackedRequest[];
    try {
      const whole = { body: await this.#packing.encoder.encode(collection), from: 0, points: held.points };
      packed = await Promise.all(this.#fit(whole, tooLarge).map((request) => this.#compressed(request)));
    } catch (error) {
      receipt.lost(0, held.points);
      throw error;
    }
    // It may have been dropped meanwhile.
    for (const { from, points } of this.#held ? tooLarge : [...tooLarge, ...packed]) receipt.lost(from, from + points);
    if (!this.#held) return 0;
    this.#held = undefined;
    this.#requests = packed;
    this.#points -= tooLarge.length;
    return tooLarge.length;
  }

  /** The first request is done with. */
  delivered(): void {
    this.#settle((receipt, from, to) => receipt.delivered(from, to));
  }
  lost(): void {
    this.#settle((receipt, from, to) => receipt.lost(from, to));
  }

  /** Cuts the first request in two. False where it is a single point. */
  async halve(): Promise<boolean> {
    const request = this.head;
    if (!request || request.points < 2) return false;
    const { compression, protocol } = this.#packing;
    const body = compression === "gzip" ? await decompress(request.body) : request.body;
    const halves = halvesOf({ ...request, body }, protocol);
    const packed = await Promise.all(halves.map((half) => this.#compressed(half)));
    if (this.#requests[0] === request) this.#requests.splice(0, 1, ...packed);
    return true;
  }

  drop(): void {
    // Once made, its points are told of by their receipt: here, or when packing comes to its end.
    if (!this.#receipt) this.#held?.drop();
    for (const { from, points } of this.#requests) this.#receipt?.lost(from, from + points);
    this.#held = undefined;
    this.#requests = [];
    this.#points = 0;
  }

  /** Cuts until every part is below the limit; single points that are above it are put aside. */
  #fit(request: PackedRequest, tooLarge: PackedRequest[]): PackedRequest[] {
    if (request.points === 0) return [];
    if (request.body.length <= this.#packing.maxRequestBytes) return [request];
    if (request.points > 1)
      return halvesOf(request, this.#packing.protocol).flatMap((half) => this.#fit(half, tooLarge));
    tooLarge.push(request);
    return [];
  }

  async #compressed(request: PackedRequest): Promise<PackedRequest> {
    return this.#packing.compression === "gzip" ? { ...request, body: await compress(request.body) } : request;
  }

  #settle(tell: (receipt: Receipt, from: number, to: number) => void): void {
    const request = this.#requests.shift();
    if (!request) return;
    this.#points -= request.points;
    if (this.#receipt) tell(this.#receipt, request.from, request.from + request.points);
  }
}

function halvesOf({ body, from, points }: PackedRequest, protocol: Protocol): [PackedRequest, PackedRequest] {
  const first = Math.floor(points / 2);
  const [before, after] = splitRequest(body, protocol, first);
  return [
    { body: before, from, points: first },
    { body: after, from: from + first, points: points - first },
  ];
}
