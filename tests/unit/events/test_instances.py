"""Instances that are made without `Model.__init__` are those that Django makes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import models

from backlog.models import Deliverable, Item, Project, WorkContext
from events.instances import loaded, new, refer

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PROJECT = Project(id=uuid4(), title="P", opened_at=NOW)
ITEM: dict[str, Any] = {"id": uuid4(), "project": PROJECT, "position": 1, "key": "a", "depends_on": ["b"]}
MADE: list[tuple[type[models.Model], dict[str, Any]]] = [
    (Project, {"id": uuid4(), "title": "P", "template_id": 7, "correlation_id": uuid4(), "owner": None}),
    (WorkContext, {"project": PROJECT, "data": {"rows": []}}),
    (Item, ITEM),
    (Deliverable, {"id": uuid4(), "project": PROJECT, "item": Item(**ITEM), "type": "t", "recorded_at": NOW}),
]


def state_of(instance: models.Model) -> dict[str, Any]:
    """Every attribute; of `_state`, what is written and read by it."""
    state = instance._state
    return {**instance.__dict__, "_state": (state.adding, dict(state.fields_cache))}


@pytest.mark.parametrize(("model", "values"), MADE, ids=[model.__name__ for model, _ in MADE])
def test_a_new_instance_is_as_django_makes_it(model: type[models.Model], values: dict[str, Any]) -> None:
    assert state_of(new(model, **values)) == state_of(model(**values))


def test_each_new_instance_has_an_id_and_documents_of_its_own() -> None:
    one, other = new(Item), new(Item)
    assert isinstance(one.pk, UUID)
    assert one.pk != other.pk
    one.depends_on.append("x")
    assert other.depends_on == []


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Item has no field sate\."):
        new(Item, sate="DONE")


def test_a_loaded_row_is_as_django_loads_it() -> None:
    names = [field.attname for field in Item._meta.concrete_fields]
    row = [getattr(Item(**ITEM), name) for name in names]
    assert state_of(loaded(Item, row)) == state_of(Item.from_db("default", names, row))


def test_a_reference_that_is_set_is_as_an_assigned_one() -> None:
    one, other = Item(id=ITEM["id"]), Item(id=ITEM["id"])
    refer(one, project=PROJECT)
    other.project = PROJECT
    assert state_of(one) == state_of(other)
