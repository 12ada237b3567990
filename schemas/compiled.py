"""One JSON Schema compiled for two validators.

The fast validator (jsonschema-rs) decides, the reference validator (jsonschema, in `reference.py`) writes the messages.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from schemas.formats import FORMATS
from schemas.lint import BadSchema, require_sound

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

LONGEST_MESSAGE = 300
MOST_PROBLEMS = 50
# Errors that are read from the reference validator for one document: a message costs 60 µs, and a document of 1 MiB
# can break a contract half a million times.
MOST_ERRORS_READ = 1000


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of a document: where it is (JSON Pointer; empty for the whole document) and a message.

    `keyword` and `limit` are the schema keyword that the document breaks and its value; `detail` is the property that
    the fault names, if any. Pages build their own wording from these three.
    """

    pointer: str
    message: str
    keyword: str = field(default="", compare=False)
    limit: Any = field(default=None, compare=False)
    detail: str = field(default="", compare=False)


class CompiledSchema:
    """One schema, compiled for the fast validator and for the reference validator.

    A document on which the two disagree is refused, and the disagreement is counted in `disagreements`.
    """

    disagreements: Counter[str] = Counter()

    def __init__(self, schema: dict[str, Any], *, folder: Sequence[dict[str, Any]] = ()) -> None:
        self.schema, self._folder = schema, folder
        self.name = str(schema.get("$id") or schema.get("title") or "schema")
        named = [(known["$id"], known) for known in folder]
        self._fast = jsonschema_rs.Draft202012Validator(
            schema,
            formats=FORMATS,
            validate_formats=True,
            registry=jsonschema_rs.Registry(named, retriever=refuse_to_fetch),
            retriever=refuse_to_fetch,
        )

    @cached_property
    def _reference(self) -> "Draft202012Validator":
        from schemas.reference import reference_validator  # where it is needed: see there

        return reference_validator(self.schema, self._folder)

    def is_valid(self, document: Any) -> bool:
        """Return True if the fast validator accepts; a refusal is compared with the reference's verdict."""
        try:
            accepted = bool(self._fast.is_valid(document))
        except Exception:  # what the fast validator cannot check is refused
            accepted = False
        if not accepted and self._reference.is_valid(document):
            self.disagreements[self.name] += 1
        return accepted

    def problems(self, document: Any) -> list[Problem]:
        """Return the document's faults, sorted by JSON Pointer, MOST_PROBLEMS at most; empty for a valid document."""
        errors = islice(self._reference.iter_errors(document), MOST_ERRORS_READ)
        problems = sorted({problem_of(error) for error in errors})
        if not problems and not self.is_valid(document):
            return [Problem("", "the two validators disagree about this document, so it is refused")]
        return problems[:MOST_PROBLEMS]

    def agree(self, document: Any) -> bool:
        """Return True if both validators give the same verdict about the document."""
        return bool(self._fast.is_valid(document)) == self._reference.is_valid(document)


def problem_of(error: "ValidationError") -> Problem:
    """Return the validation error as a Problem, its message cut to LONGEST_MESSAGE characters."""
    tokens = [str(part).replace("~", "~0").replace("/", "~1") for part in error.absolute_path]
    message = error.message
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:100]} … {message[-150:]}"
    pointer = "".join("/" + token for token in tokens)
    return Problem(pointer, message, str(error.validator), error.validator_value, property_named(error))


def property_named(error: "ValidationError") -> str:
    """Return the name of the missing or the unexpected property; empty for any other fault."""
    limit: Any = error.validator_value
    if error.validator == "required":
        return next((name for name in limit if f"{name!r} is a required" in error.message), "")
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        schema: Any = error.schema
        known = schema.get("properties", {})
        return next((str(name) for name in error.instance if name not in known), "")
    return ""


def refuse_to_fetch(uri: str) -> Any:
    """Raise BadSchema: a `$ref` may name only a schema of the folder, and is never fetched from the network."""
    raise BadSchema(f"$ref {uri!r} leaves the folder of schemas")


def compile_schema(schema: dict[str, Any]) -> CompiledSchema:
    """Return the compiled schema; the same schema is compiled once per process. Raises BadSchema."""
    return _compiled(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=1024)
def _compiled(canonical: bytes) -> CompiledSchema:
    schema = json.loads(canonical)
    require_sound(schema, where="schema")
    return CompiledSchema(schema)
