"""The people of Interlock and its machines: a user model of our own from the first migration, and their keys."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.scopes import permits


class User(AbstractUser):
    """A member of staff, a requester or a service account, and how they like to read."""

    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    is_service = models.BooleanField(
        _("service account"), default=False, help_text=_("A machine: it comes with a key, and approves nothing.")
    )

    key: "ApiKey | None" = None  # what this user came with, when it was no session

    def __str__(self) -> str:
        return self.get_username()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """What the roles permit, and of that, with a key, only what its scopes name; every door asks here."""
        return super().has_perm(perm, obj) and (self.key is None or permits(self.key.scopes, perm))


class ApiKeys(models.QuerySet["ApiKey"]):
    """Keys, live or not."""

    def live(self) -> "ApiKeys":
        """Those that open something."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(unexpired, revoked_at=None)


class ApiKey(models.Model):
    """A key by which a machine comes in as its user; its text is nowhere, only a digest of it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="keys"
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What it is for, such as “ticket system”."))
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, help_text=_("What is shown of it."))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    objects = ApiKeys.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_live(self) -> bool:
        """Whether it opens something."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())
