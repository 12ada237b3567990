"""What an agent is: a pure function from a typed input to a result, without broker, database or Django."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, TypeVar, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticUseDefault

from intake.spreadsheets.rows import Rows
from schemas.currencies import CODES, is_currency, not_a_currency
from schemas.periods import MOST_WORKING_DAYS, periods_per_month, with_one_spelling

# Dispatches that a worker holds for an agent: two keep the agent busy, and leave the others to other workers.
DEFAULT_PREFETCH = 2
# After this time the worker ends the child process of an agent, which may hang.
DEFAULT_TIMEOUT_SECONDS = 300

# The JSON Schema keywords that a question's schema may have: those that the forms for people can show.
ASKABLE = (
    *("type", "title", "description", "enum", "examples", "default", "format"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
    *("items", "minItems", "maxItems", "properties", "required"),
)
MOST_DAYS_OF_A_MONTH = 31
ASKABLE_FORMATS = ("date", "date-time", "email", "uri", "uuid")


# -- results ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Result:
    """An agent's result: the deliverable's content, the evidence that the item is done, the confidence (0 to 1)."""

    content: dict[str, Any]
    evidence: dict[str, Any] = field(default_factory=dict)
    confidence: float = 0.6


class AgentFailure(Exception):
    """The agent could not do the item; `retryable` says whether another try may help, by default as its class says."""

    retryable_by_default = False

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.retryable = self.retryable_by_default if retryable is None else retryable


class ToolFailure(AgentFailure):
    """A tool that the agent uses failed; another try may help."""

    retryable_by_default = True


class DataInsufficient(AgentFailure):
    """The given data are not enough to do the item."""


class Contradiction(AgentFailure):
    """The given data contradict each other."""


class Missing(Exception):
    """The agent cannot continue until a person has supplied these fields: `fields` is {name: JSON Schema}."""

    def __init__(self, fields: dict[str, dict[str, Any]], reason: str) -> None:
        super().__init__(reason)
        self.fields, self.reason = fields, reason


# -- inputs ----------------------------------------------------------------------------------------
class Period(BaseModel):
    """The time that the rows cover: a length, or the first and the last day that the dates of the rows name."""

    type: Literal["day", "week", "month", "quarter", "year", "working_days", "dates"]
    working_days: int | None = Field(
        None, ge=1, le=MOST_WORKING_DAYS, description="Of a day: how many a month has. Else: how many the rows cover."
    )
    first: date | None = None
    last: date | None = None
    days: int | None = Field(None, ge=1, description="Calendar days from the first to the last day.")
    days_with_rows: int | None = Field(None, ge=1)
    people: int | None = Field(None, ge=0)
    weekends: bool | None = Field(None, description="Whether a row lies on a Saturday or Sunday.")
    source: str | None = Field(None, description="What tells the period: the dates of the rows, or a person.")

    @model_validator(mode="before")
    @classmethod
    def with_one_spelling(cls, value: Any) -> Any:
        """Return the fields with the type in one spelling: `"week"` equals `{"type": "weekly"}`."""
        return with_one_spelling(value)

    @model_validator(mode="after")
    def has_a_length(self) -> Self:
        """Raise ValueError if the period does not say how long it is, or has more days than a month in one."""
        if self.type == "day" and (self.working_days or 0) > MOST_DAYS_OF_A_MONTH:
            raise ValueError(f"a month has no {self.working_days} working days")
        self.periods_per_month()
        return self

    def periods_per_month(self) -> Fraction:
        """Return how many such periods a month has; `schemas.periods.periods_per_month` says by which formula."""
        return periods_per_month(self.model_dump())

    def as_json(self) -> dict[str, Any]:
        """Return the period as a deliverable states it, without what is not known."""
        return self.model_dump(mode="json", exclude_none=True)


def default_if_invalid(value: Any, validate: Callable[[Any], Any]) -> Any:
    """Return the validated value. Raises PydanticUseDefault, for the field's default, if the value is invalid.

    For fields that the agent does not need: an invalid value must not lead to a question to a person.
    """
    try:
        return validate(value)
    except ValidationError:
        raise PydanticUseDefault from None


def refuse_boolean(value: Any) -> Any:
    """Return the value. Raises ValueError for true and false, which Python would accept as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("true and false are not amounts: give a number")
    return value


def require_currency(value: str) -> str:
    """Return the code of a currency. Raises ValueError for any other text."""
    if not is_currency(value):
        raise ValueError(not_a_currency(value))
    return value


T = TypeVar("T")
# The type of a field that the agent can do without.
Unneeded = Annotated[T, WrapValidator(default_if_invalid)]
HourlyRate = Annotated[
    Decimal,
    Field(
        gt=0,
        le=100_000,
        title="Hourly rate",
        description="What does one hour of this team's work cost, everything included?",
        examples=[45],
    ),
    BeforeValidator(refuse_boolean),
]


Currency = Annotated[
    str,
    AfterValidator(require_currency),
    Field(
        title="Currency", description="In which currency is the hourly rate?", json_schema_extra={"enum": list(CODES)}
    ),
]


def as_rows(value: Any) -> Rows:
    """Return the value as Rows: unchanged if it is Rows already, made from a list, and empty for anything else."""
    return value if isinstance(value, Rows) else Rows.of(value if isinstance(value, list) else [])


