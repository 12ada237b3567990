"""Who may call which endpoint: one rule for each method, checked first. Selectors limit the objects."""

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import User


@dataclass(frozen=True)
class Rule:
    """Who may call a method: the scope that a key needs, and the permission that the account needs from its roles.

    Without a permission every account may call, and the selectors limit which objects it reaches. A scope of "" admits
    every key. `people_only` refuses service accounts and all keys: a person has to decide in a session of their own.
    `keys_only` refuses sessions.
    """

    scope: str
    permission: str = ""
    people_only: bool = False
    keys_only: bool = False

    def allows(self, user: User) -> bool:
        """Return True if the account, with the key of the request if there is one, may call."""
        if self.people_only and (user.is_service or user.key is not None):
            return False
        if user.key is None:
            return not self.keys_only and self.is_permitted(user)
        return (not self.scope or self.is_included_in(user.key.scopes)) and self.is_permitted(user)

    def lacks_scope(self, user: User) -> bool:
        """Return True if the call is refused because the key lacks the scope, and for no other reason of the rule."""
        closed = self.people_only or user.key is None or not self.scope
        return not closed and not self.is_included_in(user.key.scopes if user.key else [])

    def is_included_in(self, scopes: list[str]) -> bool:
        """Return True if the scopes include that of the rule; for "work" that of any agent, which the view checks."""
        return any(scope.partition(":")[0] == self.scope for scope in scopes)

    def is_permitted(self, user: User) -> bool:
        """Return True if the account has the permission by its roles, and by the scopes of its key."""
        return not self.permission or user.has_perm(self.permission)


class ScopeMissing(PermissionDenied):
    """The key lacks a scope. The message names the scope, and the command that makes a key with it."""

    default_code = "scope_missing"

    def __init__(self, user: User, scope: str) -> None:
        names = {"scope": scope, "account": user.get_username(), "command": settings.COMMAND}
        words = _(
            "This key lacks the scope “%(scope)s”. Make one that has it: "
            "%(command)s apikey make %(account)s --name NAME --scope %(scope)s"
        )
        super().__init__(words % names)


class HasRules(Protocol):
    """A view with a rule for each HTTP method."""

    rules: dict[str, Rule]
    allowed_methods: list[str]


class Ruled(BasePermission):
    """Applies the rule that the view has for the method; a method without a rule is refused."""

    def has_permission(self, request: Request, view: HasRules) -> bool:  # type: ignore[override]
        """Return True if the account may call. Raises MethodNotAllowed or ScopeMissing."""
        if request.method == "OPTIONS":
            return isinstance(request.user, User)
        method = "GET" if request.method == "HEAD" else str(request.method)
        rule = view.rules.get(method)
        if rule is None and method not in view.allowed_methods:
            raise MethodNotAllowed(method)
        if rule is None or not isinstance(request.user, User):
            return False
        if rule.lacks_scope(request.user):
            raise ScopeMissing(request.user, rule.scope if rule.scope != "work" else "work:AGENT")
        return rule.allows(request.user)
