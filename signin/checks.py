"""System checks of the sign-in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from accounts.roles import ROLES


@register("settings")
def check_sign_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report roles of OIDC_ROLES that do not exist, and links in mails that cannot be made."""
    sso = settings.SIGN_IN.sso
    unknown = sorted({role for _group, role in sso.roles} - set(ROLES)) if sso else []
    found: list[CheckMessage] = []
    if unknown:
        hint = f"Use {', '.join(ROLES)}."
        found.append(Error(f"OIDC_ROLES names no roles: {', '.join(unknown)}.", hint=hint, id="signin.E001"))
    if settings.SENDS_MAIL and not settings.PUBLIC_URL:
        words = "Nobody gets a mail with a link to a new password: EMAIL_URL is set, and PUBLIC_URL is not."
        found.append(Warning(words, hint="Set PUBLIC_URL to the address of the pages.", id="signin.W001"))
    return found
