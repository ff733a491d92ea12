import { JsonMetricsSerializer, ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import type { ErrorCode } from "../errors.ts";
import { fieldsOf } from "./wire.ts";

/** What came back from an attempt to send a request. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly contentType: string;
      /** May be cut short: the status decides, the body only explains. */
      readonly body: Buffer;
    }
  | {
      readonly kind: "failed";
      readonly code: ErrorCode;
      readonly reason: string;
      /** Whether the receiver may have got the request nevertheless. */
      readonly sent: boolean;
    };

/** What an answer means for the request. */
export type Verdict =
  | { readonly kind: "delivered"; readonly rejected: number; readonly reason: string }
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly reason: string }
  | { readonly kind: "too large"; readonly reason: string }
  | {
      readonly kind: "retry";
      readonly code: ErrorCode;
      readonly reason: string;
      /** Undefined: as the back-off says. */
      readonly afterMs: number | undefined;
      /** The receiver may have stored it: only the same bytes may follow. */
      readonly ambiguous: boolean;
    };

/** Wrong credentials are mended by people: asking more often than this helps nobody. */
const unauthorizedRetryMs = 60_000;
const maxRetryAfterMs = 300_000;
const maxQuoted = 200;

/**
 * Judges as the OTLP specification says (1.9, "OTLP/HTTP Response"): 429, 502, 503 and 504 are tried again, every other
 * error is final. Two additions: 401 and 403 wait for better credentials, and 413 asks for smaller requests.
 */
export function judge(answer: Answer, nowMs: number): Verdict {
  if (answer.kind === "failed") {
    const { code, reason, sent } = answer;
    return { kind: "retry", code, reason, afterMs: undefined, ambiguous: sent };
  }
  const { status } = answer;
  const reason = said(answer);
  if (status >= 200 && status < 300) return judgeSuccess(answer, reason);
  if (status === 413) return { kind: "too large", reason };
  if (status === 401 || status === 403)
    return { kind: "retry", code: "EXPORT_UNAUTHORIZED", reason, afterMs: unauthorizedRetryMs, ambiguous: false };
  if ([429, 502, 503, 504].includes(status)) {
    const afterMs = retryAfterMs(answer.retryAfter, nowMs);
    // What a gateway gave up on may have arrived behind it.
    const ambiguous = status === 502 || status === 504;
    return { kind: "retry", code: "EXPORT_UNAVAILABLE", reason, afterMs, ambiguous };
  }
  return { kind: "refused", code: "EXPORT_REFUSED", reason };
}

/** Milliseconds of a Retry-After header, in seconds or as a date, at most five minutes; undefined where it says nothing. */
function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Math.min(Number(trimmed) * 1_000, maxRetryAfterMs);
  // Date.parse would take a bare number or `-1` for a year.
  const at = /^[A-Za-z]{3},? /.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - nowMs, 0), maxRetryAfterMs);
}

function judgeSuccess({ contentType, body }: Answer & { kind: "answered" }, reason: string): Verdict {
  if (contentType.startsWith("text/html"))
    return { kind: "refused", code: "EXPORT_REFUSED", reason: "answers with a web page: this is no OTLP receiver" };
  const partial = partialSuccess(contentType, body);
  return { kind: "delivered", rejected: partial.rejected, reason: partial.message === "" ? reason : partial.message };
}

/** Points rejected out of a request that was accepted as a whole. A body that cannot be understood rejects nothing. */
function partialSuccess(contentType: string, body: Buffer): { rejected: number; message: string } {
  try {
    const serializer = contentType.startsWith("application/json") ? JsonMetricsSerializer : ProtobufMetricsSerializer;
    const { partialSuccess: partial } = serializer.deserializeResponse(body);
    // JSON writes 64-bit numbers as text, whatever the types say.
    const rejected = Number(`${partial?.rejectedDataPoints ?? 0}`);
    return {
      rejected: Number.isSafeInteger(rejected) ? Math.max(0, rejected) : 0,
      message: partial?.errorMessage ?? "",
    };
  } catch {
    return { rejected: 0, message: "" };
  }
}

/** The status, and what the receiver says in words; a redirect is named, but neither followed nor quoted. */
function said({ status, contentType, body }: Answer & { kind: "answered" }): string {
  if (status >= 300 && status < 400) return `HTTP ${status}: redirects are not followed`;
  const text = /^(?:text\/plain|application\/json)/.test(contentType)
    ? body.toString()
    : statusMessage(contentType, body);
  const short = text.slice(0, maxQuoted).trim();
  return short === "" ? `HTTP ${status}` : `HTTP ${status}: ${short}`;
}

/** The message (field 2) of a `google.rpc.Status`, which OTLP receivers answer errors with. */
function statusMessage(contentType: string, body: Buffer): string {
  if (!contentType.startsWith("application/x-protobuf")) return "";
  try {
    return [...fieldsOf(body)].find(({ number }) => number === 2)?.content?.toString() ?? "";
  } catch {
    return "";
  }
}
