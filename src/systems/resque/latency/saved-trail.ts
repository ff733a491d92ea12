import * as z from "zod";

const count = z.number().int().min(0);

/** A trail between two runs of the agent. Elements stand there as digests only: payloads hold what nobody may keep. */
const schema = z.object({
  head: count,
  end: count,
  atMs: z.number(),
  attempts: count.optional(),
  marks: z.array(z.object({ atMs: z.number(), pushed: count })).max(200),
  headDigest: z.string().optional(),
  tail: z.array(z.tuple([z.string(), count])).max(2),
  used: z.array(z.tuple([z.string(), z.number()])).max(64),
});

export interface SavedTrail {
  readonly head: number;
  readonly end: number;
  readonly atMs: number;
  readonly attempts: number | undefined;
  readonly marks: readonly { readonly atMs: number; readonly pushed: number }[];
  readonly headDigest: string | undefined;
  readonly tail: readonly (readonly [string, number])[];
  readonly used: readonly (readonly [string, number])[];
}

/** What `Trail.save` gave; undefined for anything else. */
export function savedTrail(state: unknown): SavedTrail | undefined {
  const { data } = schema.safeParse(state);
  if (!data || data.end < data.head) return undefined;
  return { ...data, attempts: data.attempts, headDigest: data.headDigest };
}
