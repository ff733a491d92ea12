import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { defaultResource, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import type { Config } from "../config/schema.ts";

/** The namespace that OpenTelemetry's conventions give for names of service instances. */
const instanceNamespace = "4d63009a-8d0f-11ee-aad7-4c796ed8e320";

/**
 * Who sends: the agent, whatever it watches. The instance id is stable: it is made of what the agent watches and the host
 * that it runs on. Whatever the config (or OTEL_RESOURCE_ATTRIBUTES) says wins.
 */
export function agentResource(config: Config, version: string, host = hostname()): Resource {
  const { environment, resource_attributes: given, targets } = config;
  const watched = [environment ?? "", ...targets.map(({ name }) => name).toSorted()].join("\n");
  const ours = resourceFromAttributes({
    "service.name": "queuewatch",
    "service.version": version,
    "service.instance.id": uuidV5(instanceNamespace, `${watched}\n${host}`),
    ...(environment === undefined ? {} : { "deployment.environment.name": environment }),
    ...given,
  });
  return defaultResource().merge(ours);
}

/** A UUID of version 5 (RFC 9562, 5.5): the same for the same name, always. */
export function uuidV5(namespace: string, name: string): string {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
