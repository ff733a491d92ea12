// A data source that asks a real Prometheus and gives frames as Grafana's own does.
import { FieldType } from "@grafana/data";
import { RuntimeDataSource, sceneUtils } from "@grafana/scenes";
import { from } from "rxjs";

const base = "/prometheus/api/v1";
export const reference = { type: "prometheus", uid: "prometheus" };

async function ask(path, parameters) {
  const response = await fetch(`${base}/${path}?${new URLSearchParams(parameters)}`);
  const answer = await response.json();
  if (answer.status !== "success") throw new Error(answer.error);
  return answer.data;
}

const seconds = (text) => Number.parseFloat(text ?? "15");

export class Prometheus extends RuntimeDataSource {
  constructor(interpolate) {
    super("prometheus", "prometheus");
    this.interpolate = interpolate;
  }

  query(request) {
    const targets = request.targets.filter(({ hide }) => !hide);
    return from(
      Promise.all(targets.map((target) => this.one(target, request))).then((frames) => ({ data: frames.flat() })),
    );
  }

  async one(target, request) {
    const [begin, end] = [request.range.from.unix(), request.range.to.unix()];
    const least = seconds(target.interval ?? request.interval);
    const step = Math.max(least, Math.ceil((end - begin) / (request.maxDataPoints ?? 1_000)));
    const expr = this.interpolate(target.expr, request.scopedVars)
      .replaceAll("$__rate_interval", `${Math.max(step + 30, 4 * 30)}s`)
      .replaceAll("$__interval", `${step}s`)
      .replaceAll("$__range", `${end - begin}s`);
    const parameters = target.instant ? { query: expr, time: end } : { query: expr, start: begin, end, step };
    const { result } = await ask(target.instant ? "query" : "query_range", parameters);
    if (target.format === "table") return [tableFrame(result, target.refId, request.targets.length)];
    return result.map((series) => seriesFrame(series, target));
  }

  async metricFindQuery({ query }) {
    const text = this.interpolate(typeof query === "string" ? query : query.query);
    const [, match, label] = /^label_values\((.*), (\w+)\)$/.exec(text);
    return (await ask(`label/${label}/values`, { "match[]": match })).map((value) => ({ text: value }));
  }
}

function seriesFrame({ metric, value, values }, { refId, legendFormat, format }) {
  const points = values ?? [value];
  const name = (legendFormat ?? "").replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? "");
  return {
    refId,
    name,
    meta: { custom: { format } },
    fields: [
      { name: "Time", type: FieldType.time, config: {}, values: points.map(([time]) => time * 1000) },
      {
        name: "Value",
        type: FieldType.number,
        labels: metric,
        config: name === "" ? {} : { displayNameFromDS: name },
        values: points.map(([, text]) => Number(text)),
      },
    ],
  };
}

function tableFrame(result, refId, queries) {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].toSorted();
  const column = (name, type, valueOf) => ({ name, type, config: {}, values: result.map(valueOf) });
  return {
    refId,
    fields: [
      column("Time", FieldType.time, ({ value: [time] }) => time * 1000),
      ...labels.map((label) => column(label, FieldType.string, ({ metric }) => metric[label] ?? "")),
      column(queries > 1 ? `Value #${refId}` : "Value", FieldType.number, ({ value: [, text] }) => Number(text)),
    ],
  };
}

export function register(interpolate) {
  sceneUtils.registerRuntimeDataSource({ dataSource: new Prometheus(interpolate) });
}
