"""System checks of the sign-in."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from accounts.models import OrganisationRole
from accounts.organisation_roles import BETWEEN
from accounts.roles import ROLES


@register("settings")
def check_sign_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report roles of OIDC_ROLES that do not exist, and links in mails that cannot be made."""
    unknown = sorted(role for role in mapped_roles() - set(ROLES) if BETWEEN not in role)
    found: list[CheckMessage] = []
    if unknown:
        hint = f"Use {', '.join(ROLES)}, or the short name of a role that an organisation has defined."
        found.append(Error(f"OIDC_ROLES names no roles: {', '.join(unknown)}.", hint=hint, id="signin.E001"))
    if settings.SENDS_MAIL and not settings.PUBLIC_URL:
        words = "Nobody gets a mail with a link to a new password: EMAIL_URL is set, and PUBLIC_URL is not."
        found.append(Warning(words, hint="Set PUBLIC_URL to the address of the pages.", id="signin.W001"))
    return found


@register(Tags.database)
def check_mapped_roles(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """signin.W002: each role of an organisation that OIDC_ROLES names is there. Where it is not, nobody gets it."""
    named = {role for role in mapped_roles() if BETWEEN in role}
    if (
        not databases
        or not named
        or OrganisationRole._meta.db_table not in connections["default"].introspection.table_names()
    ):
        return []
    there = set(OrganisationRole.objects.filter(group__name__in=named).values_list("group__name", flat=True))
    if named == there:
        return []
    words = f"OIDC_ROLES names roles that no organisation has defined: {', '.join(sorted(named - there))}."
    hint = "Take the short name of the role from its page in the admin, under “Roles”."
    return [Warning(words, hint=hint, id="signin.W002")]


def mapped_roles() -> set[str]:
    """Return the roles that OIDC_ROLES names; none where there is no single sign-on."""
    sso = settings.SIGN_IN.sso
    return {role for _group, role in sso.roles} if sso else set()
