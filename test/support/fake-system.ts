import type { Reader, ReaderOptions, Snapshot, System, SystemId } from "../../src/systems/system.ts";
import { snapshotOf } from "./snapshot.ts";

/** A job system that says what a test wants. */
export interface FakeSystem extends System {
  /** What the next read gives. */
  next: () => Promise<Snapshot>;
  /** Whether it is there to be detected. */
  present: boolean;
  /** What its readers save. */
  memory: unknown;
  /** What a reader was last told to take up again. */
  restored: unknown;
  /** With what readers were opened, in order. */
  readonly opened: ReaderOptions[];
}

export function fakeSystem(id: SystemId): FakeSystem {
  const system: FakeSystem = {
    id,
    title: id,
    defaultPrefix: "",
    commands: [],
    restored: undefined,
    memory: { mark: 7 },
    present: true,
    opened: [],
    keyPatterns: () => [],
    detect: async () => (system.present ? { system: id, prefix: "", title: id } : undefined),
    next: async () => snapshotOf({ system: id }),
    open: (_, options): Reader => {
      system.opened.push(options);
      return {
        read: () => system.next(),
        save: () => system.memory,
        restore: (state) => void (system.restored = state),
      };
    },
  };
  return system;
}
