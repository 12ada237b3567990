"""The OpenAPI document is valid, and says of every operation what it is called, takes and gives."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from accounts.roles import ADMINISTRATOR
from tests.callers import machine

pytestmark = pytest.mark.django_db
Json = dict[str, Any]


@pytest.fixture
def document() -> Json:
    """The document as it is served."""
    found: Json = Client().get("/api/schema/?format=json").json()
    return found


def operations(document: Json) -> Iterator[Json]:
    """Every operation."""
    for methods in document["paths"].values():
        yield from methods.values()


def bodies(operation: Json) -> Iterator[Json]:
    """The JSON that it takes, and that it gives when all is well."""
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    for part in [*([operation["requestBody"]] if "requestBody" in operation else []), *answers]:
        if "application/json" in part.get("content", {}):
            yield part["content"]["application/json"]


def test_it_is_valid_openapi_3_1(document: Json) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_operation_has_a_summary_and_an_id_of_its_own(document: Json) -> None:
    found = list(operations(document))
    assert all(one["summary"] and one["description"] and one["operationId"] for one in found)
    assert len({one["operationId"] for one in found}) == len(found)


def test_every_operation_says_how_it_refuses(document: Json) -> None:
    for one in operations(document):
        refusals = {status: answer for status, answer in one["responses"].items() if status.startswith("4")}
        assert {"400", "401", "403", "406", "429"} <= refusals.keys()
        assert all(list(answer["content"]) == ["application/problem+json"] for answer in refusals.values())


def test_every_body_that_is_taken_and_what_comes_of_it_has_an_example(document: Json) -> None:
    taken = [one for one in operations(document) if "requestBody" in one]
    lacking = [one["operationId"] for one in taken for body in bodies(one) if not body.get("examples")]
    assert (bool(taken), lacking) == (True, [])


def test_every_example_fits_its_schema(document: Json) -> None:
    for one in operations(document):
        for body in bodies(one):
            judge = Draft202012Validator({**body["schema"], "components": document["components"]})
            for example in body.get("examples", {}).values():
                assert list(judge.iter_errors(example["value"])) == [], one["operationId"]


def test_every_get_refuses_a_parameter_that_the_document_does_not_list_and_names_those_it_does(document: Json) -> None:
    bot = machine("bot", ADMINISTRATOR)
    gets = [(path, methods["get"]) for path, methods in document["paths"].items() if "get" in methods]
    assert len(gets) > 20
    for path, operation in gets:
        listed = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
        answer = bot.get(with_ids(path), surplus="1")
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:interlock:problem:unknown-parameter"), path
        named = answer.json()["detail"].replace(".", "").partition(": ")[2].split(", ")
        assert "surplus" in answer.json()["detail"]
        assert set(named) == (set(listed) or {"this address takes none"}), path
        for name in listed:
            assert bot.get(with_ids(path), **{name: "1"}).status_code != 400, (path, name)


def with_ids(path: str) -> str:
    """The path below /api/v1, with ids of things that are not there."""
    ids = {"version": "1", "letter_id": "1", "webhook_id": "1", "delivery_id": "1", "name": "x", "event_type": "X"}
    return re.sub(r"{(\w+)}", lambda found: ids.get(found[1], str(uuid4())), path).removeprefix("/api/v1/")
