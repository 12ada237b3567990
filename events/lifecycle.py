"""Guarded transitions: django-fsm's, with an error that names the object, from, to and what is allowed."""

import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django_fsm import FSMField, TransitionNotAllowed, transition

from events.errors import PermanentError

logger = logging.getLogger(__name__)


class IllegalTransition(PermanentError):
    """The lifecycle has no such edge; nothing changed."""

    def __init__(self, obj: models.Model, name: str, target: str, allowed: list[str]) -> None:
        self.obj, self.name, self.target, self.allowed = obj, name, target, allowed
        self.state: str = getattr(obj, "state", "") or str(getattr(obj, "status", "?"))
        super().__init__(self.words())

    def words(self) -> str:
        """What a person is told: the states by their names."""
        label = labels(self.obj)
        said = {"what": self.obj, "state": label(self.state), "target": label(self.target)}
        refused = _("%(what)s is “%(state)s” and cannot become “%(target)s”.") % said
        if not self.allowed:
            return refused + " " + _("It is final.")
        ways = ", ".join(f"“{label(state)}”" for state in self.allowed)
        return refused + " " + _("From here it can become: %(ways)s.") % {"ways": ways}


def labels(obj: models.Model) -> Callable[[str], str]:
    """From a state's code to its name."""
    field = next(f for f in obj._meta.concrete_fields if isinstance(f, FSMField))
    names = dict(field.flatchoices)
    return lambda code: str(names.get(code, code))


def edge(
    field: FSMField, *, source: Iterable[str], target: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A transition method of the lifecycle; calling it from any other state raises IllegalTransition."""

    def decorate(method: Callable[..., None]) -> Callable[..., None]:
        guarded = transition(field=field, source=list(source), target=target)(method)

        @functools.wraps(guarded)
        def move(obj: Any, *args: Any, **kwargs: Any) -> None:
            try:
                guarded(obj, *args, **kwargs)
            except TransitionNotAllowed as error:
                available = getattr(obj, f"get_available_{field.name}_transitions")()
                refusal = IllegalTransition(obj, method.__name__, target, sorted({str(t.target) for t in available}))
                said = (obj, refusal.state, target, ", ".join(refusal.allowed) or "nothing: it is final")
                logger.warning("Refused: %s is %s and cannot become %s, only %s", *said)
                raise refusal from error

        return move

    return decorate
