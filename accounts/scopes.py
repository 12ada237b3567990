"""The scopes of API keys: each includes some permissions; `work:<agent>` allows to do the items of one agent."""

import re
from collections.abc import Collection

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

READ, PROJECTS, ITEMS, QUESTIONS = "read", "projects", "items", "questions"
DEAD_LETTERS, TEMPLATES, WEBHOOKS, HEALTH = "dead-letters", "templates", "webhooks", "health"
PEOPLE = "people"

# A key has no permission that none of its scopes names, even if its owner has it.
SCOPES: dict[str, tuple[str, ...]] = {
    READ: (
        "backlog.view_project",
        "backlog.view_item",
        "backlog.view_deliverable",
        "backlog.view_template",
        "clarifications.view_question",
        "events.view_event",
        "events.view_deadletter",
    ),
    PROJECTS: ("backlog.add_project", "backlog.change_project"),
    ITEMS: ("backlog.change_item",),
    QUESTIONS: ("clarifications.change_question",),
    DEAD_LETTERS: ("events.change_deadletter",),
    TEMPLATES: ("backlog.change_template",),
    WEBHOOKS: ("webhooks.add_endpoint", "webhooks.change_endpoint", "webhooks.view_endpoint"),
    # For a directory that keeps people over SCIM; see `scim`.
    PEOPLE: ("accounts.view_user", "accounts.add_user", "accounts.change_user"),
    # For monitors: no permission, so no call of the REST interface; see `health/callers.py`.
    HEALTH: (),
}
# The label of each scope, for people.
LABELS = {
    READ: gettext_lazy("read: look at everything that the account may see"),
    PROJECTS: gettext_lazy("projects: open and cancel them"),
    ITEMS: gettext_lazy("items: dispatch, retry, cancel and waive them"),
    QUESTIONS: gettext_lazy("questions: answer, decline and hand them over"),
    DEAD_LETTERS: gettext_lazy("dead-letters: replay and discard them"),
    TEMPLATES: gettext_lazy("templates: make new versions"),
    WEBHOOKS: gettext_lazy("webhooks: add and change webhooks, which send events to other programs"),
    PEOPLE: gettext_lazy("people: keep people and their groups over SCIM, for a directory"),
    HEALTH: gettext_lazy("health: read the reasons of /readyz and the figures of /metrics, and nothing else"),
}
WORK_SCOPE = re.compile(r"work:(\*|[a-z][a-z0-9_]{0,99})")


def require_known_scopes(scopes: Collection[str]) -> None:
    """Raise ValueError if there are no scopes, or one of them does not exist."""
    if not scopes:
        raise ValueError(_("A key needs at least one scope: %(scopes)s.") % {"scopes": all_scope_names()})
    for scope in scopes:
        if scope not in SCOPES and not WORK_SCOPE.fullmatch(scope):
            raise ValueError(
                _("There is no scope “%(scope)s”, only %(scopes)s.") % {"scope": scope, "scopes": all_scope_names()}
            )


def all_scope_names() -> str:
    """Return the names of all scopes in one line."""
    return ", ".join([*SCOPES, "work:<agent>", "work:*"])


def any_scope_permits(scopes: Collection[str], permission: str) -> bool:
    """Return True if one of the scopes includes the permission."""
    return any(permission in SCOPES.get(scope, ()) for scope in scopes)


def grants_work(scopes: Collection[str], agent: str) -> bool:
    """Return True if one of the scopes allows to do the items of the agent."""
    return "work:*" in scopes or f"work:{agent}" in scopes
