// Draws every generated dashboard in a real browser, over a Prometheus that holds a made-up world.
// node draw.mjs [--all] [name …]: all themes and widths, or only the pictures of the README.
import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { generateDashboards } from "../../src/generate/grafana-dashboard.ts";
import { startPrometheus } from "../support/prometheus.ts";
import { fill, usualSpans } from "../support/sample-world.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: "boolean", default: false }, prometheus: { type: "string" } },
});
const here = import.meta.dirname;
const built = join(here, "dist");
const published = join(here, "../../dashboards/pictures");
const others = join(here, "out");
const inReadme = new Set(["overview", "queue", "threats"]);
const types = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html" };

const dashboards = new Map(
  generateDashboards({ interval: 30 })
    .filter(({ path }) => path.endsWith(".json"))
    .map(({ path, text }) => [path, text]),
);
/** Seconds for which the world goes on while it is drawn. */
const drawingTakes = 300;
const started = options.prometheus === undefined ? await startPrometheus() : undefined;
const prometheus = started?.url ?? options.prometheus;
if (started) await fill(prometheus, { end: Math.floor(Date.now() / 1000) + drawingTakes }, usualSpans);

const server = createServer((request, response) => {
  const { pathname, search } = new URL(request.url, "http://localhost");
  if (pathname.startsWith("/prometheus/")) return void forward(`${prometheus}${pathname.slice(11)}${search}`, response);
  const dashboard = dashboards.get(pathname.slice("/dashboards/".length));
  if (dashboard !== undefined) return void response.end(dashboard);
  const file = join(built, pathname === "/" ? "index.html" : pathname);
  if (!file.startsWith(built) || !existsSync(file)) return void response.writeHead(404).end();
  response.setHeader("content-type", types[/\.\w+$/.exec(file)?.[0] ?? ""] ?? "application/octet-stream");
  createReadStream(file).pipe(response);
});
await new Promise((resolve) => {
  server.listen(0, "127.0.0.1", resolve);
});
const page = `http://127.0.0.1:${server.address().port}/`;

async function forward(url, response) {
  const answer = await fetch(url);
  response.writeHead(answer.status, { "content-type": "application/json" });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

/** Height of a dashboard in pixels: rows of the grid, and the title and the variables above. */
function heightOf(path) {
  const rows = JSON.parse(dashboards.get(path)).panels.map(({ gridPos: { y, h } }) => y + h);
  return Math.max(...rows) * 38 + 110;
}

async function draw(browser, { name, theme, width, file }) {
  const window = await browser.newPage({ viewport: { width, height: heightOf(`${name}.json`) } });
  window.on("pageerror", (error) => process.stderr.write(`${name}: ${error.stack}\n`));
  const query = new URLSearchParams({
    dashboard: name,
    theme,
    ...(name === "queue" ? { "var-queue": "mailers", "var-target": "shop" } : {}),
  });
  await window.goto(`${page}?${query}`);
  await window.waitForLoadState("networkidle");
  await window.waitForTimeout(1_500);
  const errors = await window.evaluate(() => globalThis.pictureErrors ?? []);
  for (const error of errors) process.stderr.write(`${name}: ${error}\n`);
  await window.screenshot({ path: file });
  await window.close();
  process.stdout.write(`${file}\n`);
  return errors.length;
}

const names = positionals.length > 0 ? positionals : [...dashboards.keys()].map((path) => path.replace(".json", ""));
const looks = [
  { theme: "dark", width: 1_400 },
  { theme: "light", width: 1_400 },
  { theme: "dark", width: 2_560 },
];
const pictures = options.all
  ? names.flatMap((name) =>
      looks.map((look) => ({ name, ...look, file: join(others, `${name}-${look.theme}-${look.width}.png`) })),
    )
  : names
      .filter((name) => inReadme.has(name))
      .map((name) => ({ name, theme: "dark", width: 1_400, file: join(published, `${name}.png`) }));

mkdirSync(options.all ? others : published, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
let faults = 0;
try {
  for (const picture of pictures) faults += await draw(browser, picture);
} finally {
  await browser.close();
  server.close();
  await started?.stop();
}
process.exitCode = faults > 0 ? 1 : 0;
