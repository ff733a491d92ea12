import type { Environment } from "./references.ts";

/** One environment variable that is read besides those that the config refers to. */
export interface Variable {
  readonly name: string;
  /** The setting that it stands for, where the config file says nothing of it. */
  readonly setting: string;
  readonly help: string;
}

const milliseconds = (text: string): unknown => (/^\d+$/.test(text) ? `${text}ms` : text);

/** Settings of the one OTLP destination that the environment can describe: by OpenTelemetry's names, the metrics' own first. */
const otlpSettings: Record<string, { path: readonly string[]; read: (text: string) => unknown }> = {
  HEADERS: { path: ["headers"], read: readPairs },
  PROTOCOL: { path: ["protocol"], read: (text) => text },
  COMPRESSION: { path: ["compression"], read: (text) => text },
  TIMEOUT: { path: ["timeout"], read: milliseconds },
  CERTIFICATE: { path: ["tls", "ca_file"], read: (text) => text },
  CLIENT_CERTIFICATE: { path: ["tls", "certificate_file"], read: (text) => text },
  CLIENT_KEY: { path: ["tls", "key_file"], read: (text) => text },
};

const prefix = "OTEL_EXPORTER_OTLP_";

/** All that is read; the table in the README comes from here. */
export const variables: readonly Variable[] = [
  {
    name: "QUEUEWATCH_CONFIG",
    setting: "–",
    help: "Path of the config file; default: `queuewatch.yaml`, if there is one.",
  },
  {
    name: "REDIS_URL",
    setting: "`targets[0].redis`",
    help: "The one target, called `default`, if the config file names none.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    setting: "`export.otlp[0].endpoint`",
    help: "Where to push, if the config file names no destination.",
  },
  {
    name: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    setting: "`export.otlp[0].metrics_endpoint`",
    help: "The same as a whole URL; wins.",
  },
  ...Object.entries(otlpSettings).map(([name, { path }]) => ({
    name: `${prefix}${name}`,
    setting: `\`export.otlp[0].${path.join(".")}\``,
    help: `Of that destination; \`${prefix}METRICS_${name}\` wins.`,
  })),
  {
    name: "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    setting: "`export.otlp[0].temporality`",
    help: "`cumulative` or `delta`; `lowmemory` is refused.",
  },
  { name: "OTEL_METRIC_EXPORT_INTERVAL", setting: "`interval`", help: "In milliseconds." },
  { name: "OTEL_METRIC_EXPORT_TIMEOUT", setting: "`export.otlp[0].timeout`", help: "In milliseconds." },
  {
    name: "OTEL_RESOURCE_ATTRIBUTES",
    setting: "`resource_attributes`",
    help: "`name=value,…`; `deployment.environment.name` sets `environment`.",
  },
  { name: "OTEL_SERVICE_NAME", setting: '`resource_attributes["service.name"]`', help: "Default: `queuewatch`." },
];

/** What the environment says, as a config; and which variable said what, by path. */
export interface FromEnvironment {
  readonly settings: Record<string, unknown>;
  readonly said: readonly { readonly path: readonly PropertyKey[]; readonly variable: string }[];
}

/** Reads REDIS_URL and the variables of OpenTelemetry; unset and empty are the same, as its specification says. */
export function readEnvironment(environment: Environment): FromEnvironment {
  const reading = new Reading(environment);
  reading.take("REDIS_URL", ["targets", 0, "redis"]);
  if (reading.said.length > 0) setAt(reading.settings, ["targets", 0, "name"], "default");
  reading.take("OTEL_METRIC_EXPORT_INTERVAL", ["interval"], milliseconds);
  reading.take("OTEL_RESOURCE_ATTRIBUTES", ["resource_attributes"], readPairs);
  reading.take("OTEL_SERVICE_NAME", ["resource_attributes", "service.name"]);
  const environmentName = readPairs(environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "")["deployment.environment.name"];
  if (environmentName) reading.put("OTEL_RESOURCE_ATTRIBUTES", ["environment"], environmentName);
  const url = reading.firstOf([`${prefix}METRICS_ENDPOINT`, `${prefix}ENDPOINT`]);
  if (url !== undefined) readOtlp(reading, url);
  return reading;
}

function readOtlp(reading: Reading, url: string): void {
  const otlp = ["export", "otlp", 0] as const;
  reading.take(url, [...otlp, url === `${prefix}ENDPOINT` ? "endpoint" : "metrics_endpoint"]);
  reading.take("OTEL_METRIC_EXPORT_TIMEOUT", [...otlp, "timeout"], milliseconds);
  reading.take(`${prefix}METRICS_TEMPORALITY_PREFERENCE`, [...otlp, "temporality"], (text) => text.toLowerCase());
  for (const [name, { path, read }] of Object.entries(otlpSettings)) {
    const variable = reading.firstOf([`${prefix}METRICS_${name}`, `${prefix}${name}`]);
    if (variable !== undefined) reading.take(variable, [...otlp, ...path], read);
  }
}

class Reading implements FromEnvironment {
  readonly settings: Record<string, unknown> = {};
  readonly said: { path: readonly PropertyKey[]; variable: string }[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  firstOf(names: readonly string[]): string | undefined {
    return names.find((name) => (this.#environment[name] ?? "") !== "");
  }

  take(variable: string, path: readonly PropertyKey[], read: (text: string) => unknown = (text) => text): void {
    const text = this.#environment[variable] ?? "";
    if (text !== "") this.put(variable, path, read(text));
  }

  put(variable: string, path: readonly PropertyKey[], value: unknown): void {
    this.said.push({ path, variable });
    setAt(this.settings, path, value);
  }
}

/** Puts a value into nested objects and lists, which are made where they are missing. */
function setAt(root: object, path: readonly PropertyKey[], value: unknown): void {
  let node = root;
  path.slice(0, -1).forEach((step, index) => {
    const next: unknown = Reflect.get(node, step);
    const made = typeof next === "object" && next !== null ? next : typeof path[index + 1] === "number" ? [] : {};
    Reflect.set(node, step, made);
    node = made;
  });
  const last = path.at(-1);
  if (last !== undefined) Reflect.set(node, last, value);
}

/** `name=value,name=value`, percent-encoded, as W3C Baggage writes it. What is no pair is left out. */
function readPairs(text: string): Record<string, string> {
  const pairs = text.split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 ? [[decode(pair.slice(0, at)), decode(pair.slice(at + 1))] as const] : [];
  });
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim();
  }
}
