"""The table of data keys, each sealed by a key-encryption key."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class DataKey(models.Model):
    """A key that values are encrypted with. The newest one encrypts, all of them open."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    wrapped = models.BinaryField(help_text=_("The key, sealed by a key-encryption key."))
    wrapped_by = models.CharField(max_length=200, help_text=_("The id of that key-encryption key."))
    made_at = models.DateTimeField(db_default=Now())
    rotated_at = models.DateTimeField(
        null=True, help_text=_("When every value was encrypted with it; empty while that is still being done.")
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.id.hex
