"""What an agent is: a function from a typed input to a result. No broker, no database, no Django."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticUseDefault

from intake.spreadsheets.rows import Rows

# Two dispatches in hand keep an agent busy without holding work back from its peers.
DEFAULT_PREFETCH = 2
DEFAULT_TIMEOUT_SECONDS = 300

ASKABLE = (
    *("type", "title", "description", "enum", "examples", "default", "format"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"),
    *("items", "minItems", "maxItems", "properties", "required"),
)
ASKABLE_FORMATS = ("date", "date-time", "email", "uri", "uuid")


# -- results ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Result:
    """What an agent made: the deliverable's content, the evidence that it is done, and how sure it is (0..1)."""

    content: dict[str, Any]
    evidence: dict[str, Any] = field(default_factory=dict)
    confidence: float = 0.6


class AgentFailure(Exception):
    """The item cannot be done; `retryable` says whether another try makes sense."""

    retries_help = False

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.retryable = self.retries_help if retryable is None else retryable


class ToolFailure(AgentFailure):
    """Something the agent works with broke."""

    retries_help = True


class DataInsufficient(AgentFailure):
    """What was given is not enough to do the item."""


class Contradiction(AgentFailure):
    """What was given contradicts itself."""


class Missing(Exception):
    """Found at run time: these fields (name → JSON Schema) have to come from a person first."""

    def __init__(self, fields: dict[str, dict[str, Any]], reason: str) -> None:
        super().__init__(reason)
        self.fields, self.reason = fields, reason


# -- inputs ----------------------------------------------------------------------------------------
# How producers spell a period, as one word or as how often it comes round.
PERIODS = {
    "day": ("day", "daily"),
    "week": ("week", "weekly"),
    "month": ("month", "monthly"),
    "quarter": ("quarter", "quarterly"),
    "year": ("year", "yearly", "annual", "annually"),
}
SPELLED_AS = {spelling: name for name, spellings in PERIODS.items() for spelling in spellings}


class Period(BaseModel):
    """The stretch of time that the rows cover."""

    type: Literal["day", "week", "month", "quarter", "year"] = "month"
    working_days: int | None = Field(None, ge=1, le=31, description="Working days a month; only a day's rows need it.")

    @model_validator(mode="before")
    @classmethod
    def from_its_name(cls, value: Any) -> Any:
        """`"week"` says as much as `{"type": "weekly"}`, and nothing says a month."""
        named = {"type": value} if isinstance(value, str) else {} if value is None else value
        if isinstance(named, dict) and isinstance(named.get("type"), str):
            spelling = named["type"].strip().lower()
            return {**named, "type": SPELLED_AS.get(spelling, spelling)}
        return named

    def a_month(self) -> Fraction:
        """How many such periods a month has: 12 months are 4 quarters, 52 weeks or 260 working days."""
        if self.type == "day" and self.working_days:
            return Fraction(self.working_days)
        return Fraction({"day": 260, "week": 52, "month": 12, "quarter": 4, "year": 1}[self.type], 12)


def default_if_unfit(value: Any, check: Callable[[Any], Any]) -> Any:
    """The checked value, or the field's default: an agent asks only for what it needs itself."""
    try:
        return check(value)
    except ValidationError:
        raise PydanticUseDefault from None


def no_truth_value(value: Any) -> Any:
    """The value, unless it is true or false, which are no amounts."""
    if isinstance(value, bool):
        raise ValueError("true and false are no amounts")
    return value


T = TypeVar("T")
Unneeded = Annotated[T, WrapValidator(default_if_unfit)]
HourlyRate = Annotated[
    Decimal,
    Field(
        gt=0,
        le=100_000,
        title="Hourly rate",
        description="What does one hour of this team's work cost, everything included?",
        examples=[45],
    ),
    BeforeValidator(no_truth_value),
]


