"""Makes instances of models as Django does, without the detours of `Model.__init__`.

For each project some thirty rows are read or made. To go over all fields of each, with a descriptor for most, took a
seventh of the orchestrator's time.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState

M = TypeVar("M", bound=models.Model)


class Shape(NamedTuple):
    """The attributes of a model's columns, those with a fixed default, those with one that is made, and references."""

    attributes: tuple[str, ...]
    fixed: dict[str, Any]
    made: dict[str, Callable[[], Any]]
    references: frozenset[str]


@cache
def shape_of(model: type[models.Model]) -> Shape:
    """Return the shape of the model."""
    fields = model._meta.concrete_fields
    made = {f.attname: f.get_default for f in fields if f.has_default() and callable(f.default)}
    fixed = {f.attname: f.get_default() for f in fields if f.attname not in made}
    references = frozenset(f.name for f in fields if f.is_relation)
    return Shape(tuple(f.attname for f in fields), fixed, made, references)


def loaded(model: type[M], row: Sequence[Any]) -> M:
    """Return the instance for a row of the database that has all columns of the model, in their order."""
    instance = model.__new__(model)
    state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    instance.__dict__.update(zip(shape_of(model).attributes, row, strict=True), _state=state)
    return instance


def new(model: type[M], **values: Any) -> M:
    """Return a new instance with these values, and the default of every other field.

    A reference is given as an instance that has its key, or by its key (`project_id`). Raises TypeError for a name that
    is no field.
    """
    shape, instance = shape_of(model), model.__new__(model)
    instance.__dict__.update(shape.fixed, _state=ModelState())
    for name, make in shape.made.items():
        if name not in values:
            instance.__dict__[name] = make()
    referred = {name: values.pop(name) for name in shape.references & values.keys()}
    if unknown := values.keys() - set(shape.attributes):
        raise TypeError(f"{model.__name__} has no field {', '.join(sorted(unknown))}.")
    instance.__dict__.update(values)
    refer(instance, **referred)
    return instance


def refer(instance: models.Model, **referred: models.Model | None) -> None:
    """Have the instance refer to these instances, as an assignment to its attributes does."""
    for name, other in referred.items():
        field: Any = instance._meta.get_field(name)
        instance.__dict__[field.attname] = None if other is None else other.pk
        field.set_cached_value(instance, other)
