/** What a message says, in the template language that Grafana and Alertmanager share, for each kind of channel. */

/** Sets `$level`: the worst severity that fires, where a notification has several. */
const level =
  '{{ $level := or .CommonLabels.severity "warning" }}{{ range .Alerts.Firing }}{{ if eq .Labels.severity "critical" }}{{ $level = "critical" }}{{ end }}{{ end }}';
/** Grafana's `alertname` is the title of a rule, which differs between the levels of an alert: it has `alert` beside. */
const name = "{{ or .CommonLabels.alert .CommonLabels.alertname }}";

/** How urgent, in PagerDuty's words. */
export const urgencyTemplate = `${level}{{ if eq $level "critical" }}critical{{ else }}warning{{ end }}`;

/** One line: subject, title. */
export const titleTemplate = `${level}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ $level }}: ${name} {{ .CommonLabels.target }} {{ .CommonLabels.queue }}{{ with .CommonLabels.environment }} ({{ . }}){{ end }}`;

/** Plain text: for email, PagerDuty, webhooks and others. */
export const textTemplate = `{{ range .Alerts }}{{ .Status | toUpper }} {{ .Labels.severity }} {{ .Labels.alertname }}{{ with .Labels.environment }} in {{ . }}{{ end }}
{{ .Annotations.summary }}
{{ .Annotations.description }}
Since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}
Dashboard: {{ .Annotations.dashboard_url }}
Runbook: {{ .Annotations.runbook_url }}

{{ end }}`;

/** For chats that read mark-up: names come from whoever can enqueue, so that what would ping people or make links is taken out. */
const harmless = (field: string) => `{{ reReplaceAll "[<>&*_~\`|@\\\\[\\\\]]" " " ${field} }}`;

export const chatTemplate = `{{ range .Alerts }}*{{ .Labels.severity }}*{{ with .Labels.environment }} in ${harmless(".")}:{{ end }} ${harmless(".Annotations.summary")}
${harmless(".Annotations.description")}
Since {{ .StartsAt.UTC.Format "15:04:05 UTC" }} | Dashboard: {{ .Annotations.dashboard_url }} | Runbook: {{ .Annotations.runbook_url }}
{{ end }}`;

export const chatTitleTemplate = `${level}[{{ .Status | toUpper }}] {{ $level }}: ${name} ${harmless(".CommonLabels.target")} ${harmless(".CommonLabels.queue")}{{ with .CommonLabels.environment }} (${harmless(".")}){{ end }}`;

/** Fields of an incident in PagerDuty and the like. */
export const details: Readonly<Record<string, string>> = {
  environment: "{{ .CommonLabels.environment }}",
  target: "{{ .CommonLabels.target }}",
  queue: "{{ .CommonLabels.queue }}",
  job_class: "{{ .CommonLabels.job_class }}",
  category: "{{ .CommonLabels.category }}",
  team: "{{ .CommonLabels.team }}",
  summary: "{{ .CommonAnnotations.summary }}",
  dashboard: "{{ .CommonAnnotations.dashboard_url }}",
  runbook: "{{ .CommonAnnotations.runbook_url }}",
};
