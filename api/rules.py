"""Who may call what: one rule a method, asked before anything else; which objects, the selectors say."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import User

if TYPE_CHECKING:
    from api.base import ApiView


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

    def is_in(self, scopes: list[str]) -> bool:
        """Whether the scopes hold the rule's own; for "work" any agent's will do, and the view asks which."""
        return any(scope.partition(":")[0] == self.scope for scope in scopes)

    def is_permitted(self, user: User) -> bool:
        """Whether the roles, and of them what the key names, give the permission."""
        return not self.permission or user.has_perm(self.permission)


class Ruled(BasePermission):
    """The view's rule for the method; a method without one is closed."""

    def has_permission(self, request: Request, view: "ApiView") -> bool:  # type: ignore[override]
        """Whether the account may call. Raises MethodNotAllowed where the view has no such method."""
        if request.method == "OPTIONS":
            return isinstance(request.user, User)
        method = "GET" if request.method == "HEAD" else str(request.method)
        rule = view.rules.get(method)
        if rule is None and method not in view.allowed_methods:
            raise MethodNotAllowed(method)
        return rule is not None and isinstance(request.user, User) and rule.allows(request.user)
