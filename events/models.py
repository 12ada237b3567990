"""The ledger (inbox and audit trail), the outbox, attempts, dead letters, producers, archives, what is pruned."""

import base64
from typing import Any
from uuid import UUID

import orjson
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from events.envelope import Envelope, Outgoing, Source
from events.producer_model import Producer as Producer

# Types of which every project has several. Whoever looks for one finds it among the newest rows, so they have no place
# in the index by type: that index was a sixth of what each project writes to the log of PostgreSQL.
FREQUENT_TYPES = (
    *("BACKLOG.ITEM_CREATED", "BACKLOG.ITEM_READIED", "WORK.ITEM_DISPATCHED", "WORK.ITEM_STARTED"),
    *("WORK.ITEM_PROGRESSED", "DELIVERABLE.PUBLISHED", "WORK.ITEM_COMPLETED", "WORK.ITEM_REVIEWED"),
)


class Event(models.Model):
    """One event that came in or goes out. Rows are added, and their content never changes."""

    class Outcome(models.TextChoices):
        APPLIED = "", _("Applied")
        STALE = "stale", _("Stale: it answers a dispatch that was superseded")
        IGNORED = "ignored", _("Ignored: the state it speaks of has passed")

    seq = models.BigAutoField(_("number"), primary_key=True)
    event_id = models.UUIDField(_("event id"), unique=True)
    type = models.CharField(_("type"), max_length=100)
    version = models.PositiveIntegerField(_("version"), default=1)
    timestamp = models.DateTimeField(_("moment"), help_text=_("When it happened, by the speaker's clock."))
    service = models.CharField(_("service"), max_length=200)
    instance = models.CharField(_("instance"), max_length=200)
    correlation_id = models.UUIDField(_("correlation"), help_text=_("One per project."))
    causation_id = models.UUIDField(null=True, help_text=_("The event that caused this one."))
    project_id = models.UUIDField(_("project"), null=True)
    payload = models.JSONField()
    digest = models.CharField(max_length=32, help_text=_("Of what is said, without its timestamps."))
    recorded_at = models.DateTimeField(
        _("recorded"), help_text=_("When it had its effect, or was emitted, by the database's clock.")
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices, default="", blank=True)
    stream_id = models.CharField(
        _("stream entry"), max_length=40, default="", help_text=_("The entry of the log with which it came.")
    )

    class Meta:
        indexes = [
            models.Index(fields=["project_id", "seq"], name="event_of_project"),
            models.Index(fields=["type", "seq"], condition=~Q(type__in=FREQUENT_TYPES), name="event_of_rare_type"),
            models.Index(fields=["outcome", "seq"], condition=~Q(outcome=""), name="event_without_effect"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

    def envelope(self) -> Envelope:
        """Return the event's envelope, as it goes on the wire."""
        return Envelope(
            event_id=self.event_id,
            event_type=self.type,
            event_version=self.version,
            timestamp=self.timestamp,
            source=Source(self.service, self.instance),
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            payload=self.payload,
        )

    def outgoing(self, traceparent: str = "") -> Outgoing:
        """Return the event as it goes on the streams."""
        return self.envelope().outgoing(traceparent)


class Outbox(models.Model):
    """A commit whose events are not published yet; the row is deleted once they are."""

    owner = models.CharField(max_length=100, blank=True, help_text=_("The process that committed; empty: gave it up."))
    events = models.BinaryField(help_text=_("The ids of the events, 16 bytes each."))
    written_at = models.DateTimeField()
    traces = models.BinaryField(null=True, help_text=_("For each event the span in which it was emitted, 25 bytes."))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.owner}: {len(self.events) // 16} events"


class Attempt(models.Model):
    """A stream entry whose handling failed and will be tried again; the row is deleted when the entry is settled."""

    stream = models.CharField(max_length=200)
    entry_id = models.CharField(max_length=40)
    group = models.CharField(max_length=200)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "entry_id", "group"], name="one_attempt_row_an_entry")]

    def __str__(self) -> str:
        return f"{self.stream} {self.entry_id} in {self.group}: attempt {self.attempts}"


class SetAside(models.Model):
    """A project for which a round of the clock failed.

    The round leaves it out until `next_try_at`, and deletes the row on success.
    """

    round = models.CharField(_("round"), max_length=60)
    project_id = models.UUIDField(_("project"))
    reason = models.TextField(_("reason"))
    trace = models.TextField(_("trace"), blank=True)
    failures = models.PositiveIntegerField(_("failures"), default=1)
    first_seen = models.DateTimeField(_("since"))
    last_seen = models.DateTimeField(_("last failure"))
    next_try_at = models.DateTimeField(_("next try"))

    class Meta:
        verbose_name = _("project set aside")
        verbose_name_plural = _("projects set aside")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["round", "project_id"], name="one_row_a_round_and_project")]

    def __str__(self) -> str:
        return f"{self.round}: {self.project_id}"


