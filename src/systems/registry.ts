import { resque } from "./resque/system.ts";
import { sidekiq } from "./sidekiq/system.ts";
import type { System } from "./system.ts";

/** Every job system that can be read: one folder each. */
export const systems: readonly System[] = [sidekiq, resque];
