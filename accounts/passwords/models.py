"""The table of letters that are to be sent: each leads a person to a new password."""

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.utils import timezone


class Letter(models.Model):
    """A mail with a link to a new password, until it is sent.

    For a forgotten password it holds the address that somebody typed, whether or not an account has it.
    """

    class Kind(StrEnum):
        FORGOTTEN = "forgotten"
        INVITATION = "invitation"

    kind = models.CharField(max_length=16)
    typed_address = models.CharField(max_length=254, blank=True)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        app_label = "accounts"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
