import { columns, shortBytes, shortDuration, type Cell, type Paint, type Style } from "../terminal.ts";
import type { History } from "./history.ts";
import type { QueueReading, Readings } from "./readings.ts";

/** More queues than fit are not shown: the ones in trouble are. */
const maxQueues = 14;

/** The live table: queues, jobs, workers. */
export function readingsView(readings: Readings, history: History, paint: Paint): string {
  const shown = new Set(readings.queues.toSorted(byTrouble).slice(0, maxQueues));
  const rows = readings.queues.filter((queue) => shown.has(queue)).map((queue) => rowOf(queue, history));
  const head = ["QUEUE", "SIZE", "LATENCY", "OF PROMISE", "RUNNING", "WORKERS", "LAST 2 MINUTES"];
  const more = readings.queues.length - rows.length;
  return [
    readings.up ? "" : `${paint("red", "Redis cannot be read")}\n`,
    columns(head, rows, paint),
    more > 0 ? paint("dim", `… and ${more} more queues\n`) : "",
    "\n",
    jobsLine(readings, history, paint),
    workersLine(readings, paint),
  ].join("");
}

function byTrouble(a: QueueReading, b: QueueReading): number {
  return (shareOf(b) ?? 0) - (shareOf(a) ?? 0) || b.size - a.size || (a.queue < b.queue ? -1 : 1);
}

/** How much of what is promised at the worst has passed. */
function shareOf({ latency, critical }: QueueReading): number | undefined {
  return latency === undefined || critical === undefined ? undefined : latency / critical;
}

function rowOf(queue: QueueReading, history: History): Cell[] {
  const { size, latency, running, workers } = queue;
  const style = styleOf(queue);
  const share = shareOf(queue);
  return [
    { text: queue.queue, style },
    right(String(size), style),
    right(latency === undefined ? "–" : shortDuration(latency), style),
    right(share === undefined ? "–" : `${Math.round(share * 100)} %`, style),
    right(String(running)),
    right(String(workers), workers === 0 && size > 0 ? "red" : undefined),
    { text: history.line(queue), style: style ?? "dim" },
  ];
}

function styleOf({ latency = 0, warning, critical }: QueueReading): Style | undefined {
  if (critical !== undefined && latency >= critical) return "red";
  return warning !== undefined && latency >= warning ? "yellow" : undefined;
}

function right(text: string, style?: Style): Cell {
  return { text, right: true, style };
}

function jobsLine({ sets }: Readings, history: History, paint: Paint): string {
  const [processed, failed] = [history.rate("processed"), history.rate("failed")];
  const ratio = processed !== undefined && failed !== undefined && processed > 0 ? failed / processed : 0;
  const failures = `${rate(failed)} failed (${(ratio * 100).toFixed(1)} %)`;
  const waiting = [...sets].map(([set, size]) => `${size} ${set}`);
  const parts = [`${rate(processed)} processed`, ratio >= 0.05 ? paint("red", failures) : failures, ...waiting];
  return `${paint("dim", "jobs   ")} ${parts.join(" · ")}\n`;
}

function rate(value: number | undefined): string {
  return value === undefined ? "–" : `${value.toFixed(1)}/s`;
}

function workersLine({ workers, slots, busy, agentMemory }: Readings, paint: Paint): string {
  const count = (state: string): string => `${workers.get(state) ?? 0} ${state}`;
  const lost = (workers.get("lost") ?? 0) > 0 ? paint("red", count("lost")) : count("lost");
  const agent = agentMemory === undefined ? [] : [`this program: ${shortBytes(agentMemory)}`];
  const parts = [count("active"), count("quiet"), lost, `${busy} of ${slots} slots busy`, ...agent];
  return `${paint("dim", "workers")} ${parts.join(" · ")}\n`;
}
