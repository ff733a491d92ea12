/** One sample of a text exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const nameText = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const sampleText = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const labelText = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(,|$)/;
const suffixes = { gauge: [""], counter: ["_total"], histogram: ["_bucket", "_sum", "_count"] } as const;

/**
 * A strict reader of the formats that we write, by the rules of Prometheus's exposition format 0.0.4 and OpenMetrics 1.0:
 * HELP, TYPE and UNIT before the samples, no family twice, no series twice, buckets cumulative and ending at +Inf.
 */
export function parseExposition(text: string, format: "prometheus" | "openmetrics"): Sample[] {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const lines = text.slice(0, -1).split("\n");
  if (format === "openmetrics" && lines.pop() !== "# EOF") throw new Error("no # EOF");
  const types = new Map<string, keyof typeof suffixes>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  let family = "";
  for (const line of lines) {
    if (line.startsWith("# ")) family = readComment(line, family, types);
    else {
      const sample = readSample(line);
      const type = types.get(family) ?? fail(`a sample before its TYPE: ${line}`);
      const base = format === "prometheus" ? family.replace(/_total$/, "") : family;
      if (!suffixes[type].some((suffix) => `${base}${suffix}` === sample.name)) fail(`not of ${family}: ${line}`);
      const key = line.slice(0, line.lastIndexOf(" "));
      if (seen.has(key)) fail(`twice: ${key}`);
      seen.add(key);
      samples.push(sample);
    }
  }
  checkBuckets(samples);
  return samples;
}

function readComment(line: string, family: string, types: Map<string, keyof typeof suffixes>): string {
  const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE|UNIT) (\S+) (.+)$/.exec(line) ?? fail(`a comment: ${line}`);
  if (!nameText.test(name)) fail(`a name: ${name}`);
  if (keyword === "HELP") return types.has(name) ? fail(`described twice: ${name}`) : name;
  if (name !== family) fail(`${keyword} without HELP: ${line}`);
  if (keyword === "TYPE") types.set(name, typeOf(rest));
  else if (!name.endsWith(`_${rest}`)) fail(`the unit is not in the name: ${line}`);
  return name;
}

function typeOf(text: string): keyof typeof suffixes {
  return text === "gauge" || text === "counter" || text === "histogram" ? text : fail(`a type: ${text}`);
}

function readSample(line: string): Sample {
  const [, name = "", labels = "", number = ""] = sampleText.exec(line) ?? fail(`a sample: ${line}`);
  const value = Number(number);
  if (!Number.isFinite(value)) fail(`a value: ${line}`);
  return { name, labels: readLabels(labels), value };
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [whole, label = "", value = ""] = labelText.exec(rest) ?? fail(`labels: ${text}`);
    if (label in labels) fail(`a label twice: ${text}`);
    labels[label] = value.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function checkBuckets(samples: readonly Sample[]): void {
  const buckets = samples.filter(({ labels }) => "le" in labels);
  const series = Map.groupBy(buckets, ({ labels, name }) => JSON.stringify([name, { ...labels, le: "" }]));
  for (const [key, ordered] of series) {
    if (ordered.at(-1)?.labels["le"] !== "+Inf") fail(`no +Inf: ${key}`);
    for (const [index, { value }] of ordered.entries())
      if (value < (ordered[index - 1]?.value ?? 0)) fail(`buckets fall: ${key}`);
  }
}

function fail(what: string): never {
  throw new Error(`not an exposition: ${what}`);
}
