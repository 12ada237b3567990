"""Backlog templates as data: the YAML files beside this one, and what they must look like."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from backlog.errors import InvalidTemplate, UnknownTemplate
from backlog.flow.named_checks import CHECKS, unknown_in_words
from backlog.models import Template
from schemas import strict_json
from schemas.restricted import SchemaRefused, check_restricted

FOLDER = Path(__file__).parent
# The template of a request that names none.
DEFAULT_TEMPLATE = "audit"
# Who the versions that come with a release are by.
SHIPPER = "Interlock"
# Forty times the longest that is shipped.
MOST_BYTES = 100_000


class Strict(BaseModel):
    """A part of a template; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def restricted(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, if it keeps to the keywords that templates may use."""
    try:
        check_restricted(schema)
    except SchemaRefused as error:
        raise ValueError(str(error)) from error
    return schema


class DoneWhen(Strict):
    """The definition of done: what the evidence must look like, what must be delivered, and named checks."""

    evidence: dict[str, Any] = {}
    deliverable: str = ""
    checks: tuple[str, ...] = ()

    _evidence = field_validator("evidence")(restricted)


class NamedFigure(Strict):
    """A figure that the request names without saying which, such as a KPI: then `field` is asked for."""

    field: str
    mentioned_as: tuple[str, ...]
    blocks: str
    ask: dict[str, Any]

    _ask = field_validator("ask")(restricted)


class Silence(Strict):
    """What happens when nobody answers: reminders, escalation, then the policy."""

    due_seconds: int = Field(default=3 * 24 * 3600, ge=1)
    remind_every_seconds: int = Field(default=24 * 3600, ge=1)
    escalate_to: tuple[str, ...] = ()
    then: Literal["default", "decline", "fail", "wait"] = "wait"


class ItemDefinition(Strict):
    """One item of a template."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")
    title: str = Field(max_length=200)
    agent_target: str = Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")
    item_type: str = "task"
    depends_on: tuple[str, ...] = ()
    needs: dict[str, Any] = {}
    done_when: DoneWhen = DoneWhen()
    approval: Literal["", "before", "after"] = ""
    timeout_seconds: int = Field(default=600, ge=1, le=7 * 24 * 3600)
    max_attempts: int = Field(default=3, ge=1, le=100)
    priority: int = 0
    auto_dispatch: bool = True

    _needs = field_validator("needs")(restricted)


