/** What a message says, in the template language that Grafana and Alertmanager share, for each kind of channel. */

/** One line: subject, title. */
export const titleTemplate =
  '[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }} {{ .CommonLabels.target }} {{ .CommonLabels.queue }}';

/** Plain text: for email, PagerDuty, webhooks and others. */
export const textTemplate = `{{ range .Alerts }}{{ .Status | toUpper }} {{ .Labels.severity }} {{ .Labels.alertname }}
{{ .Annotations.summary }}
{{ .Annotations.description }}
Since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}
Dashboard: {{ .Annotations.dashboard_url }}
Runbook: {{ .Annotations.runbook_url }}

{{ end }}`;

/** For chats that read mark-up: names come from whoever can enqueue, so that what would ping people or make links is taken out. */
const harmless = (field: string) => `{{ reReplaceAll "[<>&*_~\`|@\\\\[\\\\]]" " " ${field} }}`;

export const chatTemplate = `{{ range .Alerts }}*{{ .Labels.severity }}* ${harmless(".Annotations.summary")}
${harmless(".Annotations.description")}
Since {{ .StartsAt.UTC.Format "15:04:05 UTC" }} | Dashboard: {{ .Annotations.dashboard_url }} | Runbook: {{ .Annotations.runbook_url }}
{{ end }}`;

export const chatTitleTemplate = `[{{ .Status | toUpper }}] {{ .CommonLabels.severity }}: {{ .CommonLabels.alertname }} ${harmless(".CommonLabels.target")} ${harmless(".CommonLabels.queue")}`;

/** Fields of an incident in PagerDuty and the like. */
export const details: Readonly<Record<string, string>> = {
  target: "{{ .CommonLabels.target }}",
  queue: "{{ .CommonLabels.queue }}",
  job_class: "{{ .CommonLabels.job_class }}",
  category: "{{ .CommonLabels.category }}",
  team: "{{ .CommonLabels.team }}",
  summary: "{{ .CommonAnnotations.summary }}",
  dashboard: "{{ .CommonAnnotations.dashboard_url }}",
  runbook: "{{ .CommonAnnotations.runbook_url }}",
};
