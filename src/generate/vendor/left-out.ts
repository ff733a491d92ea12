import type { AlertingConfig } from "../../config/alerting-schema.ts";

/** Settings of `alerting` that the config gives and that no vendor's monitor carries: a sentence each, and what to do instead. */
export function leftOutSettings(alerting: AlertingConfig): string[] {
  const { escalate_after: escalateAfter, mutes, routes, runbooks_url: runbooksUrl } = alerting;
  const sentences: readonly (readonly [given: boolean, sentence: string])[] = [
    [
      Object.keys(routes.teams).length > 0,
      "`alerting.routes.teams` is left out: owners of queues are not told apart. Route by the tag or facet `queue` there.",
    ],
    [mutes.length > 0, "`alerting.mutes` is left out: set up downtimes or muting rules there."],
    [escalateAfter !== undefined, "`alerting.escalate_after` is left out: escalate there."],
    [
      runbooksUrl === undefined,
      "`alerting.runbooks_url` is not given: messages give paths of runbooks instead of links.",
    ],
  ];
  return sentences.flatMap(([given, sentence]) => (given ? [sentence] : []));
}
