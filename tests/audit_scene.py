"""People, machines and webhooks of which the audit log tells, and what it has told since they were made."""

from typing import Any

from django.test import Client

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.roles import ADMINISTRATOR, OPERATOR
from tests.callers import account, machine
from webhooks import services

PASSWORD = "a long enough password"
PEOPLE, KEYS, HOOKS, LOG = (
    f"/admin/{page}/" for page in ("accounts/user", "accounts/apikey", "webhooks/endpoint", "accounts/auditrecord")
)
URL = "https://tickets.example.com/secret-path?token=secret"


class Scene:
    """An administrator ann in a browser, an operator olga, a machine bot with a key, and bot's webhook."""

    def __init__(self) -> None:
        self.ann, self.olga = account("ann", ADMINISTRATOR), account("olga", OPERATOR)
        self.ann.set_password(PASSWORD)
        self.ann.save()
        self.browser = Client(REMOTE_ADDR="192.0.2.7", headers={"x-forwarded-for": "203.0.113.9"})
        self.browser.force_login(self.ann)
        self.caller = machine("bot", OPERATOR)
        self.bot = User.objects.get(username="bot")
        self.key = self.bot.keys.get()
        self.hook = services.register_endpoint(self.bot, url=URL)
        self.past = set(AuditRecord.objects.values_list("pk", flat=True))

    def log(self) -> list[str]:
        """A line for each new entry: who, what, to whom, and the details."""
        new = AuditRecord.objects.exclude(pk__in=self.past).order_by("pk")
        return [f"{row.actor or 'nobody'}: {row.action} {row.target} | {row.details}" for row in new]

    def chosen(self, page: str, action: str, row: Any, **more: str) -> Any:
        """An action on one row of an admin list."""
        return self.browser.post(page, {"action": action, "_selected_action": [row.pk], **more})

    def form(self, user: User, **changes: Any) -> Any:
        """The form of a person's page."""
        said = {"save": "1", "username": user.username, "email": user.email, "role": user.groups.get().name}
        return self.pressed(user, **(said | changes))

    def pressed(self, user: User, **form: Any) -> Any:
        """A button of a person's page."""
        return self.browser.post(f"{PEOPLE}{user.pk}/change/", form)


def rest(scene: Scene, act: str, **body: Any) -> Any:
    return scene.caller.post(f"webhooks/{scene.hook.pk}/{act}", body)
