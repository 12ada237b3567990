"""How each provider is asked, and how its answers are read.

A dialect is two functions: one makes the request, one reads an object of the answer into a `Reply`, be the answer one
object or a stream of them. No dialect offers the model a tool, and none runs what an answer asks for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from environment.model_access import ModelProvider
from workers.models.transport import Request

# Tokens that a model may write, thoughts included.
MOST_OUTPUT_TOKENS = 4_000


@dataclass(frozen=True)
class Asked:
    """What a model is asked, in the form that all dialects have in common. `schema` is the answer's JSON Schema."""

    provider: ModelProvider
    instructions: str
    data: str
    schema: Mapping[str, Any]
    streams: bool


@dataclass
class Reply:
    """What a model has answered so far.

    `ended` is why it ended: "stop", "length", "refusal", "tool", or empty if it did not say. `error` is what the
    provider says went wrong in the middle of an answer. Tokens are None if it did not count them.
    """

    text: str = ""
    ended: str = ""
    error: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class Dialect:
    """How one provider is asked and read."""

    request: Callable[[Asked], Request]
    read: Callable[[Mapping[str, Any], Reply], None]


def part(value: Any, *keys: str) -> Mapping[str, Any]:
    """Return the object at this path of keys; an empty one if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def parts(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none if it is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return the value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """Return the value if it is a whole number that counts something, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
