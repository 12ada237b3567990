"""Who may call what: one rule a method, asked before anything else; which objects, the selectors say."""

from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import User


@dataclass(frozen=True)
class Rule:
    """The scope that a key needs, and the permission that the account's roles have to give.

    Without a permission everybody may call: what they reach is theirs by the selectors. `people_only` keeps service
    accounts and every key out: a person decides in person; `keys_only` lets in nobody without a key. A scope of ""
    is any key's.
    """

    scope: str
    permission: str = ""
    people_only: bool = False
    keys_only: bool = False

    def allows(self, user: User) -> bool:
        """Whether the account, with the key it came with, may call."""
        if self.people_only and (user.is_service or user.key is not None):
            return False
        if user.key is None:
            return not self.keys_only and self.is_permitted(user)
        return (not self.scope or self.is_in(user.key.scopes)) and self.is_permitted(user)

    def lacks_scope(self, user: User) -> bool:
        """Whether it is the key's scopes that keep the account out."""
        closed = self.people_only or user.key is None or not self.scope
        return not closed and not self.is_in(user.key.scopes if user.key else [])

    def is_in(self, scopes: list[str]) -> bool:
        """Whether the scopes hold the rule's own; for "work" any agent's will do, and the view asks which."""
        return any(scope.partition(":")[0] == self.scope for scope in scopes)

    def is_permitted(self, user: User) -> bool:
        """Whether the roles, and of them what the key names, give the permission."""
        return not self.permission or user.has_perm(self.permission)


class ScopeMissing(PermissionDenied):
    """The key lacks a scope; the message says which, and how to make a key that has it."""

    default_code = "scope_missing"

    def __init__(self, user: User, scope: str) -> None:
        said = {"scope": scope, "account": user.get_username()}
        words = _(
            "This key lacks the scope “%(scope)s”. Make one that has it: "
            "manage.py apikey make %(account)s --name NAME --scope %(scope)s"
        )
        super().__init__(words % said)


class HasRules(Protocol):
    """A view with a rule for each of its methods."""

    rules: dict[str, Rule]
    allowed_methods: list[str]


class Ruled(BasePermission):
    """The view's rule for the method; a method without one is closed."""

    def has_permission(self, request: Request, view: HasRules) -> bool:  # type: ignore[override]
        """Whether the account may call. Raises MethodNotAllowed where the view has no such method, and ScopeMissing."""
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
