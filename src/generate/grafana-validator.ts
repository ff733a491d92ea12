import { QueuewatchError } from "../errors.ts";

/**
 * What stops Grafana from starting, checked before a file is written; at least as strict as Grafana's own reading
 * (pkg/services/provisioning/alerting/{rules,contact_point,notification_policy,mute_times,text_templates}_types.go and
 * pkg/services/ngalert/models/alert_rule.go, 12.2 to 13.2).
 */

/** Throws CONFIG_INVALID with everything that Grafana would refuse. */
export function validateGrafanaAlerting(documents: readonly unknown[]): void {
  const problems = grafanaProblems(documents);
  if (problems.length > 0)
    throw new QueuewatchError("CONFIG_INVALID", `Grafana would not start with these files:\n${problems.join("\n")}`);
}

/** Everything in the documents of one `provisioning/alerting` folder that Grafana would refuse. */
export function grafanaProblems(documents: readonly unknown[]): string[] {
  const problems: string[] = [];
  const report = (place: string, ...found: readonly (string | undefined)[]): void => {
    for (const one of found) if (one !== undefined) problems.push(`${place}: ${one}`);
  };
  const all = (key: string): Fields[] => documents.flatMap((document) => list(fields(document)[key]).map(fields));
  const known: Known = {
    receivers: new Set([...all("contactPoints").map(({ name }) => text(name)), "grafana-default-email"]),
    times: new Set(all("muteTimes").map(({ name }) => text(name))),
  };
  const rules = all("groups").flatMap((group) => list(group["rules"]).map(fields));
  for (const group of all("groups")) report(`group ${text(group["name"])}`, ...groupProblems(group));
  for (const rule of rules) report(`rule ${text(rule["uid"])}`, ...ruleProblems(rule, known));
  report("rules", repeated(rules, "uid"), repeated(rules, "title"));
  for (const point of all("contactPoints")) report(`contact point ${text(point["name"])}`, ...pointProblems(point));
  const receivers = all("contactPoints").flatMap(({ receivers: of }) => list(of).map(fields));
  report("contact points", repeated(receivers, "uid"), repeated(all("contactPoints"), "name"));
  for (const time of all("muteTimes")) report(`mute time ${text(time["name"])}`, ...timeProblems(time));
  for (const template of all("templates"))
    report(`template ${text(template["name"])}`, empty(template, "name"), empty(template, "template"));
  report("templates", repeated(all("templates"), "name"));
  for (const policy of all("policies")) report("policy", ...routeProblems(policy, known, true));
  return problems;
}

type Fields = Readonly<Record<string, unknown>>;
interface Known {
  readonly receivers: ReadonlySet<string>;
  readonly times: ReadonlySet<string>;
}

const durationText = /^(?:0|(?:\d+(?:ms|[smhdwy]))+)$/;

function groupProblems(group: Fields): (string | undefined)[] {
  const interval = /^(\d+)([sm])$/.exec(text(group["interval"]));
  const seconds = Number(interval?.[1]) * (interval?.[2] === "m" ? 60 : 1);
  return [
    empty(group, "name"),
    empty(group, "folder"),
    seconds > 0 && seconds % 10 === 0 ? undefined : "the interval is not a positive multiple of 10 s",
  ];
}

function ruleProblems(rule: Fields, known: Known): (string | undefined)[] {
  const data = list(rule["data"]).map(fields);
  return [
    empty(rule, "title"),
    ...identityProblems(rule),
    ...["for", "keepFiringFor"].map((key) => duration(rule, key)),
    oneOf(rule, "noDataState", ["NoData", "Alerting", "OK", "KeepLast"]),
    oneOf(rule, "execErrState", ["Error", "Alerting", "OK", "KeepLast"]),
    (rule["dashboardUid"] === undefined) === (rule["panelId"] === undefined)
      ? undefined
      : "only one of dashboard and panel",
    data.length > 0 ? undefined : "there is no query",
    data.some(({ refId }) => refId === rule["condition"]) ? undefined : "the condition does not exist",
    repeated(data, "refId"),
    ...data.flatMap(queryProblems),
    ...stringMap(rule, "labels"),
    ...stringMap(rule, "annotations"),
    JSON.stringify(rule["annotations"] ?? {}).includes("${") ? "an annotation contains ${" : undefined,
    Number(rule["missing_series_evals_to_resolve"] ?? 1) >= 1
      ? undefined
      : "missing_series_evals_to_resolve is below 1",
    ...(rule["notification_settings"] === undefined
      ? []
      : settingsProblems(fields(rule["notification_settings"]), known)),
  ];
}

function identityProblems(rule: Fields): (string | undefined)[] {
  return [
    text(rule["title"]).length > 190 ? "the title is longer than 190 characters" : undefined,
    /^[\w-]{1,40}$/.test(text(rule["uid"])) ? undefined : "the uid is not 1 to 40 letters, digits, - and _",
  ];
}

