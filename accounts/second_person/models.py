"""The table of acts that somebody asked for and that wait for a second person."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.organisations import Organisation


class AskedAct(models.Model):
    """One act that somebody asked for, with what is needed to carry it out. It never holds a secret."""

    class Act(models.TextChoices):
        WAIVE = "waive", _("Waive a definition of done")
        ERASE = "erase", _("Erase a person")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        CONFIRMED = "confirmed", _("Confirmed")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")

    act = models.CharField(_("act"), max_length=16, choices=Act.choices)
    # The id of the work item, or the number of the account.
    subject = models.CharField(max_length=64)
    title = models.CharField(_("of what"), max_length=300)
    parameters = models.JSONField(default=dict)
    reason = models.TextField(_("reason"))
    # None is the operator of the machine, at the command line.
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    asked_by = models.CharField(_("asked by"), max_length=200)
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("until"))
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.WAITING)
    settled_by = models.CharField(_("decided by"), max_length=200, blank=True)
    settled_at = models.DateTimeField(_("decided"), null=True)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("organisation")
    )

    class Meta:
        app_label = "accounts"
        verbose_name = _("act that waits for a second person")
        verbose_name_plural = _("waiting for a second person")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["act", "subject"], condition=Q(state="waiting"), name="asked_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()}: {self.title}"
