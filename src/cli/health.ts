import { readFile } from "node:fs/promises";
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { loadOwnConfig } from "../config/load.ts";
import type { ServerConfig } from "../config/schema.ts";
import { secretSource } from "../config/secret-file.ts";
import { QueuewatchError } from "../errors.ts";
import { printable } from "../self/printable.ts";
import { systemReason } from "../self/system-error.ts";
import { usage } from "./args.ts";
import { configOption, exitCodes, type Args, type Command, type Io } from "./command.ts";

const timeoutMs = 5_000;
const maxAnswer = 2_000;

async function run(args: Args, io: Io): Promise<number> {
  const path = args.flag("live") ? "/livez" : "/readyz";
  const url = args.text("url");
  const target = url === undefined ? await fromConfig(args, io) : { url: baseUrl(url), options: {} };
  const { status, body } = await ask(new URL(path, target.url), target.options, io.signal);
  if (status !== 200) throw new QueuewatchError("UNHEALTHY", `${path} answered ${status}: ${firstLine(body)}`);
  io.out(`${firstLine(body)}\n`);
  return exitCodes.ok;
}

function baseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && ["http:", "https:"].includes(url.protocol)) return url;
  throw usage(command, "--url is no http:// or https:// URL");
}

/** Where the agent of this config listens, as seen from its own machine. */
async function fromConfig(args: Args, io: Io): Promise<{ url: URL; options: RequestOptions }> {
  // What is watched does not matter here: without a config the agent listens at its default address.
  const env = { ...io.env, REDIS_URL: io.env["REDIS_URL"] || "redis://localhost" };
  const { config } = await loadOwnConfig({ file: args.text("config"), env });
  const server = config.export.prometheus;
  if (!server)
    throw new QueuewatchError("UNHEALTHY", "the agent serves no HTTP", {
      action: "Remove `prometheus: false` from the config.",
    });
  return serverAddress(server);
}

async function serverAddress(server: ServerConfig): Promise<{ url: URL; options: RequestOptions }> {
  const everywhere = /^(?:0\.0\.0\.0|\[::\]|\*)(?=:\d+$)/;
  const host = server.listen.replace(everywhere, "127.0.0.1");
  const headers = await authorization(server);
  if (!server.tls) return { url: new URL(`http://${host}`), options: { headers } };
  // The certificate is the agent's own, from the same config, and names a public host: it is trusted as it is.
  const certificate = await readFile(server.tls.certificate_file, "utf8").catch((error: unknown) => {
    throw new QueuewatchError("UNHEALTHY", `the server's certificate cannot be read: ${systemReason(error)}`);
  });
  const options = { headers, ca: certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
  return { url: new URL(`https://${host}`), options };
}

async function authorization(server: ServerConfig): Promise<Record<string, string>> {
  const { basic_auth: basic } = server;
  const bearer = await secretSource(server.bearer_token, server.bearer_token_file)?.current();
  if (bearer) return { authorization: `Bearer ${bearer.reveal()}` };
  const password = basic && (await secretSource(basic.password, basic.password_file)?.current());
  if (!basic || !password) return {};
  return { authorization: `Basic ${Buffer.from(`${basic.username}:${password.reveal()}`).toString("base64")}` };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(url: URL, options: RequestOptions, signal: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  return new Promise((resolve, reject) => {
    const all: RequestOptions = { ...options, signal: limit };
    const sent: ClientRequest = url.protocol === "https:" ? httpsRequest(url, all) : httpRequest(url, all);
    sent.on("error", (error) =>
      reject(new QueuewatchError("UNHEALTHY", `no answer from ${url.host}: ${systemReason(error)}`, { cause: error })),
    );
    sent.on("response", (response) => void readAnswer(response).then(resolve, reject));
    sent.end();
  });
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let body = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length > maxAnswer) break;
  }
  return { status: response.statusCode ?? 0, body };
}

function firstLine(body: string): string {
  return printable(body.trim().split("\n")[0] ?? "", 300) || "(no text)";
}

export const command: Command = {
  name: "health",
  summary: "Ask the running agent whether it is well; for container probes.",
  options: {
    url: { value: "URL", help: "Of the agent; default: where the config lets it listen." },
    live: { help: "Ask only whether it runs (/livez), not whether it is ready (/readyz)." },
    ...configOption,
  },
  examples: [
    ["queuewatch health", "Exit code 0 when the agent on this machine is ready."],
    ["queuewatch health --live --url http://127.0.0.1:9464", "Exit code 0 when an agent runs there."],
  ],
  run,
};