function queryProblems(query: Fields): (string | undefined)[] {
  const { from, to } = fields(query["relativeTimeRange"]);
  const expression = query["datasourceUid"] === "__expr__";
  return [
    empty(query, "refId"),
    empty(query, "datasourceUid"),
    expression || (Number(from) > Number(to) && Number(to) >= 0)
      ? undefined
      : `invalid time range of ${text(query["refId"])}`,
  ];
}

function settingsProblems(settings: Fields, known: Known): (string | undefined)[] {
  return [
    ...references(settings, known),
    ...["group_wait", "group_interval", "repeat_interval"].map((key) => duration(settings, key)),
    ...groupBy(settings),
    list(settings["group_by"]).includes("alertname") && list(settings["group_by"]).includes("grafana_folder")
      ? undefined
      : "group_by lacks alertname or grafana_folder",
  ];
}

function references(settings: Fields, known: Known): (string | undefined)[] {
  const receiver = text(settings["receiver"]).replaceAll("$$", "$");
  const names = ["mute_time_intervals", "active_time_intervals"].flatMap((key) => list(settings[key]).map(text));
  const receivers = new Set([...known.receivers].map((name) => name.replaceAll("$$", "$")));
  return [
    receivers.has(receiver) ? undefined : `receiver ${receiver} does not exist`,
    ...names.map((name) =>
      known.times.has(name.replaceAll("$$", "$")) ? undefined : `time interval ${name} does not exist`,
    ),
  ];
}

function groupBy(settings: Fields): (string | undefined)[] {
  const labels = list(settings["group_by"]).map(text);
  return [
    labels.includes("") ? "group_by holds an empty name" : undefined,
    new Set(labels).size === labels.length ? undefined : "group_by names a label twice",
    labels.includes("...") && labels.length > 1 ? "group_by has more beside ..." : undefined,
  ];
}

/** What each kind must be told (grafana/alerting receivers, v1 config.go of each). */
const required: Readonly<Record<string, readonly string[]>> = {
  email: ["addresses"],
  slack: ["url"],
  pagerduty: ["integrationKey"],
  webhook: ["url"],
  opsgenie: ["apiKey"],
  teams: ["url"],
  telegram: ["bottoken", "chatid"],
  discord: ["url"],
  victorops: ["url"],
  pushover: ["apiToken", "userKey"],
};

function pointProblems(point: Fields): (string | undefined)[] {
  const receivers = list(point["receivers"]).map(fields);
  return [
    empty(point, "name"),
    receivers.length > 0 ? undefined : "there is no receiver",
    ...receivers.flatMap((receiver) => {
      const needs = required[text(receiver["type"])];
      const settings = fields(receiver["settings"]);
      return [
        /^[\w-]{1,40}$/.test(text(receiver["uid"]))
          ? undefined
          : "a receiver's uid is not 1 to 40 letters, digits, - and _",
        needs === undefined ? `unknown type ${text(receiver["type"])}` : undefined,
        "secureSettings" in receiver ? "secureSettings do not belong into files" : undefined,
        ...(needs ?? []).map((key) => empty(settings, key)),
      ];
    }),
  ];
}

function timeProblems(time: Fields): (string | undefined)[] {
  const ranges = list(time["time_intervals"]).flatMap((interval) => list(fields(interval)["times"]).map(fields));
  return [
    empty(time, "name"),
    ...ranges.map(({ start_time, end_time }) =>
      text(start_time) < text(end_time) ? undefined : "a time ends before it begins: split it at midnight",
    ),
  ];
}

function routeProblems(route: Fields, known: Known, root: boolean): (string | undefined)[] {
  const own = [
    ...references(route, known),
    ...groupBy(route),
    ...["group_wait", "group_interval", "repeat_interval"].map((key) => duration(route, key)),
  ];
  const forbidden = ["object_matchers", "mute_time_intervals", "active_time_intervals", "continue"];
  const wrong = root ? forbidden.filter((key) => key in route).map((key) => `the root has ${key}`) : [];
  return [...own, ...wrong, ...list(route["routes"]).flatMap((child) => routeProblems(fields(child), known, false))];
}

function duration(of: Fields, key: string): string | undefined {
  const value = of[key];
  return value === undefined || durationText.test(text(value)) ? undefined : `${key} is no duration`;
}

function empty(of: Fields, key: string): string | undefined {
  return text(of[key]) === "" ? `${key} is empty` : undefined;
}

function oneOf(of: Fields, key: string, values: readonly string[]): string | undefined {
  return values.includes(text(of[key])) ? undefined : `${key} is not one of ${values.join(", ")}`;
}

function stringMap(of: Fields, key: string): (string | undefined)[] {
  return Object.entries(fields(of[key])).map(([name, value]) =>
    typeof value === "string" && !name.startsWith("__grafana") ? undefined : `${key}.${name} is not allowed`,
  );
}

function repeated(all: readonly Fields[], key: string): string | undefined {
  const values = all.map((one) => text(one[key]));
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  return twice === undefined ? undefined : `${key} ${twice} stands there twice`;
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
