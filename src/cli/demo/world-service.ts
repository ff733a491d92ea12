import { startStandIn } from "../../demo/redis-server.ts";
import { createWorld, type World } from "../../demo/world.ts";

/** A world that lives in real time, and where its Redis is. */
export interface WorldService {
  readonly world: World;
  readonly url: string;
  close(): Promise<void>;
}

const stepMs = 50;
/** After a pause (a laptop that slept) the world goes on from where it was. */
const longestStepMs = 10_000;
const dayMs = 86_400_000;

/** `speed`: how many times faster than on Earth its days pass. */
export async function startWorld({ seed, speed }: { seed: string; speed: number }): Promise<WorldService> {
  const world = createWorld({ seed, startMs: Date.now(), dayMs: dayMs / speed });
  const standIn = await startStandIn({ now: () => world.now(), database: world.database });
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    world.advance(world.now() + Math.min(longestStepMs, now - last));
    last = now;
  }, stepMs);
  return {
    world,
    url: standIn.url,
    close: async () => {
      clearInterval(timer);
      await standIn.close();
    },
  };
}
