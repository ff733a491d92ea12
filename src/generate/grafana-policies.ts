import type { AlertingConfig } from "../config/alerting-schema.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import type { Severity, Team } from "./alert.ts";
import { literal } from "./grafana-contacts.ts";
import { contactsFor, contactsOfOwner, mutingFor, nobody, ownedQueues, receiverName } from "./routing.ts";

/** A tree needs a receiver at every place: Grafana's own default one where we have none. */
const someReceiver = "grafana-default-email";
const severities: readonly Severity[] = ["critical", "warning", "info", "none"];

/**
 * The organisation's policy tree. Every contact has a route of its own for all the severities that it is sent alike, and
 * groups by the alert's name, which its levels share: a warning and its critical level make one notification. (Rules
 * with settings of their own cannot: Grafana always groups those by title too.)
 */
export function policyTree(config: GeneratorConfig): object {
  const { alerting } = config;
  const owned = ownedQueues(config).map(({ target, pattern, owner }) => ({
    receiver: someReceiver,
    object_matchers: [...ofTeam("operations"), ["target", "=", literal(target)], ["queue", "=~", literal(pattern)]],
    routes: contactRoutes(alerting, "operations", (severity) => contactsOfOwner(alerting, owner, severity)),
  }));
  const general = (["operations", "security"] as const).map((team) => ({
    receiver: someReceiver,
    object_matchers: ofTeam(team),
    routes: contactRoutes(alerting, team, (severity) => contactsFor(alerting, severity, team)),
  }));
  return {
    orgId: 1,
    receiver: literal(rootReceiver(alerting)),
    group_by: ["grafana_folder", "alert", "environment", "target"],
    group_wait: "30s",
    group_interval: "5m",
    repeat_interval: `${alerting.repeat}s`,
    routes: [...owned, ...general],
  };
}

/** Names of the contacts that the tree sends to one by one. */
export function contactsOfTree(config: GeneratorConfig): string[] {
  const { alerting } = config;
  const sets = severities.flatMap((severity) => [
    contactsFor(alerting, severity, "operations"),
    contactsFor(alerting, severity, "security"),
    ...Object.keys(alerting.routes.teams).map((owner) => contactsOfOwner(alerting, owner, severity)),
  ]);
  return [...new Set(sets.flat())].toSorted();
}

/** The receiver of all that is not ours: an organisation has one tree. */
export function rootReceiver(alerting: AlertingConfig): string {
  const name = receiverName(contactsFor(alerting, "critical", "operations"));
  return name === nobody ? someReceiver : name;
}

type Matcher = readonly [label: string, operator: "=" | "=~", value: string];

function ofTeam(team: Team): Matcher[] {
  return [
    ["app", "=", "queuewatch"],
    ["team", "=", team],
  ];
}

/** A route for each contact and each way in which it is sent them; `continue` lets the next contact have the alert too. */
function contactRoutes(
  config: AlertingConfig,
  team: Team,
  contactsOf: (severity: Severity) => readonly string[],
): object[] {
  const routes = new Map<
    string,
    { readonly contact: string; readonly severities: Severity[]; readonly delivery: object }
  >();
  for (const severity of severities)
    for (const contact of contactsOf(severity)) {
      const delivery = deliverySettings(config, severity, team);
      const key = JSON.stringify([contact, delivery]);
      const route = routes.get(key) ?? { contact, severities: [], delivery };
      if (!route.severities.includes(severity)) route.severities.push(severity);
      routes.set(key, route);
    }
  return [...routes.values()].map((route) => ({
    receiver: literal(receiverName([route.contact])),
    object_matchers: [["severity", "=~", route.severities.join("|")]],
    continue: true,
    ...route.delivery,
  }));
}

/** When a route, or a rule with settings of its own, sends nothing; the dead man's switch has to be heard often. */
export function deliverySettings(config: AlertingConfig, severity: Severity, team: Team): object {
  const { muted, active } = mutingFor(config, severity, team);
  if (severity === "none") return { group_wait: "0s", repeat_interval: "5m" };
  return {
    ...(muted.length === 0 ? {} : { mute_time_intervals: muted.map(literal) }),
    ...(active.length === 0 ? {} : { active_time_intervals: active.map(literal) }),
  };
}
