import type { ReceivedPoint } from "./otlp-points.ts";
import { type OtlpReceiver, type ReceivedRequest, startOtlpReceiver } from "./otlp-receiver.ts";
import type { VendorContract } from "./vendor-contracts.ts";

type Request = Pick<ReceivedRequest, "path" | "headers" | "body" | "points">;

/** What a vendor answers, and why. */
export interface Judgement {
  readonly status: number;
  readonly problems: readonly string[];
}

/** A receiver that enforces what a vendor documents. */
export interface VendorReceiver extends OtlpReceiver {
  /** Of each request, in order. */
  readonly judgements: readonly Judgement[];
}

export async function startVendorReceiver(contract: VendorContract): Promise<VendorReceiver> {
  const judgements: Judgement[] = [];
  const seen = new Map<string, number>();
  const receiver = await startOtlpReceiver({
    answer: (request) => {
      const judgement = judge(contract, request, seen);
      judgements.push(judgement);
      const headers = { "content-type": "text/plain" };
      return judgement.status === 200 ? {} : { status: judgement.status, headers, body: judgement.problems.join("\n") };
    },
  });
  return Object.assign(receiver, { judgements });
}

/** Judges one request after those whose series' last times are in `seen`; notes its own there if it is taken. */
export function judge(contract: VendorContract, request: Request, seen: Map<string, number>): Judgement {
  const refused = (status: number, problem: string): Judgement => ({ status, problems: [problem] });
  const { headers, path, points } = request;
  if (path !== contract.path) return refused(404, `no such path: ${path}`);
  if (!contract.authorized(headers)) return refused(contract.unauthorized, "wrong or missing credentials");
  if (!contract.contentTypes.includes(headers["content-type"] ?? "")) return refused(400, "cannot read this encoding");
  const limit = contract.maxBytes(headers["content-encoding"] === "gzip");
  if (request.body.length > limit) return refused(413, `${request.body.length} bytes, more than ${limit}`);
  const temporal = points.find(({ temporality }) => temporality && !contract.temporalities.includes(temporality));
  if (temporal) return refused(contract.wrongTemporality, `${temporal.name}: ${temporal.temporality} is not taken`);
  const times = new Map(seen);
  const problems = points.flatMap((point) => problemsOf(contract, point, times));
  if (problems.length > 0) return { status: contract.looksLater ? 200 : 400, problems };
  for (const [series, time] of times) seen.set(series, time);
  return { status: 200, problems };
}

function problemsOf(contract: VendorContract, point: ReceivedPoint, seen: Map<string, number>): string[] {
  const { attributes, name } = point;
  const problems = [contract.nameProblem(point), valueProblem(contract, point)];
  if (name === "" || Object.entries(attributes).some(([key, value]) => key === "" || value === ""))
    problems.push("empty");
  const series = seriesOf(point);
  const stretch = Math.floor(point.timeMs / contract.resolutionMs);
  const before = seen.get(series);
  if (before === stretch) problems.push("there already");
  if (contract.ordered && before !== undefined && stretch < before) problems.push("out of order");
  seen.set(series, stretch);
  return problems.flatMap((problem) => (problem === undefined ? [] : [`${name}: ${problem}`]));
}

/** Name and attributes of a point's series, the same in any order. */
export function seriesOf({ attributes, name }: ReceivedPoint): string {
  return JSON.stringify([name, ...Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

type Rule = readonly [problem: string, broken: (point: ReceivedPoint, contract: VendorContract) => boolean];

/** What the numbers, times and kind of a point can break. */
const rules: readonly Rule[] = [
  ["no time", ({ timeMs }) => timeMs <= 0],
  ["an end that is not understood", ({ noRecordedValue }, { ended }) => noRecordedValue && !ended],
  [
    "delta that is not monotonic",
    ({ kind, monotonic, temporality }) => kind === "sum" && temporality === "delta" && !monotonic,
  ],
  [
    "delta without a stretch of time",
    ({ startMs = Infinity, temporality, timeMs }) => temporality === "delta" && startMs >= timeMs,
  ],
  ["gauge with a start", ({ kind, startMs }) => kind === "gauge" && startMs !== undefined],
  ["not a number", (point) => !point.noRecordedValue && !numbersOf(point).every(Number.isFinite)],
  ["less than nothing", (point) => point.kind !== "gauge" && numbersOf(point).some((number) => number < 0)],
];

function valueProblem(contract: VendorContract, point: ReceivedPoint): string | undefined {
  return rules.find(([, broken]) => broken(point, contract))?.[0];
}

function numbersOf({ histogram, kind, noRecordedValue, value }: ReceivedPoint): number[] {
  if (noRecordedValue) return [];
  if (kind !== "histogram") return [value ?? Number.NaN];
  return histogram ? [histogram.sum, histogram.count, ...histogram.counts] : [Number.NaN];
}
