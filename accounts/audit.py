"""The audit log: what was done to accounts, roles, keys, webhooks, links and groups, and who sent a dangerous file.

It is separate from the ledger of events, which workers can read. A row is written in the transaction of the act, so
that both are stored or neither. Names are stored as text, because they have to outlive the accounts. No secret is
stored: of a password, a key or a webhook's secret only the fact that it changed, of a webhook's address only the host.
"""

import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import PurePath
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.organisations import FIRST_ORGANISATION, Organisation

COMMAND_LINE = "command line"
LONGEST_NAME = 150
LONGEST_ADDRESS = 45
LONGEST_DETAILS = 2000
# The request that this thread handles; None at the command line.
current_request: ContextVar[HttpRequest | None] = ContextVar("current_request", default=None)


class AuditRecord(models.Model):
    """One act that concerns an account, role, key, webhook or shared link.

    The database refuses to change or delete a row.
    """

    class Action(models.TextChoices):
        SIGNED_IN = "signed-in", _("Signed in")
        SIGN_IN_FAILED = "sign-in-failed", _("Sign-in failed")
        SIGNED_OUT = "signed-out", _("Signed out")
        INVITED = "invited", _("Invited")
        LINKED = "linked", _("Linked with the single sign-on")
        JOINED = "joined", _("Linked with another account of the person")
        LEFT = "left", _("Not linked with another account any more")
        SWITCHED = "switched", _("Switched to another organisation")
        ACCOUNT_MADE = "account-made", _("Account made")
        ACCOUNT_CHANGED = "account-changed", _("Account changed")
        ACCOUNT_DELETED = "account-deleted", _("Account deleted")
        PASSWORD_CHANGED = "password-changed", _("Password changed")
        RIGHTS_GIVEN = "rights-given", _("Rights given")
        RIGHTS_TAKEN = "rights-taken", _("Rights taken away")
        ROLE_MADE = "role-made", _("Role made")
        ROLE_CHANGED = "role-changed", _("Role renamed")
        ROLE_DELETED = "role-deleted", _("Role deleted")
        KEY_MADE = "key-made", _("Key made")
        KEY_ROTATED = "key-rotated", _("Key rotated")
        KEY_CHANGED = "key-changed", _("Key changed")
        KEY_REVOKED = "key-revoked", _("Key revoked")
        KEY_DELETED = "key-deleted", _("Key deleted")
        WEBHOOK_MADE = "webhook-made", _("Webhook made")
        WEBHOOK_CHANGED = "webhook-changed", _("Webhook changed")
        WEBHOOK_DISABLED = "webhook-disabled", _("Webhook disabled")
        WEBHOOK_ENABLED = "webhook-enabled", _("Webhook enabled")
        WEBHOOK_SECRET_ROTATED = "webhook-secret-rotated", _("Webhook secret rotated")
        WEBHOOK_DELETED = "webhook-deleted", _("Webhook deleted")
        FILE_QUARANTINED = "file-quarantined", _("File put into quarantine")
        LINK_MADE = "link-made", _("Shared link made")
        LINK_OPENED = "link-opened", _("Shared link opened")
        LINK_REVOKED = "link-revoked", _("Shared link revoked")
        LINK_DELETED = "link-deleted", _("Shared link deleted")
        GROUP_DROPPED = "group-dropped", _("Consumer group dropped")
        REPORT_OPENED = "report-opened", _("Report looked at")
        REPORT_EXPORTED = "report-exported", _("Report exported")
        TEMPLATE_MADE = "template-made", _("Template changed")
        MODELS_CHANGED = "models-changed", _("Language models changed")
        DECISION_REFUSED = "decision-refused", _("Decision refused")
        QUOTA_CHANGED = "quota-changed", _("Quota changed")
        PERSON_EXPORTED = "person-exported", _("Personal data exported")
        PERSON_ERASED = "person-erased", _("Person erased")
        STAND_IN_NAMED = "stand-in-named", _("Stand-in named")
        STAND_IN_ENDED = "stand-in-ended", _("Stand-in not named any more")
        ANSWERED_FOR = "answered-for", _("Decided for a person who is away")
        ACT_ASKED = "act-asked", _("Second person asked for")
        ACT_CONFIRMED = "act-confirmed", _("Confirmed by a second person")
        ACT_REJECTED = "act-rejected", _("Rejected by a second person")
        ACT_EXPIRED = "act-expired", _("Confirmed by nobody in time")

    recorded_at = models.DateTimeField(
        _("when"),
        db_default=Now(),
        help_text=_("The database's time of the act; where several are counted, of the first one."),
    )
    action = models.CharField(_("what"), max_length=30, choices=Action.choices)
    actor = models.CharField(
        _("who"), max_length=200, blank=True, help_text=_("Who did it; empty where nobody was signed in.")
    )
    actor_id = models.BigIntegerField(_("number of the account that did it"), null=True)
    target = models.CharField(
        _("to whom"), max_length=200, blank=True, help_text=_("The account or role that it was done to.")
    )
    target_id = models.BigIntegerField(_("number of the account it was done to"), null=True)
    address = models.CharField(_("from"), max_length=LONGEST_ADDRESS, blank=True)
    details = models.TextField(_("details"), blank=True)
    count = models.PositiveIntegerField(
        _("times"),
        default=1,
        help_text=_("Failed sign-ins, and the opening of a link, within one hour are counted in one row."),
    )

    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("organisation"),
        on_delete=models.PROTECT,
        db_default=FIRST_ORGANISATION,
        editable=False,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("audit record")
        verbose_name_plural = _("audit records")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["action", "recorded_at"], name="audit_by_action")]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.target}"


