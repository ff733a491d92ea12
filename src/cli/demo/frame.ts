import type { World } from "../../demo/world.ts";
import { printable } from "../../self/printable.ts";
import { shortBytes, type Paint } from "../terminal.ts";
import type { History } from "./history.ts";
import type { Readings } from "./readings.ts";
import type { Arrived } from "./receiver.ts";
import { readingsView } from "./view.ts";

/** What stands around the live table. */
export interface Frame {
  readonly version: string;
  readonly speed: number;
  /** Undefined where a Redis of the user's own is watched. */
  readonly world: World | undefined;
  /** What the demo's own receiver got; undefined where there is none. */
  readonly arrived: Readonly<Arrived> | undefined;
  /** Where else it is pushed to, as the config says. */
  readonly destinations: readonly string[];
  readonly metrics: { readonly url: string; readonly moved: boolean } | undefined;
  /** Lines of the agent's log. */
  readonly notices: readonly string[];
}

interface Shown {
  readonly readings: Readings;
  readonly history: History;
  readonly paint: Paint;
}

const maxIncidents = 5;
const maxLine = 140;

/** One picture of the demo, as text. */
export function frameText(frame: Frame, { readings, history, paint }: Shown): string {
  const parts = [
    title(frame, readings, paint),
    readingsView(readings, history, paint),
    incidentLines(frame.world, paint),
    outputLines(frame, paint),
    frame.notices.map((notice) => paint("dim", `${printable(notice.trimEnd(), maxLine)}\n`)).join(""),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function title({ version, speed, world }: Frame, { timeMs }: Readings, paint: Paint): string {
  const parts = [paint("bold", `queuewatch ${version}`), `${clock(timeMs)} UTC`];
  if (world) {
    const minutes = Math.floor(world.timeOfDay() * 1_440);
    const day = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
    parts.push(`a simulated shop with Sidekiq, where it is ${day}`, `${speed} times as fast`);
  } else parts.push("the Redis of REDIS_URL, read-only");
  return `${parts.join(" · ")}\n`;
}

/** What happens in the world, in words: what the numbers above should show. */
function incidentLines(world: World | undefined, paint: Paint): string {
  if (!world) return "";
  const lines = world
    .incidents()
    .slice(-maxIncidents)
    .map(({ atMs, untilMs, text }) => {
      const now = world.now() < untilMs;
      return `${clock(atMs)}  ${now ? paint("yellow", text) : paint("dim", text)}\n`;
    });
  return lines.length === 0 ? `${paint("dim", "Nothing has gone wrong yet: that will not last.")}\n` : lines.join("");
}

function outputLines({ arrived, destinations, metrics, world }: Frame, paint: Paint): string {
  const lines: string[] = [];
  if (metrics) lines.push(line("open", `${metrics.url}${metrics.moved ? " (9464 is taken)" : ""}`, paint));
  if (arrived)
    lines.push(
      line("push", `OTLP, to a receiver of this demo: ${countsOf(arrived)}`, paint),
      line("", "elsewhere: OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 npm start", paint),
    );
  else
    lines.push(
      line(
        "push",
        destinations.length > 0
          ? `OTLP, to ${destinations.map(hostOf).join(", ")}`
          : "nothing: set OTEL_EXPORTER_OTLP_ENDPOINT",
        paint,
      ),
    );
  if (world) lines.push(line("next", "your own, read-only: REDIS_URL=redis://localhost:6379/0 npm start", paint));
  else lines.push(line("next", "as a service: npm run -s queuewatch -- run", paint));
  return lines.join("");
}

function countsOf({ requests, points, bytes }: Readonly<Arrived>): string {
  return `${requests} requests, ${points} points, ${shortBytes(bytes)}`;
}

/** An endpoint may carry credentials. */
function hostOf(endpoint: string): string {
  return URL.parse(endpoint)?.host ?? endpoint;
}

function line(name: string, text: string, paint: Paint): string {
  return `${paint("dim", name.padEnd(7))} ${text}\n`;
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
