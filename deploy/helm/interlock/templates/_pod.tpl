{{/* The name of the release's objects. */}}
{{- define "interlock.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Labels by which pods are chosen: they never change. Takes (dict "root" $ "role" NAME). */}}
{{- define "interlock.selector" -}}
app.kubernetes.io/name: interlock
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{/* All labels of an object. Takes (dict "root" $ "role" NAME). */}}
{{- define "interlock.labels" -}}
{{ include "interlock.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The pod of one role, within what Kubernetes calls the restricted standard.
     Takes (dict "root" $ "role" NAME "args" [WORD] "resources" {} "slots" BOOL "probes" YAML "shared" BOOL), and of a group
     with secrets of its own "secretVariables" [NAME]. */}}
{{- define "interlock.pod" -}}
{{- $values := .root.Values -}}
{{- $secrets := concat (list "SECRET_KEY" "DATABASE_URL" "REDIS_URL") $values.secretVariables (default list .secretVariables) -}}
automountServiceAccountToken: false
# The variables of other services, such as REDIS_PORT=tcp://…, are not for Interlock.
enableServiceLinks: false
# Another process than ours is the first one, and sees to what children of ours leave behind.
shareProcessNamespace: true
terminationGracePeriodSeconds: 30
{{- with $values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- if .shared }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "interlock.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
containers:
  - name: interlock
    image: {{ printf "%s:%s%s" $values.image.repository $values.image.tag (ternary "" (printf "@%s" $values.image.digest) (empty $values.image.digest)) }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args: {{ concat .args (ternary (list "--slot" "$(SLOT)") list (default false .slots)) | toJson }}
    env:
      {{- range $secrets }}
      - {name: {{ . }}_FILE, value: /run/secrets/interlock/{{ . }}}
      {{- end }}
      - {name: PUBLIC_URL, value: {{ printf "https://%s" $values.host | quote }}}
      - {name: CSRF_TRUSTED_ORIGINS, value: {{ printf "https://%s" $values.host | quote }}}
      - {name: ALLOWED_HOSTS, value: {{ printf "%s,localhost,127.0.0.1" $values.host | quote }}}
      - {name: DEFAULT_FROM_EMAIL, value: {{ printf "Interlock <interlock@%s>" $values.host | quote }}}
      - {name: BEHIND_TLS, value: "true"}
      - {name: TRUSTED_PROXIES, value: {{ join "," $values.trustedProxies | quote }}}
      {{- range $name, $value := $values.env }}
      - {name: {{ $name }}, value: {{ $value | quote }}}
      {{- end }}
      - name: SERVICE_INSTANCE
        valueFrom: {fieldRef: {fieldPath: metadata.name}}
      {{- if .slots }}
      - name: SLOT
        valueFrom: {fieldRef: {fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']"}}
      {{- end }}
    {{- if eq .role "web" }}
    ports:
      - {name: http, containerPort: 8000}
    {{- end }}
    {{- with .probes }}
    {{- . | nindent 4 }}
    {{- end }}
    resources: {{- toYaml .resources | nindent 6 }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
    volumeMounts:
      - {name: data, mountPath: /data}
      - {name: temporary, mountPath: /tmp}
      - {name: secrets, mountPath: /run/secrets/interlock, readOnly: true}
volumes:
  - name: data
    {{- if .shared }}
    persistentVolumeClaim: {claimName: {{ default (printf "%s-data" (include "interlock.name" .root)) $values.storage.existingClaim }}}
    {{- else }}
    emptyDir: {}
    {{- end }}
  - name: temporary
    emptyDir: {sizeLimit: 1Gi}
  - name: secrets
    secret:
      secretName: {{ $values.secretName }}
      defaultMode: 0440
      # A pod sees the keys that it reads, and no others.
      items:
        {{- range $secrets }}
        - {key: {{ . }}, path: {{ . }}}
        {{- end }}
{{- end }}
