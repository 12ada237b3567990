from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = gettext_lazy("Webhooks")

    def ready(self) -> None:
        """Connect the signal of key rotation, so that endpoints get the new key."""
        from accounts.keys import key_rotated
        from webhooks.services import follow_rotation

        key_rotated.connect(follow_rotation, dispatch_uid="webhooks.follow_rotation")
