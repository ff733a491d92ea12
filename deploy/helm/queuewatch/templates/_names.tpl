{{- define "queuewatch.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- define "queuewatch.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "queuewatch.labels" -}}
{{ include "queuewatch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "queuewatch.secret" -}}
{{- if .Values.secret.existing }}{{ .Values.secret.existing }}{{ else if .Values.secret.values }}{{ include "queuewatch.name" . }}{{ end }}
{{- end }}
{{- /* The agent's config: with a Secret for /metrics the endpoint is opened to other pods, behind TLS and the token; with a ConfigMap of targets its files are followed. */ -}}
{{- define "queuewatch.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if .Values.metrics.secret }}
{{- $tls := dict "certificate_file" "/run/secrets/metrics/tls.crt" "key_file" "/run/secrets/metrics/tls.key" }}
{{- $server := dict "listen" "0.0.0.0:9464" "tls" $tls "bearer_token_file" "/run/secrets/metrics/token" }}
{{- $config = mergeOverwrite $config (dict "export" (dict "prometheus" $server)) }}
{{- end }}
{{- if .Values.targetFiles }}
{{- $_ := set $config "target_files" (append (default list $config.target_files) "/etc/queuewatch-targets/*.yaml") }}
{{- end }}
{{- toYaml $config }}
{{- end }}
