"""Backlog templates as data: the YAML files beside this one, and what they must look like."""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from backlog.errors import InvalidTemplate, UnknownTemplate
from backlog.models import Template
from schemas.restricted import SchemaRefused, check_restricted

FOLDER = Path(__file__).parent
# Who the versions that come with a release are by.
SHIPPER = "Interlock"


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
            add_version(definition, by=SHIPPER)


def add_version(definition: dict[str, Any], *, by: str) -> Template:
    """The definition as the newest version: a new one, unless the newest says the same already."""
    parse(definition)
    latest = Template.objects.filter(name=definition["name"]).order_by("-version").first()
    if latest is not None and latest.definition == definition:
        return latest
    version = latest.version + 1 if latest else 1
    return Template.objects.create(name=definition["name"], version=version, definition=definition, created_by=by)
