"""The contracts: loaded once, whole and checked; two validators answer for each."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from schemas import strict_json
from schemas.compiled import CompiledSchema, Problem
from schemas.lint import BadSchema, require_sound

FOLDER = Path(__file__).parent


class UnknownSchema(LookupError):
    """No contract has this type and version."""


class Registry:
    """Every contract of a folder. Raises BadSchema when anything in it is not as it must be."""

    def __init__(self, folder: Path = FOLDER) -> None:
        documents = dict(read_folder(folder))
        require_unique_ids(documents)
        self._folder = list(documents.values())
        self.envelope = self._compiled(only_one(documents, "envelope"))
        self._events: dict[tuple[str, int], CompiledSchema] = {}
        for path, schema in documents.items():
            if path.parent.name == "events":
                self._add_event(path, schema)

    def _compiled(self, schema: dict[str, Any]) -> CompiledSchema:
        try:
            return CompiledSchema(schema, folder=self._folder)
        except (ValueError, jsonschema_rs.ReferencingError, jsonschema_rs.ValidationError) as error:
            raise BadSchema(f"{schema['$id']}: a $ref leaves the folder, or leads nowhere in it: {error}") from error

    def _add_event(self, path: Path, schema: dict[str, Any]) -> None:
        kind, version = schema.get("x_event_type"), schema.get("x_event_version")
        if not kind or not version:
            raise BadSchema(f"{path.name}: x_event_type and x_event_version are missing")
        if path.name != f"{kind.lower()}.v{version}.schema.json":
            raise BadSchema(f"{path.name}: the name should be {kind.lower()}.v{version}.schema.json")
        if (kind, version) in self._events:
            raise BadSchema(f"{path.name}: {kind} v{version} is there already")
        self._events[kind, version] = self._compiled(schema)

    def event_types(self) -> list[str]:
        """Every event type, sorted."""
        return sorted({kind for kind, _ in self._events})

    def documents(self) -> list[dict[str, Any]]:
        """Every schema of the folder: the envelope, the events and what they share."""
        return list(self._folder)

    def contracts(self) -> list[tuple[str, int]]:
        """Every event type with its versions, sorted."""
        return sorted(self._events)

    def knows(self, event_type: str, version: int = 1) -> bool:
        """Whether there is a contract."""
        return (event_type, version) in self._events

    def compiled(self, event_type: str, version: int = 1) -> CompiledSchema:
        """The contract of a type. Raises UnknownSchema."""
        try:
            return self._events[event_type, version]
        except KeyError:
            raise UnknownSchema(f"There is no contract for {event_type} version {version}.") from None

    def schema(self, event_type: str, version: int = 1) -> dict[str, Any]:
        """The contract's JSON Schema. Raises UnknownSchema."""
        return self.compiled(event_type, version).schema

    def schema_id(self, event_type: str, version: int = 1) -> str:
        """The contract's $id. Raises UnknownSchema."""
        return str(self.schema(event_type, version)["$id"])

    def direction(self, event_type: str, version: int = 1) -> str:
        """in, out or both."""
        return str(self.schema(event_type, version)["x_direction"])

    def description(self, event_type: str, version: int = 1) -> str:
        """What the type tells, in a sentence. Raises UnknownSchema."""
        return str(self.schema(event_type, version)["description"])

    def is_valid(self, event_type: str, version: int, payload: Any) -> bool:
        """Whether the payload keeps the contract; quick. Raises UnknownSchema."""
        return self.compiled(event_type, version).is_valid(payload)

    def problems(self, event_type: str, version: int, payload: Any) -> list[Problem]:
        """How the payload breaks the contract. Raises UnknownSchema."""
        return self.compiled(event_type, version).problems(payload)

    def envelope_is_valid(self, document: Any) -> bool:
        """Whether the document is an envelope; quick."""
        return self.envelope.is_valid(document)

    def envelope_problems(self, document: Any) -> list[Problem]:
        """Why the document is no envelope."""
        return self.envelope.problems(document)


def read_folder(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every schema file with its checked content."""
    for path in sorted(folder.glob("*/*.schema.json")):
        try:
            schema = strict_json.loads(path.read_bytes())
        except strict_json.InvalidJson as error:
            raise BadSchema(f"{path.name}: {error}") from error
        if not isinstance(schema, dict) or not isinstance(schema.get("$id"), str):
            raise BadSchema(f"{path.name}: a schema file is an object with an $id")
        require_sound(schema, where=path.name)
        yield path, schema


def require_unique_ids(documents: dict[Path, dict[str, Any]]) -> None:
    """Raise BadSchema when two files have the same $id."""
    ids = Counter(schema["$id"] for schema in documents.values())
    if twice := [name for name, times in ids.items() if times > 1]:
        raise BadSchema(f"{twice[0]}: two files have this $id")


def only_one(documents: dict[Path, dict[str, Any]], room: str) -> dict[str, Any]:
    """The one schema in a room of the folder."""
    found = [schema for path, schema in documents.items() if path.parent.name == room]
    if len(found) != 1:
        raise BadSchema(f"{room}/: one schema is needed, {len(found)} are there")
    return found[0]


@cache
def registry() -> Registry:
    """The contracts of this installation."""
    return Registry()
