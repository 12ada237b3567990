"""The user model, for people and machines, and the API keys of users."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.absences.models import Absence as Absence
from accounts.attempts import SignInAttempts as SignInAttempts
from accounts.audit import AuditRecord, unsaved_entry
from accounts.audit_chain import AuditSeal as AuditSeal
from accounts.browsers import BrowserSession as BrowserSession
from accounts.organisation_roles import OrganisationRole as OrganisationRole
from accounts.organisations import FIRST_ORGANISATION, Organisation
from accounts.passwords.models import Letter as Letter
from accounts.quotas import Quota as Quota
from accounts.reach import unlimited
from accounts.recorded import Recorded, RecordedQuerySet, differences_in_words
from accounts.scopes import any_scope_permits
from accounts.second_person.models import AskedAct as AskedAct

Action = AuditRecord.Action


class People(UserManager["User"]):
    """The manager of accounts: changes in bulk are audited too."""

    use_in_migrations = False

    def get_queryset(self) -> RecordedQuerySet["User"]:
        """Return all accounts."""
        return RecordedQuerySet(self.model, using=self._db)


class User(AbstractUser, Recorded):
    """An account of a person (staff or requester) or of a machine, with its preferences."""

    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    is_service = models.BooleanField(
        _("service account"), default=False, help_text=_("A machine: it uses an API key, and may not approve anything.")
    )

    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("organisation"),
        on_delete=models.PROTECT,
        default=FIRST_ORGANISATION,
        db_default=FIRST_ORGANISATION,
        editable=False,
        related_name="+",
        db_index=False,
    )
    session_stamp = models.CharField(max_length=16, blank=True, default="", editable=False)
    # Somebody else has set the password: its person changes it before they do anything else.
    must_change_password = models.BooleanField(default=False, db_default=False, editable=False)
    # Kept in step with the stored factors by `signin`, so that no request has to look for them.
    has_second_factor = models.BooleanField(_("second factor"), default=False, db_default=False, editable=False)
    # The mail address that its person was shown to read; another `email` is not verified by it.
    verified_email = models.EmailField(blank=True, default="", db_default="", editable=False)
    gets_mails = models.BooleanField(_("mails about questions"), default=True, db_default=True)
    # What the directory that keeps the account over SCIM calls it; within an organisation it names one account.
    external_id = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)
    # The account with which its person signs in to this one and to others (`accounts.memberships`), which is its own
    # there; None for a person of one organisation.
    home = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, editable=False, related_name="+")

    key: "ApiKey | None" = None  # the API key of the current request; None for a session

    objects: ClassVar[People] = People()
    secret_fields = frozenset({"password"})
    on_record = secret_fields | {
        *("username", "first_name", "last_name", "email"),
        *("is_active", "is_staff", "is_superuser", "is_service", "must_change_password", "has_second_factor"),
        *("organisation", "external_id"),
    }
    related_names = ("organisation",)

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]
        verbose_name_plural = _("people")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_username()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session has to hold to be this account's: another one after a new password or a new stamp.

        Sessions of a person's other accounts end with those of the home account, too; for these it costs a query.
        """
        said: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if self.session_stamp:
            said = salted_hmac(said, self.session_stamp, secret=secret, algorithm="sha256").hexdigest()
        if self.home_id in (None, self.pk):
            return said
        with unlimited():  # the home account is one of another organisation
            home = self.home
        return salted_hmac(said, home._get_session_auth_hash(secret), algorithm="sha256").hexdigest() if home else said

    @property
    def has_verified_email(self) -> bool:
        """Return True if the account's person was shown to read the mail address that it has now."""
        return bool(self.email) and self.email.casefold() == self.verified_email.casefold()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return True if the roles give the permission and, when a key is used, its scopes include it.

        Pages, REST and commands all check permissions here.
        """
        return super().has_perm(perm, obj) and (self.key is None or any_scope_permits(self.key.scopes, perm))

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return unsaved audit records of the differences from the account `before`, the password in one of its own."""
        if before is None:
            return [self.entry(Action.ACCOUNT_MADE, differences_in_words(self, None, without={"username", "password"}))]
        words = differences_in_words(self, before, without=self.secret_fields)
        records = [self.entry(Action.ACCOUNT_CHANGED, words)] if words else []
        if self.password != before.password:
            records.append(self.entry(Action.PASSWORD_CHANGED, self.password_in_words()))
        return records

    def password_in_words(self) -> str:
        """Return how the password changed; a sign-in stores it again if its hash is of an older kind."""
        if not self.has_usable_password():
            return "taken away"
        return "set" if getattr(self, "_password", None) is not None else "stored anew"

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for the account's deletion."""
        return self.entry(Action.ACCOUNT_DELETED)

    def entry(self, action: AuditRecord.Action, words: str = "") -> AuditRecord:
        """Return an unsaved entry about this account."""
        return unsaved_entry(
            action, target=self.username, target_id=self.pk, details=words, organisation=self.organisation_id
        )


class ApiKeys(RecordedQuerySet["ApiKey"]):
    """A queryset of API keys."""

    def live(self) -> "ApiKeys":
        """Return the keys that are neither expired nor revoked."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(unexpired, revoked_at=None)


class ApiKey(Recorded):
    """An API key with which a machine acts as its user. The text of the key is not stored, only its digest."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="keys"
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What the key is for, such as “ticket system”."))
    prefix = models.CharField(
        _("prefix"), max_length=16, unique=True, help_text=_("The part of the key that is shown.")
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    objects = ApiKeys.as_manager()
    successor: "ApiKey | None" = None  # the new key, while this one is being rotated
    secret_fields = frozenset({"digest"})
    on_record = secret_fields | {"user", "name", "prefix", "scopes", "expires_at", "revoked_at"}
    related_names = ("user",)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_live(self) -> bool:
        """Return True if the key is neither expired nor revoked."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return an unsaved audit record of the differences from the key `before`: made, rotated, revoked, changed."""
        words = differences_in_words(self, before, without=() if before else {"user", "name", "prefix", "digest"})
        if not words:
            return []
        action = Action.KEY_CHANGED if before else Action.KEY_MADE
        if self.successor:
            action, words = Action.KEY_ROTATED, f"successor: {self.successor.prefix}; {words}"
        elif before and self.revoked_at and not before.revoked_at:
            action = Action.KEY_REVOKED
        return [self.entry(action, words)]

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for the key's deletion."""
        return self.entry(Action.KEY_DELETED)

    def entry(self, action: AuditRecord.Action, words: str = "") -> AuditRecord:
        """Return an unsaved entry about this key."""
        key_name = f"key {self.name} ({self.prefix})"
        details = f"{key_name}: {words}" if words else key_name
        return unsaved_entry(
            action,
            target=self.user.username,
            target_id=self.user_id,
            details=details,
            organisation=self.user.organisation_id,
        )