class AgentInput(BaseModel):
    """The parts of the work context that every agent may read, with defaults for missing or invalid values.

    A subclass declares the fields that its agent needs: if one is missing or invalid, a person is asked for it.
    """

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    rows: SkipJsonSchema[Annotated[Rows, BeforeValidator(as_rows)]] = Field(default_factory=lambda: Rows.of([]))
    hourly_rate: Unneeded[HourlyRate | None] = None
    currency: Unneeded[Currency | None] = None
    period: Unneeded[Period | None] = None
    # Made by a factory: a default that is an object would be copied deeply for each input.
    deliverables: Unneeded[dict[str, dict[str, Any]]] = Field(default_factory=dict)
    request_text: Unneeded[str] = ""
    notes: Unneeded[list[str]] = Field(default_factory=list)


# -- agents ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AgentSpec:
    """A registered agent; `deliverable` is the type of its deliverable, or "" if it delivers nothing.

    A `quick` agent runs inside the worker, up to `prefetch` items in a batch. Any other agent runs in a child
    process, one item at a time, and the worker ends that process after `timeout_seconds`.
    `reads_notes` is True for an agent that acts on the notes of a reviewer who sent its work back.
    `uses_models` is True for one whose function takes the model gateway (`workers.models.contract.Models`) as well.
    """

    name: str
    run: Callable[..., Result]
    input_model: type[AgentInput]
    deliverable: str
    timeout_seconds: float
    prefetch: int
    quick: bool = False
    reads_notes: bool = False
    uses_models: bool = False


AGENTS: dict[str, AgentSpec] = {}

R = TypeVar("R", bound=Callable[..., Result])


def agent(
    name: str,
    *,
    deliverable: str = "",
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    prefetch: int = DEFAULT_PREFETCH,
    quick: bool = False,
    reads_notes: bool = False,
    uses_models: bool = False,
) -> Callable[[R], R]:
    """Register the function as the agent of this name.

    Raises ValueError if another agent has the name, or if it is both quick and asks models.

    `timeout` is in seconds. Set `quick` only for a function that reads no rows and no long texts: the worker waits
    for it and cannot end it. Set `reads_notes` for a function that acts on reviewers' notes, and `uses_models` for one
    that takes the model gateway as its second argument; such a function cannot be quick.
    """

    def register(run: R) -> R:
        if name in AGENTS:
            raise ValueError(f"Two agents are called {name!r}: give one of them another name.")
        if quick and uses_models:
            raise ValueError(f"{name} cannot be quick: a worker does not wait for language models. Leave out `quick`.")
        AGENTS[name] = AgentSpec(
            name, run, input_model_of(run), deliverable, timeout, prefetch, quick, reads_notes, uses_models
        )
        return run

    return register


def input_model_of(run: Callable[..., Result]) -> type[AgentInput]:
    """Return the input model that annotates the function's first parameter. Raises TypeError if there is none."""
    names = list(inspect.signature(run).parameters)
    model = get_type_hints(run).get(names[0]) if names else None
    if not (isinstance(model, type) and issubclass(model, AgentInput)):
        raise TypeError(f"{run.__name__} must take one parameter annotated with a subclass of AgentInput.")
    return model


# -- missing inputs --------------------------------------------------------------------------------
def missing_inputs(spec: AgentSpec, context: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return {field: JSON Schema} of the fields that the agent needs and that are missing or invalid in the context.

    Without rows these are asked for, and not yet their period: the dates of the rows may tell it.
    """
    try:
        spec.input_model.model_validate(context)
    except ValidationError as error:
        names = sorted({str(problem["loc"][0]) for problem in error.errors(include_input=False) if problem["loc"]})
        if "period" in names and as_rows(context.get("rows")).total == 0:
            names = ["rows" if name == "period" else name for name in names]
        return {name: question_schema(spec.input_model, name) for name in names}
    return {}


def question_schema(model: type[AgentInput], name: str) -> dict[str, Any]:
    """Return the field's JSON Schema as a question to a person may have it; see `askable_schema`.

    For a name that is no field of the model, the schema has only a title.
    """
    schema = model.model_json_schema()
    return askable_schema(schema["properties"].get(name, {"title": name}), schema.get("$defs", {}))


def askable_schema(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with ASKABLE keywords only, for a question to a person.

    References are resolved through `definitions`, and of several alternatives the first that is not null is chosen.
    Formats that are not ASKABLE_FORMATS, and defaults that are no single value, are left out.
    """
    if "$ref" in schema:
        definition = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        schema = {**definition, **schema}
    if "anyOf" in schema:
        alternative = next(option for option in schema["anyOf"] if option.get("type") != "null")
        schema = {**askable_schema(alternative, definitions), **schema}
    askable = {key: schema[key] for key in ASKABLE if key in schema}
    if askable.get("format") not in ASKABLE_FORMATS:
        askable.pop("format", None)
    if not isinstance(askable.get("default"), bool | int | float | str):
        askable.pop("default", None)
    if "items" in askable:
        askable["items"] = askable_schema(askable["items"], definitions)
    if "properties" in askable:
        askable["properties"] = {
            key: askable_schema(value, definitions) for key, value in askable["properties"].items()
        }
    return askable