class ActingRequest:
    """Middleware that keeps the request in `current_request`, so that the audit log can name the acting account."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response."""
        token = current_request.set(request)
        try:
            return self.get_response(request)
        finally:
            current_request.reset(token)


def unsaved_entry(
    action: AuditRecord.Action,
    *,
    target: str,
    target_id: int | None = None,
    details: str = "",
    organisation: int | None = None,
) -> AuditRecord:
    """Return an unsaved entry of the audit log, done by who acts now: the signed-in account or the command line.

    `organisation` is that of what it was done to; without one the entry belongs to that of the acting account.
    """
    request = current_request.get()
    actor, actor_id = (command_name(), None) if request is None else signed_in_account(request)
    return AuditRecord(
        action=action,
        actor=actor,
        actor_id=actor_id,
        target=printable_text(target)[:LONGEST_NAME],
        target_id=target_id,
        address=address_of(request),
        details=printable_text(details)[:LONGEST_DETAILS],
        organisation_id=organisation or acting_organisation(),
    )


def acting_organisation() -> int:
    """Return the organisation of the acting account, or of whom an answer link was made for; else the first one."""
    request = current_request.get()
    people = (getattr(request, "user", None), getattr(request, "link_reader", None))
    return next((found for user in people if (found := getattr(user, "organisation_id", None))), FIRST_ORGANISATION)


def command_name() -> str:
    """Return the name under which the command line acts, with the command that a person or a process runs."""
    program = PurePath(sys.argv[0]).name
    is_own = program in ("manage.py", "interlock")
    return f"{COMMAND_LINE} ({program} {sys.argv[1]})" if is_own and sys.argv[1:] else COMMAND_LINE


def signed_in_account(request: HttpRequest) -> tuple[str, int | None]:
    """Return (name, number) of the account that the request came in as, with its key if it came with one."""
    user: Any = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return "", None
    key = getattr(user, "key", None)
    return f"{user} (key {key.prefix})" if key else str(user), user.pk


def address_of(request: HttpRequest | None) -> str:
    """Return the address that the connection came from, whatever a header says; empty where there is none."""
    return printable_text(str(request.META.get("REMOTE_ADDR") or ""))[:LONGEST_ADDRESS] if request else ""


def printable_text(text: str) -> str:
    """Return the text with everything that cannot be seen, or cannot be stored, replaced."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
