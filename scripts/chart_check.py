"""Renders the Helm chart of `deploy/` and holds each object to its schema and to the restricted standard for pods.

And the network policies: which ways out (docs/deploy.md) are open depends on the variables that are set.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import jsonschema
import kubernetes_validate
import yaml
from helm_python import HelmError

CHART = Path(__file__).resolve().parent.parent / "deploy" / "helm" / "interlock"
# The oldest version that Chart.yaml allows, and the newest whose schemas the validator has.
KUBERNETES = ("1.31", kubernetes_validate.latest_version())
REQUIRED = {
    "host": "interlock.example.org",
    "image": {"tag": "0.2.0"},
    "secretName": "interlock",
    "trustedProxies": ["10.244.0.0/16"],
}
# Values under which every template and every branch is rendered at least once.
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "all on": {
        "keda": {"enabled": True},
        "serviceMonitor": {"enabled": True},
        "roles": {"notify": {"replicas": 1}},
        "image": {"tag": "0.2.0", "digest": f"sha256:{'0' * 64}"},
        "imagePullSecrets": [{"name": "registry"}],
        "env": {"CURRENCY": "EUR"},
        "storage": {"className": "fast"},
        "ingress": {"className": "nginx"},
        "networkPolicy": {"servicesAt": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]},
    },
    "all off": {
        "webAutoscaling": {"enabled": False},
        "ingress": {"enabled": False, "annotations": None},
        "networkPolicy": {"enabled": False},
        "storage": {"existingClaim": "there"},
        "keda": {"enabled": True, "passwordKey": ""},
    },
}
# The ports of each way out of each policy; none for a way to any port. First as the chart is, then with values.
NAMES_AND_SERVICES = [[53, 53], [5432, 6379]]
CLOSED: dict[str, list[list[int]]] = {"interlock-pods": NAMES_AND_SERVICES, "interlock-deliver-out": [[]]}
MAIL = [25, 465, 587]
SET = {
    "env": {"OIDC_ISSUER": "set", "SLACK_CHANNEL": "set", "LLM_ORDER": "set", "OTEL_EXPORTER_OTLP_ENDPOINT": "set"},
    "secretVariables": ["EMAIL_URL"],
    "workers": {"models": {"secretVariables": ["OPENAI_API_KEY"]}},
}
OPENED = {
    **CLOSED,
    "interlock-pods": [*NAMES_AND_SERVICES, [4318]],
    "interlock-web-out": [[443], [443], MAIL],
    "interlock-notify-out": [MAIL, [443]],
    "interlock-models-out": [[443]],
}
# Values that must be refused, with what the message names.
REFUSED = {
    "host": {**REQUIRED, "host": ""},
    "tag": {**REQUIRED, "image": {"tag": "latest"}},
    "secretName": {**REQUIRED, "secretName": ""},
    "trustedProxies": {**REQUIRED, "trustedProxies": []},
    "secretNaem": {**REQUIRED, "secretNaem": "interlock"},
}


def closed(properties: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    """Return the schema of an object that has these properties, all but the optional ones, and no others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


TEXT, NUMBER = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}
OF_A_STREAM = ["address", "stream", "consumerGroup", "lagCount"]
STREAM = {"type": "object", "required": OF_A_STREAM, "additionalProperties": TEXT}
TARGET = closed({"apiVersion": {"const": "apps/v1"}, "kind": {"const": "StatefulSet"}, "name": TEXT})
TRIGGER = closed(
    {"type": {"const": "redis-streams"}, "metadata": STREAM, "authenticationRef": closed({"name": TEXT})},
    "authenticationRef",
)
# The `spec` of objects whose kind Kubernetes does not bring, with the fields that the chart uses, as their projects
# document them (KEDA 2.11 and newer, Prometheus operator): other fields, and later changes of theirs, are not checked.
CUSTOM = {
    "ScaledObject": closed(
        {
            "scaleTargetRef": TARGET,
            "minReplicaCount": NUMBER,
            "maxReplicaCount": NUMBER,
            "pollingInterval": NUMBER,
            "cooldownPeriod": NUMBER,
            "triggers": {"type": "array", "minItems": 1, "items": TRIGGER},
        }
    ),
    "TriggerAuthentication": closed(
        {"secretTargetRef": {"type": "array", "items": closed({"parameter": TEXT, "name": TEXT, "key": TEXT})}}
    ),
    "ServiceMonitor": closed(
        {
            "selector": closed({"matchLabels": {"type": "object", "minProperties": 1}}),
            "endpoints": {"type": "array", "items": closed({"port": TEXT, "path": TEXT, "interval": TEXT})},
        }
    ),
}
# Kinds of volumes that the restricted standard allows.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def rendered_chart(values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the objects of the chart with these values. Raises helm_python.HelmError."""
    with helm_python.Chart.load(CHART) as chart:
        files = chart.render({**REQUIRED, **(values or {})}, name="interlock", namespace="interlock")
    texts = [text for name, text in sorted(files.items()) if name.endswith(".yaml")]
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


