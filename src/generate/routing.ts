import type { AlertingConfig } from "../config/alerting-schema.ts";
import { compileGlob } from "../config/glob.ts";
import type { GeneratorConfig } from "../config/schema.ts";
import { escapeRegex } from "../promql/promql.ts";
import type { Severity, Team } from "./alert.ts";

/** Who is told what, the same for Grafana and Alertmanager. */

/** The receiver of what no route names: nothing is sent, and the alert is still seen on the dashboards. */
export const nobody = "queuewatch-nobody";

const severities = ["critical", "warning", "info"] as const;

/** The contacts for a severity and team; security's come from `threat`, and from the severity's where there is none. */
export function contactsFor(config: AlertingConfig, severity: Severity, team: Team): readonly string[] {
  if (config.shadow !== undefined) return severity === "none" ? (config.routes.watchdog ?? []) : [config.shadow];
  const { routes } = config;
  if (severity === "none") return routes.watchdog ?? [];
  return team === "security" ? (routes.threat ?? routes[severity] ?? []) : (routes[severity] ?? []);
}

/** The contacts of a team that owns queues; what it does not say, and what nobody owns, is as for everybody. */
export function contactsOfOwner(
  config: AlertingConfig,
  owner: string | undefined,
  severity: Severity,
): readonly string[] {
  const own = owner === undefined ? undefined : config.routes.teams[owner];
  const named = severity === "none" ? undefined : own?.[severity];
  return config.shadow === undefined && named !== undefined ? named : contactsFor(config, severity, "operations");
}

/** The queues of one entry of a target's config, and who is told of them instead of everybody, if somebody is. */
export interface OwnedQueues {
  readonly target: string;
  /** RE2. */
  readonly pattern: string;
  readonly owner: string | undefined;
}

/**
 * Whose queues are whose, in the order in which the first match counts, as in the config: an entry without an owner
 * stands there too where a later, wider one would else take its queues.
 */
export function ownedQueues({ targets, alerting }: GeneratorConfig): OwnedQueues[] {
  return targets.flatMap((target) => {
    const entries = Object.entries(target.queues).map(([source, { team }]) => ({
      target: target.name,
      pattern: globPattern(source),
      owner: team !== undefined && alerting.routes.teams[team] !== undefined ? team : undefined,
    }));
    return entries.slice(0, entries.findLastIndex(({ owner }) => owner !== undefined) + 1);
  });
}

/** RE2 for a glob of the config. */
export function globPattern(source: string): string {
  const { literal } = compileGlob(source);
  if (literal !== undefined) return escapeRegex(literal);
  return escapeRegex(source).replaceAll("\\*", ".*").replaceAll("\\?", ".");
}

/** A receiver for each set of contacts that a route needs, in a stable order. */
export function receiverName(contacts: readonly string[]): string {
  return contacts.length === 0 ? nobody : `queuewatch-${[...new Set(contacts)].toSorted().join("+")}`;
}

/** Every set of contacts that is needed, by the receiver's name. */
export function receivers(config: AlertingConfig): ReadonlyMap<string, readonly string[]> {
  const sets = [
    [],
    ...severities.flatMap((severity) => [
      contactsFor(config, severity, "operations"),
      contactsFor(config, severity, "security"),
      ...Object.keys(config.routes.teams).map((owner) => contactsOfOwner(config, owner, severity)),
    ]),
    contactsFor(config, "none", "operations"),
  ];
  return new Map(sets.map((contacts) => [receiverName(contacts), [...new Set(contacts)].toSorted()]));
}

/** Names of the times at which a severity and team are muted, and of those at which alone they are sent. */
export interface Muting {
  readonly muted: readonly string[];
  readonly active: readonly string[];
}

export function mutingFor(config: AlertingConfig, severity: Severity, team: Team): Muting {
  const mine = config.mutes.filter(
    (mute) =>
      severity !== "none" && mute.severity.includes(severity) && (mute.team === undefined || mute.team === team),
  );
  return {
    muted: mine.flatMap(({ during }) => (during === undefined ? [] : [during])),
    active: mine.flatMap(({ outside }) => (outside === undefined ? [] : [outside])),
  };
}

type Times = AlertingConfig["times"][string];

/** Times as Alertmanager and Grafana both have them. */
export function timeIntervals(times: Times): object[] {
  return times.map(({ from, to, weekdays, days_of_month, months, years, location }) => ({
    ...(from === undefined && to === undefined
      ? {}
      : { times: [{ start_time: from ?? "00:00", end_time: to ?? "24:00" }] }),
    ...(weekdays === undefined ? {} : { weekdays }),
    ...(days_of_month === undefined ? {} : { days_of_month }),
    ...(months === undefined ? {} : { months }),
    ...(years === undefined ? {} : { years }),
    ...(location === undefined ? {} : { location }),
  }));
}
