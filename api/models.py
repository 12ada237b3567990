"""The stored responses of POST requests with an Idempotency-Key."""

from django.conf import settings
from django.db import models

from accounts.walls import belongs
from encryption.fields import EncryptedField, Encrypting


class KeptAnswer(Encrypting):
    """The response to one `Idempotency-Key` of an account, stored with the effect. Until then `status` is 0."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the method, the path and the body of the request.")
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    # Where earlier releases kept the body in the clear; the next release removes the column.
    plain_body = models.JSONField(db_column="body", null=True, editable=False)
    body = EncryptedField(db_column="encrypted_body", plain="plain_body")
    claimed_at = models.DateTimeField(null=True, help_text="When a process began the slow work of the request.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_a_key")]

    def __str__(self) -> str:
        return f"{self.key} of {self.user_id}"


belongs(KeptAnswer, by="user__organisation")
