"""The contracts: all schemas are loaded and checked once; a contract is an event type with a version."""

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
    """Every contract of a folder. Raises BadSchema if any file of the folder is not a valid contract."""

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
            raise BadSchema(
                f"{schema['$id']}: a $ref names a schema outside of the folder, or one that does not exist: {error}"
            ) from error

    def _add_event(self, path: Path, schema: dict[str, Any]) -> None:
        kind, version = schema.get("x_event_type"), schema.get("x_event_version")
        if not kind or not version:
            raise BadSchema(f"{path.name}: x_event_type and x_event_version are missing")
        if path.name != f"{kind.lower()}.v{version}.schema.json":
            raise BadSchema(f"{path.name}: the name should be {kind.lower()}.v{version}.schema.json")
        if (kind, version) in self._events:
            raise BadSchema(f"{path.name}: {kind} v{version} is defined by another file too")
        self._events[kind, version] = self._compiled(schema)

    def event_types(self) -> list[str]:
        """Return the names of all event types, sorted."""
        return sorted({kind for kind, _ in self._events})

    def documents(self) -> list[dict[str, Any]]:
        """Return every schema of the folder: the envelope, the events and the objects that they share."""
        return list(self._folder)

    def contracts(self) -> list[tuple[str, int]]:
        """Return (event type, version) of every contract, sorted."""
        return sorted(self._events)

    def knows(self, event_type: str, version: int = 1) -> bool:
        """Return True if there is a contract for this event type and version."""
        return (event_type, version) in self._events

    def compiled(self, event_type: str, version: int = 1) -> CompiledSchema:
        """Return the compiled contract. Raises UnknownSchema."""
        try:
            return self._events[event_type, version]
        except KeyError:
            raise UnknownSchema(f"There is no contract for {event_type} version {version}.") from None

    def schema(self, event_type: str, version: int = 1) -> dict[str, Any]:
        """Return the contract's JSON Schema. Raises UnknownSchema."""
        return self.compiled(event_type, version).schema

    def schema_id(self, event_type: str, version: int = 1) -> str:
        """Return the contract's `$id`. Raises UnknownSchema."""
        return str(self.schema(event_type, version)["$id"])

    def direction(self, event_type: str, version: int = 1) -> str:
        """Return `in` (others send the type), `out` (only Interlock does) or `both`. Raises UnknownSchema."""
        return str(self.schema(event_type, version)["x_direction"])

    def description(self, event_type: str, version: int = 1) -> str:
        """Return the sentence that says what the event means. Raises UnknownSchema."""
        return str(self.schema(event_type, version)["description"])

    def is_valid(self, event_type: str, version: int, payload: Any) -> bool:
        """Return True if the payload fits its contract; faster than `problems`. Raises UnknownSchema."""
        return self.compiled(event_type, version).is_valid(payload)

    def problems(self, event_type: str, version: int, payload: Any) -> list[Problem]:
        """Return what is wrong with the payload, empty if it fits its contract. Raises UnknownSchema."""
        return self.compiled(event_type, version).problems(payload)

    def envelope_is_valid(self, document: Any) -> bool:
        """Return True if the document is a valid envelope; its payload is not checked. Faster than the problems."""
        return self.envelope.is_valid(document)

    def envelope_problems(self, document: Any) -> list[Problem]:
        """Return what is wrong with the document as an envelope; empty if it is valid."""
        return self.envelope.problems(document)


def read_folder(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield (path, schema) for every schema file. Raises BadSchema."""
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
    if repeated := [name for name, times in ids.items() if times > 1]:
        raise BadSchema(f"{repeated[0]}: two files have this $id")


def only_one(documents: dict[Path, dict[str, Any]], subfolder: str) -> dict[str, Any]:
    """Return the only schema of a subfolder. Raises BadSchema unless there is exactly one."""
    candidates = [schema for path, schema in documents.items() if path.parent.name == subfolder]
    if len(candidates) != 1:
        raise BadSchema(f"{subfolder}/: exactly one schema is needed here, and there are {len(candidates)}")
    return candidates[0]


@cache
def registry() -> Registry:
    """Return the contracts of this installation, loaded once per process."""
    return Registry()
