{{- /* The name of everything: the release's, with the chart's where it is not in it. */ -}}
{{- define "slipway.name" -}}
{{- if contains "slipway" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{- else -}}{{ printf "%s-slipway" .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- /* Names of what belongs to the cluster carry the namespace, unless it is called alike: the same release may be in two. */ -}}
{{- define "slipway.clusterName" -}}
{{- $name := include "slipway.name" . -}}
{{- if eq $name .Release.Namespace -}}{{ $name }}{{- else -}}{{ printf "%s-%s" .Release.Namespace $name }}{{- end -}}
{{- end -}}

{{- define "slipway.selector" -}}
app.kubernetes.io/name: slipway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "slipway.labels" -}}
{{ include "slipway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "slipway.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "slipway.account" -}}
{{ .Values.serviceAccount.existing | default (include "slipway.name" .) }}
{{- end -}}

{{- define "slipway.adminSecret" -}}
{{ .Values.admin.existingSecret | default (printf "%s-admin" (include "slipway.name" .)) }}
{{- end -}}

{{- define "slipway.claim" -}}
{{ .Values.data.existingClaim | default (printf "%s-data" (include "slipway.name" .)) }}
{{- end -}}

{{- define "slipway.publicUrl" -}}
{{- if .Values.publicUrl -}}{{ .Values.publicUrl }}
{{- else if .Values.ingress.enabled -}}{{ ternary "https" "http" (ne .Values.ingress.tlsSecret "") }}://{{ .Values.ingress.host }}
{{- end -}}
{{- end -}}

{{- define "slipway.notebookUrl" -}}
{{- if .Values.notebookUrl -}}{{ .Values.notebookUrl }}
{{- else if .Values.ingress.enabled -}}{{ ternary "https" "http" (ne .Values.ingress.tlsSecret "") }}://{{ .Values.ingress.notebookHost }}
{{- end -}}
{{- end -}}
