{{/* The probes of a kind of process. Takes its name. The web is asked by HTTP, under a name that it accepts. The others have
     no port, and are asked by a command that reads a file: it says ill only what a restart would mend. */}}
{{- define "interlock.probes" -}}
{{- if eq . "web" -}}
startupProbe:
  httpGet: &alive {path: /healthz, port: http, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: *alive
  periodSeconds: 20
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: http, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 10
  timeoutSeconds: 5
{{- else -}}
startupProbe:
  exec: &alive {command: [interlock, health, --kind, {{ . }}]}
  periodSeconds: 5
  timeoutSeconds: 10
  failureThreshold: 24
livenessProbe:
  exec: *alive
  periodSeconds: 30
  timeoutSeconds: 10
{{- end }}
{{- end }}