@cache
def rendered_variant(name: str) -> list[dict[str, Any]]:
    """Return the objects of the chart in this variant."""
    return rendered_chart(VARIANTS[name])


def faults_of_lint() -> Iterator[str]:
    """Yield what `helm lint --strict` complains of, and values that are not refused though they must be."""
    report = helm_python.lint(CHART, dict(REQUIRED), strict=True)
    # 1 is advice: this chart has no icon.
    yield from (f"{one['path']}: {one['error']}" for one in report["messages"] if one["severity"] > 1)
    yield from report["errors"]
    for named, values in REFUSED.items():
        try:
            rendered_chart(values)
        except HelmError as error:
            if named not in str(error):
                yield f"The refusal of {named} does not name it: {error}"
        else:
            yield f"A chart with a wrong {named} is rendered."


def faults_of_schemas() -> Iterator[str]:
    """Yield how objects differ from the schemas of their kinds."""
    yield from of_each_object(faults_of_schema)


def faults_of_restrictions() -> Iterator[str]:
    """Yield what the restricted pod security standard forbids."""
    yield from of_each_object(faults_of_restriction)


def faults_of_ways() -> Iterator[str]:
    """Yield policies that open other ways than those whose variables are set, and pods that see another's keys."""
    for values, expected in (({}, CLOSED), (SET, OPENED)):
        documents = rendered_chart(values)
        names = [f"{one['kind']} {one['metadata']['name']}" for one in documents]
        yield from (f"There are two of {name}." for name in sorted({name for name in names if names.count(name) > 1}))
        policies = [one for one in documents if one["kind"] == "NetworkPolicy" and "egress" in one["spec"]]
        found = {one["metadata"]["name"]: [ports_of(rule) for rule in one["spec"]["egress"]] for one in policies}
        if found != expected:
            yield f"With {sorted(values) or 'no values'} the ways out are {found}."
    pods = [one["metadata"]["name"] for one in documents if "OPENAI_API_KEY" in str(one.get("spec"))]
    if pods != ["interlock-models"]:
        yield f"The key of a model is seen by {pods}."


def ports_of(rule: Mapping[str, Any]) -> list[int]:
    """Return the ports of an egress rule; none where it names none, so that any counts."""
    return [one["port"] for one in rule.get("ports", [])]


def of_each_object(faults_of: Callable[[dict[str, Any]], Iterator[str]]) -> Iterator[str]:
    """Yield the faults of each object, with where they are; an object that is the same in several variants once."""
    seen = []
    for variant in VARIANTS:
        for document in rendered_variant(variant):
            if document not in seen:
                seen.append(document)
                where = f"{variant}: {document['kind']} {document['metadata']['name']}"
                yield from (f"{where}: {fault}" for fault in faults_of(document))


def faults_of_schema(document: dict[str, Any]) -> Iterator[str]:
    """Yield how the object differs from the schema of its kind, in the oldest and the newest version of Kubernetes."""
    if document["kind"] in CUSTOM:
        validator = jsonschema.Draft7Validator(CUSTOM[document["kind"]])
        yield from (error.message for error in validator.iter_errors(document["spec"]))
        return
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            yield f"{version}: {error}"


def faults_of_restriction(document: dict[str, Any]) -> Iterator[str]:
    """Yield what the restricted pod security standard forbids, and a root that can be written to."""
    if "template" not in document.get("spec", {}):
        return
    pod = document["spec"]["template"]["spec"]
    expected = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if not expected.items() <= pod["securityContext"].items() or pod["securityContext"].get("runAsUser") == 0:
        yield "the pod may run as root, or without seccomp"
    if {"hostNetwork", "hostPID", "hostIPC"} & pod.keys():
        yield "the pod shares namespaces of its node"
    yield from (f"a volume of {one}" for one in pod["volumes"] if not VOLUMES & one.keys())
    for container in pod["containers"]:
        wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        if container["securityContext"] != wanted:
            yield f"the security context is {container['securityContext']}"
