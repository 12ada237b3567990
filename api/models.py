"""What the interface remembers of its own: the answers to requests that may be sent twice."""

from django.conf import settings
from django.db import models


class KeptAnswer(models.Model):
    """What a POST with an `Idempotency-Key` was answered; written with its effect. Before, the status is 0."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="Of the method, the path and the body.")
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.JSONField(null=True)
    claimed_at = models.DateTimeField(null=True, help_text="Since when somebody does what is asked; status is 0 then.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_a_key")]

    def __str__(self) -> str:
        return f"{self.key} of {self.user_id}"
