"""Guarded state transitions: django-fsm's, with an error that names the object, both states and what is allowed."""

import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django_fsm import FSMField, FSMFieldDescriptor, TransitionNotAllowed, transition

from events.errors import PermanentError

logger = logging.getLogger(__name__)


class IllegalTransition(PermanentError):
    """The object's lifecycle does not allow this change of state; nothing was changed."""

    def __init__(self, obj: models.Model, name: str, target: str, allowed: list[str]) -> None:
        self.obj, self.name, self.target, self.allowed = obj, name, target, allowed
        self.state: str = getattr(obj, "state", "") or str(getattr(obj, "status", "?"))
        super().__init__(self.in_words())

    def in_words(self) -> str:
        """Return the message for people, with the names of the states."""
        name_of = state_names(self.obj)
        values = {"what": self.obj, "state": name_of(self.state), "target": name_of(self.target)}
        refusal = _("%(what)s is “%(state)s” and cannot become “%(target)s”.") % values
        if not self.allowed:
            return refusal + " " + _("It is final.")
        ways = ", ".join(f"“{name_of(state)}”" for state in self.allowed)
        return refusal + " " + _("From here it can become: %(ways)s.") % {"ways": ways}


def state_names(obj: models.Model) -> Callable[[str], str]:
    """Return a function that gives the name of a state for its code."""
    field = next(f for f in obj._meta.concrete_fields if isinstance(f, StateField))
    names = dict(field.flatchoices)
    return lambda code: str(names.get(code, code))


class StateDescriptor(FSMFieldDescriptor):
    """A state as an attribute; it is read some hundred times for each project, and set by transitions alone."""

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        """Return the state of the object; of a class, the descriptor."""
        found = obj.__dict__.get(self.field.attname) if obj is not None else None
        return super().__get__(obj, owner) if found is None else found


class StateField(FSMField):
    """A protected state, as FSMField: its transitions send no signals, which took most of the time of each."""

    descriptor_class = StateDescriptor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "protected": True})

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Return the field as migrations have it: a CharField, which makes the same column.

        Each FSMField of a model of a migration would look at every model that is made after it, for its transitions.
        """
        name, _path, args, kwargs = super().deconstruct()
        del kwargs["protected"]
        return name, "django.db.models.CharField", args, kwargs

    def change_state(self, obj: Any, method: Any) -> None:
        """Do the transition of this method. Raises TransitionNotAllowed, and changes nothing, in any other state."""
        state = getattr(obj, self.attname)
        if state not in (edges := method._django_fsm.transitions):
            raise TransitionNotAllowed(f"{method.__name__} is no transition from {state}", object=obj, method=method)
        method(obj)
        self.set_state(obj, edges[state].target)


def edge(
    field: StateField, *, source: Iterable[str], target: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator for a transition method of a lifecycle: from one of the `source` states to `target`.

    The method raises IllegalTransition when it is called in any other state.
    """

    def decorate(method: Callable[..., None]) -> Callable[..., None]:
        guarded = transition(field=field, source=list(source), target=target)(method)

        @functools.wraps(guarded)
        def move(obj: Any) -> None:
            try:
                guarded(obj)
            except TransitionNotAllowed as error:
                available = getattr(obj, f"get_available_{field.name}_transitions")()
                refusal = IllegalTransition(obj, method.__name__, target, sorted({str(t.target) for t in available}))
                values = (
                    f"{type(obj).__name__} {obj.pk}",
                    refusal.state,
                    target,
                    ", ".join(refusal.allowed) or "nothing: it is final",
                )
                logger.warning("Refused: %s is %s and cannot become %s, only %s", *values)
                raise refusal from error
            # The unit of work counts it once it is committed.
            obj.__dict__.setdefault("unwritten_states", []).append(target)

        return move

    return decorate
