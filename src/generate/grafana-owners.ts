import { createHash } from "node:crypto";
import { queueLabels } from "../../alerting/scopes.ts";
import { queueInfo } from "../catalogue/jobqueue.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { and, anyOf, type Expr, on, render, select, unless } from "../promql/promql.ts";
import type { Alert } from "./alert.ts";
import type { RenderedLevel } from "./rendered-alert.ts";
import { contactsFor, contactsOfOwner, ownedQueues, receiverName } from "./routing.ts";

/** One of the rules that a level of an alert becomes in Grafana, where a rule names one receiver. */
export interface RuleShare {
  readonly uid: string;
  readonly title: string;
  readonly expr: string;
  readonly contacts: readonly string[];
}

/**
 * The level for everybody and, for alerts of queues, once more for each owner whom other contacts serve. Which queue is
 * whose is asked of `jobqueue.queue.info`, as the agent exports it: a queue that it gives no owner, or that it no longer
 * knows, stays with everybody, so that no alert is lost between the rules.
 */
export function ruleShares(alert: Alert, level: RenderedLevel, config: GeneratorConfig): RuleShare[] {
  const name = `${alert.name} (${level.severity}${level.labels["escalated"] === undefined ? "" : ", standing"}`;
  const general = {
    uid: level.uid,
    title: `${name})`,
    contacts: contactsFor(config.alerting, level.severity, alert.team),
  };
  const owners = ownersApart(alert, level, config);
  if (owners.length === 0) return [{ ...general, expr: level.expr }];
  const value: Expr<(typeof queueLabels)[number]> = level.query;
  const matching = on(...queueLabels);
  return [
    { ...general, expr: render(unless(value, select(queueInfo, { team: anyOf(owners) }), matching)) },
    ...owners.map((owner) => ({
      uid: ownerUid(level.uid, owner),
      title: `${name}, ${owner})`,
      expr: render(and(value, select(queueInfo, { team: owner }), matching)),
      contacts: contactsOfOwner(config.alerting, owner, level.severity),
    })),
  ];
}

/** Owners of queues who are told by other contacts than everybody is. */
function ownersApart(alert: Alert, { severity }: RenderedLevel, config: GeneratorConfig): string[] {
  if (alert.team !== "operations" || !alert.labels.includes("queue")) return [];
  const everybody = receiverName(contactsFor(config.alerting, severity, alert.team));
  const owners = ownedQueues(config).flatMap(({ owner }) => (owner === undefined ? [] : [owner]));
  return [...new Set(owners)].filter(
    (owner) => receiverName(contactsOfOwner(config.alerting, owner, severity)) !== everybody,
  );
}

/** At most 40 characters, whatever the owner is called, and the same for ever. */
function ownerUid(uid: string, owner: string): string {
  return `qw-team-${createHash("sha256").update(`${uid}\n${owner}`).digest("hex").slice(0, 24)}`;
}
