"""The table of browsers in which people are signed in, so that a person can look at their sessions and end one."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_BROWSER, LONGEST_ADDRESS = 200, 45


class BrowserSession(models.Model):
    """One session of a person: from where and with which browser it began, and when it was used last.

    Whether it still lasts is said by the session itself, which `accounts.sessions` looks up.
    """

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browsers")
    session_key = models.CharField(max_length=40, unique=True)
    address = models.CharField(_("from"), max_length=LONGEST_ADDRESS, blank=True)
    browser = models.CharField(_("browser"), max_length=LONGEST_BROWSER, blank=True)
    signed_in_at = models.DateTimeField(_("signed in"), auto_now_add=True)
    used_at = models.DateTimeField(_("last used"), db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.account_id}: {self.browser}"