def as_rows(value: Any) -> Rows:
    """Rows as they are, or made from a list; anything else is no rows."""
    return value if isinstance(value, Rows) else Rows.of(value if isinstance(value, list) else [])


class AgentInput(BaseModel):
    """What any agent may read of the work context; a subclass names, strictly, what its agent needs."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    rows: SkipJsonSchema[Annotated[Rows, BeforeValidator(as_rows)]] = Field(default_factory=lambda: Rows.of([]))
    hourly_rate: Unneeded[HourlyRate | None] = None
    period: Unneeded[Period] = Period()
    deliverables: Unneeded[dict[str, dict[str, Any]]] = {}
    request_text: Unneeded[str] = ""
    notes: Unneeded[list[str]] = []


# -- agents ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AgentSpec:
    """An agent as the loop knows it; `deliverable` is the type it delivers, or empty.

    A `quick` agent runs inside the worker, a batch of `prefetch` items at a time; any other in a child process that
    can be ended, one item a child.
    """

    name: str
    run: Callable[[Any], Result]
    input_model: type[AgentInput]
    deliverable: str
    timeout_seconds: float
    prefetch: int
    quick: bool = False


AGENTS: dict[str, AgentSpec] = {}

A = TypeVar("A", bound=AgentInput)
Run = Callable[[A], Result]


def agent(
    name: str,
    *,
    deliverable: str = "",
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    prefetch: int = DEFAULT_PREFETCH,
    quick: bool = False,
) -> Callable[[Run[A]], Run[A]]:
    """Register the function as the agent of this name. Raises ValueError if the name is taken.

    Say `quick` only of a function that reads no rows and no text: nothing can end it, and its worker waits for it.
    """

    def register(run: Run[A]) -> Run[A]:
        if name in AGENTS:
            raise ValueError(f"Two agents are called {name!r}: give one of them another name.")
        AGENTS[name] = AgentSpec(name, run, input_model_of(run), deliverable, timeout, prefetch, quick)
        return run

    return register


def input_model_of(run: Callable[..., Result]) -> type[AgentInput]:
    """The input model that the function's first parameter is annotated with. Raises TypeError."""
    names = list(inspect.signature(run).parameters)
    model = get_type_hints(run).get(names[0]) if names else None
    if not (isinstance(model, type) and issubclass(model, AgentInput)):
        raise TypeError(f"{run.__name__} must take one parameter annotated with a subclass of AgentInput.")
    return model


# -- what is missing -------------------------------------------------------------------------------
def missing_fields(spec: AgentSpec, context: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Field → JSON Schema of what the agent needs and the context lacks or holds invalid; empty when it can run."""
    try:
        spec.input_model.model_validate(context)
    except ValidationError as error:
        names = sorted({str(problem["loc"][0]) for problem in error.errors(include_input=False) if problem["loc"]})
        return {name: asked(spec.input_model, name) for name in names}
    return {}


def asked(model: type[AgentInput], name: str) -> dict[str, Any]:
    """The field's JSON Schema as a person can be asked: inlined, and of harmless keywords only."""
    schema = model.model_json_schema()
    return plain(schema["properties"].get(name, {"title": name}), schema.get("$defs", {}))


def plain(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema without references, alternatives, or keywords that are not askable."""
    if "$ref" in schema:
        named = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        schema = {**named, **schema}
    if "anyOf" in schema:
        first = next(option for option in schema["anyOf"] if option.get("type") != "null")
        schema = {**plain(first, definitions), **schema}
    kept = {key: schema[key] for key in ASKABLE if key in schema}
    if kept.get("format") not in ASKABLE_FORMATS:
        kept.pop("format", None)
    if not isinstance(kept.get("default"), bool | int | float | str):
        kept.pop("default", None)
    if "items" in kept:
        kept["items"] = plain(kept["items"], definitions)
    if "properties" in kept:
        kept["properties"] = {key: plain(value, definitions) for key, value in kept["properties"].items()}
    return kept
