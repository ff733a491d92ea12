import { defineMetric } from "./metric.ts";

export const targetUp = defineMetric({
  name: "queuewatch.target.up",
  kind: "gauge",
  unit: "{target}",
  help: "1 if the last tick read the target, else 0.",
  combine: "max",
});
export const collectionDuration = defineMetric({
  name: "queuewatch.collection.duration",
  kind: "histogram",
  unit: "s",
  help: "How long reading the target took.",
  scope: "agent",
  attributes: ["target"],
  bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
});
export const collectionErrors = defineMetric({
  name: "queuewatch.collection.errors",
  kind: "counter",
  unit: "{error}",
  help: "Errors met while reading the target, by code.",
  scope: "agent",
  attributes: ["target", "error.type"],
});
export const seriesActive = defineMetric({
  name: "queuewatch.series.active",
  kind: "gauge",
  unit: "{series}",
  help: "Series exported for the target; a histogram counts as its buckets and two more.",
  scope: "agent",
  attributes: ["target"],
});
export const seriesDropped = defineMetric({
  name: "queuewatch.series.dropped",
  kind: "counter",
  unit: "{series}",
  help: "Series that were combined into `other` or left out, once for each tick.",
  scope: "agent",
  attributes: ["target", "reason"],
});
export const exportProduced = defineMetric({
  name: "queuewatch.export.produced",
  kind: "counter",
  unit: "{data_point}",
  help: "Data points handed to the destination: delivered + rejected + dropped + queued.",
  scope: "agent",
  attributes: ["destination"],
});
export const exportPoints = defineMetric({
  name: "queuewatch.export.points",
  kind: "counter",
  unit: "{data_point}",
  help: "Data points whose fate is known: delivered, rejected by the receiver, dropped by the agent.",
  scope: "agent",
  attributes: ["destination", "outcome"],
});
export const exportQueued = defineMetric({
  name: "queuewatch.export.queued",
  kind: "gauge",
  unit: "{data_point}",
  help: "Data points waiting in the destination's buffer.",
  scope: "agent",
  attributes: ["destination"],
});
export const configRefused = defineMetric({
  name: "queuewatch.config.last_reload.refused",
  kind: "gauge",
  unit: "{file}",
  help: "Files of the config whose present content is not in force, because something in it is wrong.",
  scope: "agent",
  combine: "max",
});
export const configTime = defineMetric({
  name: "queuewatch.config.last_reload.time",
  kind: "gauge",
  unit: "s",
  help: "When the targets in force were taken up: at the start, or by a reload; Unix time.",
  scope: "agent",
  combine: "min",
});
export const redisCommands = defineMetric({
  name: "queuewatch.redis.commands",
  kind: "counter",
  unit: "{command}",
  help: "Commands that the agent sent to the target's Redis.",
  scope: "agent",
  attributes: ["target"],
});
export const redisReceived = defineMetric({
  name: "queuewatch.redis.received",
  kind: "counter",
  unit: "By",
  help: "Bytes that the agent received from the target's Redis.",
  scope: "agent",
  attributes: ["target"],
});
export const processCpuTime = defineMetric({
  name: "queuewatch.process.cpu.time",
  kind: "counter",
  unit: "s",
  help: "CPU time of the agent.",
  scope: "agent",
});
export const processMemoryUsage = defineMetric({
  name: "queuewatch.process.memory.usage",
  kind: "gauge",
  unit: "By",
  help: "Resident memory of the agent.",
  scope: "agent",
});
export const processUptime = defineMetric({
  name: "queuewatch.process.uptime",
  kind: "gauge",
  unit: "s",
  help: "Time since the agent started.",
  scope: "agent",
  combine: "max",
});