class DeadLetter(models.Model):
    """A stream entry that cannot be handled, complete and with the reason.

    One row for each entry, from its first burial.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        REPLAYED = "replayed", _("Replayed")
        DISCARDED = "discarded", _("Discarded")

    stream = models.CharField(max_length=200)
    entry_id = models.CharField(max_length=40)
    group = models.CharField(max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    event_id = models.UUIDField(_("event id"), null=True, blank=True)
    event_type = models.CharField(max_length=200, blank=True)
    reason = models.TextField()
    schema_id = models.CharField(max_length=200, blank=True)
    error_class = models.CharField(max_length=200)
    trace = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=1)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    raw = models.BinaryField(help_text=_("The entry's fields as JSON pairs of base64: any bytes can be kept."))
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        on_delete=models.PROTECT,
        db_default=1,
        editable=False,
        related_name="+",
        db_index=False,
        help_text=_("That of its event's project, else of its requester, else the first one."),
    )
    published_at = models.DateTimeField(_("published"), null=True, help_text=_("When the dead-letter stream got it."))
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=200, blank=True, default="", help_text=_("Who settled it."))
    edited = models.BinaryField(
        null=True, blank=True, help_text=_("The event that was replayed in place of the raw one.")
    )
    note = models.TextField(blank=True, help_text=_("Who settled it and why."))

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        constraints = [
            models.UniqueConstraint(fields=["stream", "entry_id"], name="one_dead_letter_an_entry"),
            models.CheckConstraint(condition=Q(state__in=["open", "replayed", "discarded"]), name="dead_letter_state"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(published_at=None), name="dead_letter_unpublished"),
            models.Index(fields=["-id"], condition=Q(state="open"), name="dead_letter_open"),
        ]

    def __str__(self) -> str:
        return f"{self.error_class}: {self.reason[:80]}"

    @property
    def fields(self) -> dict[bytes, bytes]:
        """Return the entry's fields exactly as they were on the stream."""
        return unpacked_fields(bytes(self.raw))


class Archive(models.Model):
    """A file with the events of projects that ended long ago, and how far their move out of the ledger has come.

    The row comes first, and closes the projects for good. Then the file is written and read back (`verified_at`). Only
    then may its events be deleted, and once all are, the row says so (`emptied_at`).
    """

    month = models.CharField(max_length=7, help_text=_("The month in which the projects ended: 2026-11."))
    project_ids = models.BinaryField(help_text=_("The ids of the projects, 16 bytes each."))
    made_at = models.DateTimeField()
    events = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0, help_text=_("Bytes of the file."))
    sha256 = models.CharField(max_length=64, blank=True, help_text=_("Of the lines, unpacked."))
    verified_at = models.DateTimeField(null=True)
    emptied_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True, help_text=_("When the file was deleted, as KEEP_ARCHIVES_DAYS says."))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        # With its time: a database that was restored from an older copy gives its number again.
        return f"{self.month}/{self.pk:08d}-{self.made_at:%Y%m%dT%H%M%S}.ndjson.gz"

    @property
    def projects(self) -> list[UUID]:
        """Return the ids of the projects whose events the file holds."""
        packed = bytes(self.project_ids)
        return [UUID(bytes=packed[start : start + 16]) for start in range(0, len(packed), 16)]


class Pruning(models.Model):
    """A run that deletes records whose retention is over: of which table, up to when, by whom, and how many.

    While `is_open` is true the triggers of that table let such rows go (`events/append_only.py`). It is true only
    inside a transaction that deletes: no other one ever sees it so.
    """

    record = models.CharField(max_length=100, help_text=_("The model, such as events.Event."))
    until = models.DateTimeField(help_text=_("Nothing newer was deleted."))
    began_at = models.DateTimeField()
    by = models.CharField(max_length=200)
    removed = models.PositiveBigIntegerField(default=0)
    is_open = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["record"], condition=Q(is_open=True), name="pruning_open")]

    def __str__(self) -> str:
        return f"{self.removed} of {self.record} before {self.until}"


class Erasure(models.Model):
    """An erasure of a person's names: of which account, by whom, why, and what was changed.

    While `is_open` is true the triggers let names leave the records (`events/append_only.py`). It is true only inside a
    transaction that erases. `archives` holds for each file that was written anew its digests before and after, and the
    events in it whose payload was changed.
    """

    account_id = models.BigIntegerField(help_text=_("The number of the account, which stays."))
    by = models.CharField(max_length=200)
    reason = models.TextField()
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict, help_text=_("How many rows were changed in each table."))
    archives = models.JSONField(default=list)
    is_open = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["id"], condition=Q(is_open=True), name="erasure_open")]

    def __str__(self) -> str:
        return f"account {self.account_id}, at {self.began_at}"


class Turn(models.Model):
    """The turn of one process at a task that one at a time should do; it lapses at `until` unless it is renewed."""

    task = models.CharField(max_length=50, primary_key=True)
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.task} until {self.until}"


class AbandonedGroup(models.Model):
    """A consumer group that nobody reads, with entries waiting for it; the row is deleted when somebody reads again.

    A group that was dropped keeps its row, with `dropped_at`, as the record of it.
    """

    stream = models.CharField(max_length=200)
    group = models.CharField(max_length=200)
    since = models.DateTimeField(help_text=_("When it was first found so."))
    pending = models.PositiveBigIntegerField(default=0)
    lag = models.PositiveBigIntegerField(null=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "group"], condition=Q(dropped_at=None), name="one_row_an_abandoned_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.group} of {self.stream}, since {self.since}"


def packed_fields(fields: dict[bytes, bytes]) -> bytes:
    """Return stream fields as JSON pairs of base64, which any database can store."""
    return orjson.dumps([[base64.b64encode(k).decode(), base64.b64encode(v).decode()] for k, v in fields.items()])


def unpacked_fields(raw: bytes) -> dict[bytes, bytes]:
    """Return the stream fields that `packed_fields` stored."""
    pairs: list[Any] = orjson.loads(raw)
    return {base64.b64decode(k): base64.b64decode(v) for k, v in pairs}
