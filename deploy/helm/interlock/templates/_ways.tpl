{{/* The egress rules of those of the ways that are open, as YAML. Takes (dict "values" .Values "ways" [NAME]). */}}
{{- define "interlock.rules" -}}
{{- $set := concat (keys .values.env) .values.secretVariables }}
{{- range $name := .ways }}
{{- $way := get $.values.networkPolicy.ways $name }}
{{- $open := empty $way.variables }}
{{- range $way.variables }}
{{- $open = or $open (has . $set) }}
{{- end }}
{{- if $open }}
{{- $ports := list }}
{{- range $way.ports }}
{{- $ports = append $ports (dict "protocol" "TCP" "port" (int .)) }}
{{- end }}
{{- $rule := dict }}
{{- with $ports }}
{{- $_ := set $rule "ports" . }}
{{- end }}
{{- with $way.to }}
{{- $_ := set $rule "to" . }}
{{- end }}
- {{ toJson $rule }}
{{- end }}
{{- end }}
{{- end }}
