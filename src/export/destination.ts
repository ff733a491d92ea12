import type { Collection } from "../collect/family.ts";

/** Counts of data points: `produced = delivered + rejected + dropped + queued` at any moment. */
export interface DestinationCounts {
  readonly produced: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly queued: number;
}

/** Where collections go. It never makes the one who offers wait: it buffers, and sends on its own time. */
export interface Destination {
  /** Name in the config, or host of the endpoint: the `destination` attribute. */
  readonly name: string;
  offer(collection: Collection): void;
  readonly counts: DestinationCounts;
  /** Sends what is queued until nothing is left or `signal` aborts; then stops for good. */
  close(signal: AbortSignal): Promise<void>;
}