class Definition(Strict):
    """A whole template."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    title: str = Field(max_length=200)
    description: str = ""
    figures: tuple[NamedFigure, ...] = ()
    silence: Silence = Silence()
    items: tuple[ItemDefinition, ...] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def keys_fit(self) -> "Definition":
        """Keys are unique, and an item depends only on items above it: no cycle can be written."""
        seen: set[str] = set()
        for item in self.items:
            if item.key in seen:
                raise ValueError(f"the key {item.key!r} is used twice")
            if unknown := set(item.depends_on) - seen:
                raise ValueError(f"{item.key} depends on {sorted(unknown)}, which no item above it is called")
            seen.add(item.key)
        return self

    def item(self, key: str) -> ItemDefinition:
        """The item with this key."""
        found = next((item for item in self.items if item.key == key), None)
        if found is None:
            raise InvalidTemplate(f"The template {self.name!r} has no item {key!r}.")
        return found


def parse(definition: dict[str, Any]) -> Definition:
    """A checked definition. Raises InvalidTemplate with every fault."""
    try:
        return Definition.model_validate(definition)
    except ValidationError as error:
        faults = "; ".join(f"{'/'.join(map(str, e['loc'])) or 'template'}: {e['msg']}" for e in error.errors())
        raise InvalidTemplate(f"The template cannot be used: {faults}") from error


def checked(definition: dict[str, Any]) -> Definition:
    """A definition that may be saved: whatever it names is there now. Raises InvalidTemplate with every fault.

    A version that was saved before keeps working when a group is renamed or a check leaves: see `definition_of`.
    """
    require_small(definition)
    found = parse(definition)
    if faults := [*unknown_groups(found), *unknown_checks(found), *unknown_keys(found)]:
        raise InvalidTemplate(f"The template cannot be used: {'; '.join(faults)}")
    return found


def require_small(definition: dict[str, Any]) -> None:
    """Raise InvalidTemplate for a definition that is no clean JSON or too large: checking it takes time."""
    try:
        size = len(strict_json.dumps(definition))
    except strict_json.InvalidJson as error:
        raise InvalidTemplate(f"The template cannot be used: {error}.") from error
    if size > MOST_BYTES:
        raise InvalidTemplate(f"The template has {size} bytes as JSON, and may have {MOST_BYTES}: make it shorter.")


def unknown_groups(definition: Definition) -> list[str]:
    """The groups to escalate to that do not exist, in words."""
    names = definition.silence.escalate_to
    there = set(Group.objects.filter(name__in=names).values_list("name", flat=True)) if names else set()
    known = ", ".join(Group.objects.order_by("name").values_list("name", flat=True)) if set(names) - there else ""
    return [
        f"silence/escalate_to: there is no group {name!r}; there is: {known}" for name in names if name not in there
    ]


def unknown_checks(definition: Definition) -> list[str]:
    """The checks of items that do not exist, in words."""
    return [
        f"items/{item.key}/done_when/checks: {unknown_in_words(name)}"
        for item in definition.items
        for name in item.done_when.checks
        if name not in CHECKS
    ]


def unknown_keys(definition: Definition) -> list[str]:
    """The items that figures hold back and that the template does not have, in words."""
    keys = [item.key for item in definition.items]
    return [
        f"figures/{figure.field}/blocks: there is no item {figure.blocks!r}; there is: {', '.join(keys)}"
        for figure in definition.figures
        if figure.blocks not in keys
    ]


@lru_cache(maxsize=256)
def definition_of(template_id: int) -> Definition:
    """The definition of a template version, which never changes. Raises InvalidTemplate for one of an older release."""
    return parse(Template.objects.get(pk=template_id).definition)


def newest(name: str) -> Template:
    """The newest version of the template with this name. Raises UnknownTemplate."""
    found = Template.objects.filter(name=name).order_by("-version").first()
    if found is None:
        names = ", ".join(sorted(set(Template.objects.values_list("name", flat=True)))) or "none: run `migrate`"
        raise UnknownTemplate(f"There is no template {name!r}. There is: {names}.")
    return found


@cache
def shipped() -> list[dict[str, Any]]:
    """The definitions in this folder."""
    return [yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))]


def load_blueprints(**_: Any) -> None:
    """Make a row of each shipped definition that was never shipped before: what staff made of it since stays."""
    for definition in shipped():
        before = Template.objects.filter(name=definition["name"], created_by=SHIPPER)
        if all(template.definition != definition for template in before):
            keep_version(definition, by=SHIPPER)


def add_version(definition: dict[str, Any], *, by: str) -> Template:
    """The definition as the newest version: a new one, unless the newest says the same already.

    Raises InvalidTemplate, and IntegrityError where another makes a version at the same moment.
    """
    checked(definition)
    return keep_version(definition, by=by)


def keep_version(definition: dict[str, Any], *, by: str) -> Template:
    """The same for a definition whose names need no look: a release ships it, and roles may be renamed here."""
    parse(definition)
    latest = Template.objects.filter(name=definition["name"]).order_by("-version").first()
    if latest is not None and latest.definition == definition:
        return latest
    version = latest.version + 1 if latest else 1
    return Template.objects.create(name=definition["name"], version=version, definition=definition, created_by=by)


def newest_templates() -> list[Template]:
    """The newest version of each template, the usual one first."""
    newer = Template.objects.filter(name=OuterRef("name"), version__gt=OuterRef("version"))
    found = Template.objects.filter(~Exists(newer)).only("pk", "name").order_by("name")
    return sorted(found, key=lambda template: (template.name != DEFAULT_TEMPLATE, template.name))
