"""Words that everybody here thinks of first: a password that is little more than these is refused.

They are the name of the system, its roles, the names in the address of the pages, and that of the single sign-on.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.roles import ROLES

SHORTEST_WORD = 4
# What has to be left of a password without these words: as long as any password has to be.
LEAST_BESIDE = 8
WORD = re.compile(r"[^\W\d_]+")


class NoWordsOfThisPlace:
    """Refuses passwords that are too short once the words of this installation are taken out of them."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError if too little is left."""
        left = password.casefold()
        for word in words_of_this_place():
            left = left.replace(word, "")
        if len(left) < min(LEAST_BESIDE, len(password)):
            raise ValidationError(self.get_help_text(), code="password_of_this_place")

    def get_help_text(self) -> str:
        """Return what to do."""
        return _("Your password can’t be made of the names of this system, its roles or its address.")


def words_of_this_place() -> list[str]:
    """Return the words in small letters, the longest first."""
    sso = settings.SIGN_IN.sso
    named = " ".join(["interlock", *ROLES, urlsplit(settings.PUBLIC_URL).hostname or "", sso.name if sso else ""])
    words = {word for word in WORD.findall(named.casefold()) if len(word) >= SHORTEST_WORD}
    return sorted(words, key=len, reverse=True)
