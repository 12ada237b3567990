"""The table of devices: browsers and phones on which a person is told that a question waits for them."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.walls import belongs

LONGEST_NAME = 200


class Device(models.Model):
    """A browser that its person subscribed.

    `endpoint` is an address at the browser's push service. What is sent there has to be signed with Interlock's own
    key, so the address alone serves nobody.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    endpoint = models.TextField()
    name = models.CharField(_("browser"), max_length=LONGEST_NAME, blank=True)
    made_at = models.DateTimeField(_("made"), default=timezone.now)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ["-made_at", "-id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"device {self.pk}"


belongs(Device, by="owner__organisation")
