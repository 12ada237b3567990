"""Guarded transitions: django-fsm's, with an error that names the object, from, to and what is allowed."""

import functools
import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.db import models
from django_fsm import FSMField, TransitionNotAllowed, transition

from events.errors import PermanentError

logger = logging.getLogger(__name__)


class IllegalTransition(PermanentError):
    """The lifecycle has no such edge; nothing changed."""

    def __init__(self, obj: models.Model, name: str, target: str, allowed: list[str]) -> None:
        state = getattr(obj, "state", None) or getattr(obj, "status", "?")
        ways = ", ".join(allowed) or "nothing: it is final"
        super().__init__(f"{obj} is {state} and cannot become {target}. From here it can become: {ways}.")
        self.obj, self.name, self.target, self.allowed = obj, name, target, allowed


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
                logger.warning("Refused: %s", refusal)
                raise refusal from error

        return move

    return decorate
