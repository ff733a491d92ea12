// Grafana's heatmap is not on npm: the same cells, drawn simply.
import { getValueFormat } from "@grafana/data";
import { useEffect, useRef } from "react";

const left = 56;
const bottom = 22;

export function Heatmap({ data, width, height, timeRange, theme, unit }) {
  const canvas = useRef(null);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, { data, width, height, timeRange, theme, unit });
  }, [data, width, height, timeRange, theme, unit]);
  return <canvas ref={canvas} width={width * 2} height={height * 2} style={{ width, height }} />;
}

function draw(canvas, { data, width, height, timeRange, theme, unit }) {
  const context = canvas.getContext("2d");
  context.setTransform(2, 0, 0, 2, 0, 0);
  context.clearRect(0, 0, width, height);
  const rows = bucketRows(data.series);
  if (rows.length === 0) return;
  const largest = Math.max(...rows.flatMap(({ cells }) => cells.map(([, count]) => count)), 1e-9);
  const [begin, end] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const rowHeight = (height - bottom) / rows.length;
  const step = (rows[0].cells[1]?.[0] ?? end) - rows[0].cells[0][0];
  const x = (time) => left + ((time - begin) / (end - begin)) * (width - left);
  const cellWidth = Math.max(1, x(begin + step) - x(begin) - 0.5);
  rows.forEach(({ cells, bound }, index) => {
    const y = height - bottom - (index + 1) * rowHeight;
    for (const [time, count] of cells) {
      if (count <= 0) continue;
      context.fillStyle = theme.visualization.getColorByName("orange");
      context.globalAlpha = Math.min(1, 0.08 + 0.92 * Math.sqrt(count / largest));
      context.fillRect(x(time), y, cellWidth, rowHeight - 1);
    }
    context.globalAlpha = 1;
    if (index % Math.ceil(rows.length / 9) === 0) label(context, theme, formatted(bound, unit), [4, y + 4]);
  });
  for (let index = 0; index < 6; index += 1) {
    const time = begin + ((end - begin) * (index + 0.5)) / 6;
    label(context, theme, new Date(time).toTimeString().slice(0, 5), [x(time) - 14, height - 6]);
  }
}

function label(context, theme, text, [x, y]) {
  context.fillStyle = theme.colors.text.secondary;
  context.font = "12px Inter, Helvetica, Arial, sans-serif";
  context.fillText(text, x, y);
}

function formatted(bound, unit) {
  if (!Number.isFinite(bound)) return "+Inf";
  const { text, suffix } = getValueFormat(unit)(bound);
  return `${text}${suffix ?? ""}`;
}

/** Cumulative buckets become counts of their own, from the lowest bound to the highest. */
function bucketRows(series) {
  const sorted = series
    .map(({ fields: [times, values] }) => ({
      bound: values.labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(values.labels.le),
      times: times.values,
      counts: values.values,
    }))
    .toSorted((a, b) => a.bound - b.bound);
  return sorted.map(({ bound, times, counts }, index) => {
    const below = new Map(sorted[index - 1]?.times.map((time, at) => [time, sorted[index - 1].counts[at]]));
    return { bound, cells: times.map((time, at) => [time, counts[at] - (below.get(time) ?? 0)]) };
  });
}
