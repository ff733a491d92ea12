import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { program } from "../programs.ts";

/** What the tests look at in a Kubernetes object. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** The kinds of the manifests, in order; fails where Kubernetes with strict field validation would refuse one. */
export async function acceptedManifests(yaml: string): Promise<string[]> {
  const child = spawn(await program("check-manifests"), { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(yaml);
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  assert.equal(code, 0, printed);
  return printed.trim().split("\n");
}

interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly containers: readonly Readonly<Record<string, unknown>>[];
}

const confined = {
  runAsNonRoot: true,
  runAsUser: 65_532,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

/** The agent's pod of a Deployment: no root, no rights, a read-only root, probes, and limits. */
export function checkConfined(deployment: Manifest): void {
  const { template } = deployment.spec as { template: { spec: PodSpec } };
  const pod = template.spec;
  const agent = pod.containers.find(({ name }) => name === "queuewatch");
  assert.ok(agent);
  const { securityContext: own, resources, livenessProbe, image } = agent;
  const context = { ...pod.securityContext, ...(own as object) };
  assert.deepEqual({ ...context, ...confined }, context);
  const { requests, limits } = resources as Record<"requests" | "limits", Record<string, string>>;
  assert.ok(requests["cpu"] && requests["memory"] && limits["memory"]);
  assert.ok(livenessProbe);
  assert.match(String(image), /:\d+\.\d+\.\d+$/);
}
