"""Checking a definition takes a bounded time, however it is made up, at every door."""

import time
from contextlib import suppress
from typing import Any

import pytest
import yaml
from django.urls import reverse
from jsonschema import Draft202012Validator

from accounts.roles import ADMINISTRATOR
from backlog.admin.forms import MOST_TEXT, read_definition
from backlog.blueprints import MOST_BYTES, add_version, checked_definition
from backlog.errors import InvalidTemplate
from backlog.models import Template
from schemas.restricted import fault_of
from tests.callers import machine, person

pytestmark = pytest.mark.django_db


def schema(number: int, properties: int) -> dict[str, Any]:
    """A schema like no other, with so many properties."""
    return {"type": "object", "title": str(number), "properties": {f"p{n}": {} for n in range(properties)}}


def definition(items: int, properties: int, *, distinct: int) -> dict[str, Any]:
    """Items that use so many distinct schemas."""
    listed = [
        {"key": f"k{n}", "title": "T", "agent_target": "a", "needs": schema(n % distinct, properties)}
        for n in range(items)
    ]
    return {"name": "large", "title": "Large", "items": listed}


def seconds(what: dict[str, Any]) -> float:
    """How many CPU seconds checking it takes, whether it may be used or not."""
    fault_of.cache_clear()
    started = time.process_time()
    with suppress(InvalidTemplate):
        checked_definition(what)
    return time.process_time() - started


def bare_seconds(what: dict[str, Any]) -> float:
    """How many CPU seconds jsonschema alone takes to check each of its schemas once."""
    started = time.process_time()
    for item in what["items"]:
        Draft202012Validator.check_schema(item["needs"])
    return time.process_time() - started


def test_200_items_are_checked_in_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    largest = definition(6, 1400, distinct=6)
    bare = bare_seconds(largest)
    took = {
        "200 items with large schemas": seconds(definition(200, 1400, distinct=200)),
        "as large as may be": seconds(largest),
        "200 items with one schema": seconds(definition(200, 30, distinct=1)),
    }
    with capsys.disabled():
        print("\n" + "; ".join(f"{what}: {said / bare:.2f} × bare" for what, said in took.items()))  # noqa: T201
    assert max(took.values()) < 3 * bare


@pytest.mark.parametrize("needs", [{"type": "object", "properties": {}}, {"type": "object", "pattern": "a"}])
def test_a_schema_is_checked_once_however_often_it_is_used_good_or_bad(needs: dict[str, Any]) -> None:
    fault_of.cache_clear()
    items = [{"key": f"k{n}", "title": "T", "agent_target": "a", "needs": needs} for n in range(200)]
    seconds({"name": "large", "title": "Large", "items": items})
    assert fault_of.cache_info().misses == 1


def short_yaml(what: dict[str, Any]) -> str:
    """The definition as YAML without much indentation."""
    return yaml.safe_dump(what, default_flow_style=True, width=10**6)


def test_what_is_too_large_is_refused_at_every_door_with_its_size() -> None:
    large = definition(180, 60, distinct=180)
    with pytest.raises(InvalidTemplate, match=f"may have {MOST_BYTES}"):
        add_version(large, by="test")
    assert [fault for fault in read_definition(short_yaml(large))[1] if str(MOST_BYTES) in str(fault)]
    assert [fault for fault in read_definition(" " * (MOST_TEXT + 1))[1] if str(MOST_TEXT) in str(fault)]
    admin = person("ann", ADMINISTRATOR)
    page = reverse("admin:backlog_template_change", args=[Template.objects.first().pk])  # type: ignore[union-attr]
    assert str(MOST_BYTES) in admin.client.post(page, {"definition": short_yaml(large)}).content.decode()
    for path in ("templates/validate", "templates/large/versions"):
        answer = machine(path.replace("/", "-"), ADMINISTRATOR, "templates", "read").post(path, {"definition": large})
        assert (answer.status_code, str(MOST_BYTES) in answer.json()["detail"]) == (422, True)
    assert not Template.objects.filter(name="large").exists()
