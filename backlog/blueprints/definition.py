"""The form of a template: typed objects whose fields, limits and references are checked when one is parsed."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from backlog.errors import InvalidTemplate
from schemas.currencies import is_currency, not_a_currency
from schemas.restricted import SchemaRefused, check_restricted


class Strict(BaseModel):
    """Base of the parts of a template; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def require_restricted(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema if it uses only the keywords that templates may use, else raise ValueError."""
    try:
        check_restricted(schema)
    except SchemaRefused as error:
        raise ValueError(str(error)) from error
    return schema


class DoneWhen(Strict):
    """The definition of done of an item: the evidence's JSON Schema, the deliverable's type, and named checks."""

    evidence: dict[str, Any] = {}
    deliverable: str = ""
    checks: tuple[str, ...] = ()

    _evidence = field_validator("evidence")(require_restricted)


class NamedFigure(Strict):
    """A figure that a request may mention without saying which one, such as “our KPI”.

    If the request's text has one of the words in `mentioned_as` and the context has no `field`, a person is asked for
    `field` by the schema in `ask`, and the item with the key `blocks` waits for the answer.
    """

    field: str
    mentioned_as: tuple[str, ...]
    blocks: str
    ask: dict[str, Any]

    _ask = field_validator("ask")(require_restricted)


class Silence(Strict):
    """What happens when nobody answers: reminders, then the groups of `escalate_to` in turn, then the policy `then`."""

    due_seconds: int = Field(default=3 * 24 * 3600, ge=1)
    remind_every_seconds: int = Field(default=24 * 3600, ge=1)
    escalate_to: tuple[str, ...] = ()
    then: Literal["default", "decline", "fail", "wait"] = "wait"


class Approvers(Strict):
    """Who may approve an item's work and how many have to: members of one of the groups, or, without groups, anybody.

    Nobody approves what they requested or did, and each person counts once.
    """

    groups: tuple[str, ...] = ()
    needed: int = Field(default=1, ge=1, le=9)

    @property
    def are_named(self) -> bool:
        """True unless one approval by anybody who may answer is enough."""
        return bool(self.groups) or self.needed > 1


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
    approvers: Approvers = Approvers()
    timeout_seconds: int = Field(default=600, ge=1, le=7 * 24 * 3600)
    max_attempts: int = Field(default=3, ge=1, le=100)
    priority: int = 0
    auto_dispatch: bool = True

    _needs = field_validator("needs")(require_restricted)

    @model_validator(mode="after")
    def approvers_have_something_to_approve(self) -> "ItemDefinition":
        """Raise ValueError if the item names approvers and asks for no approval."""
        if self.approvers.are_named and not self.approval:
            raise ValueError("it names `approvers`, but asks for no approval: add `approval: before` or `after`")
        return self


class Definition(Strict):
    """The complete definition of a template."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    title: str = Field(max_length=200)
    description: str = ""
    # The code (ISO 4217) of the currency of requests that name none; without one, the setting CURRENCY.
    currency: str = ""
    figures: tuple[NamedFigure, ...] = ()
    silence: Silence = Silence()
    items: tuple[ItemDefinition, ...] = Field(min_length=1, max_length=200)

    @field_validator("currency")
    @classmethod
    def is_known_currency(cls, currency: str) -> str:
        """Return the code. Raises ValueError if it is no currency."""
        if currency and not is_currency(currency):
            raise ValueError(not_a_currency(currency))
        return currency

    @model_validator(mode="after")
    def keys_fit(self) -> "Definition":
        """Raise ValueError unless keys are unique and items depend only on items above them, which excludes cycles."""
        seen: set[str] = set()
        for item in self.items:
            if item.key in seen:
                raise ValueError(f"the key {item.key!r} is used twice")
            if unknown := set(item.depends_on) - seen:
                raise ValueError(f"{item.key} depends on {sorted(unknown)}, but no item above it has that key")
            seen.add(item.key)
        return self

    def item(self, key: str) -> ItemDefinition:
        """Return the item with this key. Raises InvalidTemplate."""
        item = next((item for item in self.items if item.key == key), None)
        if item is None:
            raise InvalidTemplate(f"The template {self.name!r} has no item {key!r}.")
        return item


def parse_definition(definition: dict[str, Any]) -> Definition:
    """Return the definition as typed objects, its form checked. Raises InvalidTemplate with every fault."""
    try:
        return Definition.model_validate(definition)
    except ValidationError as error:
        faults = "; ".join(f"{'/'.join(map(str, e['loc'])) or 'template'}: {e['msg']}" for e in error.errors())
        raise InvalidTemplate(f"The template cannot be used: {faults}") from error
