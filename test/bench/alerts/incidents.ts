import type { Random } from "./random.ts";

/** Kinds of trouble, with how long each lasts at least and at most, in minutes. */
export const kinds = {
  flood: [30, 60],
  "flood of all queues": [25, 50],
  "slow flood": [180, 260],
  "poisoned class": [30, 60],
  "small poisoned class": [60, 120],
  "invalid payloads": [10, 30],
  "unknown class": [20, 40],
  "dead workers": [15, 40],
  "half the workers": [30, 90],
  "crash loop": [40, 60],
  "lost jobs": [10, 15],
  "stuck job": [90, 200],
  "memory leak": [180, 300],
  "degraded database": [40, 90],
  "slow decline": [180, 240],
  "failing everywhere": [20, 50],
  "queue paused": [60, 120],
  "queue unserved": [30, 60],
  "scheduler dead": [30, 60],
  "schedule missed": [60, 120],
  "redis down": [8, 30],
  "redis full": [40, 80],
  "redis evicting": [15, 30],
  "redis policy": [60, 90],
  "redis slow": [20, 40],
  "redis clients": [30, 60],
  "redis persistence": [30, 60],
  "agent silent": [15, 40],
  "export failing": [30, 60],
} as const;
export type Kind = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as Kind[];

export interface Incident {
  readonly kind: Kind;
  readonly target: string;
  /** First and last minute. */
  readonly from: number;
  readonly to: number;
  /** 0 to 1: how hard it strikes, within its kind. */
  readonly force: number;
}

/** Every kind at least once over the targets, at random times from the minute `from` on, well apart. */
export function drawIncidents(random: Random, targets: readonly string[], from: number, to: number): Incident[] {
  const order = random.shuffled([...kindNames, ...kindNames]);
  const each = Math.ceil(order.length / targets.length);
  const room = (to - from) / each;
  return order.map((kind, index) => {
    const [least, most] = kinds[kind];
    const length = Math.round(random.between(least, most));
    const slot = Math.floor(index / targets.length);
    const start = Math.round(from + slot * room + random.between(0, Math.max(room - length - 130, 1)));
    const target = targets[index % targets.length] ?? "";
    return { kind, target, from: start, to: start + length, force: random.between(0, 1) };
  });
}
