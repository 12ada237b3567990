"""The tables of the backlog: templates, projects, work contexts, items, leases and deliverables."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.organisations import FIRST_ORGANISATION, Organisation
from backlog.grant_model import ModelCall as ModelCall
from backlog.grant_model import ModelGrant as ModelGrant
from backlog.states import CANCELLABLE_STATES, ItemState, ProjectStatus
from backlog.switch_model import ModelSwitch as ModelSwitch
from events.lifecycle import StateField, edge
from events.models import Archive


class Template(models.Model):
    """One version of an organisation's backlog template; a project keeps the version it began with."""

    name = models.SlugField(_("name"), max_length=60)
    version = models.PositiveIntegerField(_("version"))
    definition = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(_("made by"), max_length=200, default="Interlock")
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

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name", "version"], name="one_row_a_version_within")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Project(models.Model):
    """One request and all work on it, from intake to report. Every change to its items needs the lock of its row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("title"), max_length=200)
    status = StateField(_("state"), default=ProjectStatus.OPEN, choices=ProjectStatus.choices, editable=False)
    template = models.ForeignKey(Template, verbose_name=_("template"), on_delete=models.PROTECT)
    correlation_id = models.UUIDField(default=uuid.uuid4, editable=False)
    requester = models.CharField(
        _("requester"), max_length=200, blank=True, help_text=_("The requester's name, as the request gave it.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="projects",
        db_index=False,
        help_text=_("The requester's account; it stays the same if the account is renamed."),
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
    # The bytes of the rows that its request brought, for its organisation's quota.
    stored_bytes = models.BigIntegerField(default=0, db_default=0, editable=False)
    intake = models.JSONField(default=dict, blank=True, help_text=_("The report of reading the request's spreadsheet."))
    opened_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    archive = models.ForeignKey(
        Archive,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text=_("Where its events are moved to, long after its end; from then on nothing in it changes."),
    )

    members: "list[Item]"  # the project's items; set by `selectors.load_projects`

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["-opened_at"]
        constraints = [models.CheckConstraint(condition=Q(status__in=ProjectStatus.values), name="project_status")]
        indexes = [
            models.Index(fields=["-opened_at", "id"], name="project_newest"),
            models.Index(fields=["owner", "-opened_at"], name="project_of_owner"),
            models.Index(fields=["organisation", "-opened_at"], name="project_of_organisation"),
            models.Index(fields=["status", "-opened_at"], name="project_by_status"),
            models.Index(fields=["-finished_at"], condition=~Q(finished_at=None), name="project_finished"),
            models.Index(
                fields=["finished_at"], condition=~Q(finished_at=None) & Q(archive=None), name="project_to_archive"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_archived(self) -> bool:
        """Return True if its events are in an archive, or on their way there: then nothing in it changes any more."""
        return self.archive_id is not None

    @edge(status, source=["OPEN"], target="WAITING")
    def wait(self) -> None:
        """Mark the project WAITING: an item waits for an answer or an approval."""

    @edge(status, source=["WAITING", "FAILED"], target="OPEN")
    def reopen(self) -> None:
        """Mark the project OPEN again: no item waits for a person, or staff retried a failed item."""

    @edge(status, source=["OPEN", "WAITING"], target="DONE")
    def finish(self) -> None:
        """Mark the project DONE: every item is done or cancelled, and at least one is done."""

    @edge(status, source=["OPEN", "WAITING"], target="FAILED")
    def fail(self) -> None:
        """Mark the project FAILED: an item has no retries left and no other item can go on."""

    @edge(status, source=["OPEN", "WAITING", "FAILED"], target="CANCELLED")
    def cancel(self) -> None:
        """Mark the project CANCELLED: staff, the requester, or the cancelling of all its items ended it."""


# Of a work context: its rows, or those of a reading of its file, are in files (`events/artifacts.py`).
WITH_FILES = Q(data__has_key="rows_ref") | Q(data__has_key="readings")


class WorkContext(models.Model):
    """The input data of a project (`data`), and for each field who gave it, when and how (`provenance`)."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True, related_name="context")
    data = models.JSONField(default=dict)
    provenance = models.JSONField(default=dict, help_text=_("For each field: who gave it, when, and how it came."))

    class Meta:
        # Few projects have rows in files: those who look for the files read only these.
        indexes = [models.Index(fields=["project"], condition=WITH_FILES, name="context_with_files")]

    def __str__(self) -> str:
        return f"What is known about {self.project_id}"


class Item(models.Model):
    """One piece of work for one agent."""

    class Approval(models.TextChoices):
        NONE = "", _("None")
        BEFORE = "before", _("Before it is dispatched")
        AFTER = "after", _("After the work, before it is done")

    class Held(models.TextChoices):
        NO = "", _("Not held")
        DELIVERABLE = "deliverable", _("Its deliverable has not arrived yet")
        APPROVAL = "approval", _("Somebody has to approve it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Its index is that of the constraint `one_item_a_key`.
    project = models.ForeignKey(
        Project, verbose_name=_("project"), on_delete=models.CASCADE, related_name="items", db_index=False
    )
    position = models.PositiveIntegerField()
    key = models.CharField(_("key"), max_length=60)
    title = models.CharField(_("title"), max_length=200)
    item_type = models.CharField(_("type"), max_length=60)
    agent_target = models.CharField(_("agent"), max_length=100)
    state = StateField(_("state"), default=ItemState.CREATED, choices=ItemState.choices, editable=False)
    depends_on = models.JSONField(_("depends on"), default=list, blank=True)
    waiting_on = models.PositiveIntegerField(
        default=0, help_text=_("How many of the items that it depends on are not done.")
    )
    priority = models.IntegerField(_("priority"), default=0)
    auto_dispatch = models.BooleanField(default=True)
    timeout_seconds = models.PositiveIntegerField(_("seconds it may take"), default=600)
    max_attempts = models.PositiveIntegerField(_("most attempts"), default=3)
    approval = models.CharField(_("approval"), max_length=10, choices=Approval.choices, default="", blank=True)
    approved = models.BooleanField(_("approved"), default=False)
    cleared = models.BooleanField(default=False, help_text=_("A person gave the approval that its agent asked for."))
    attempts = models.PositiveIntegerField(_("attempts"), default=0, help_text=_("How often it was dispatched."))
    failures = models.PositiveIntegerField(_("failures"), default=0, help_text=_("How often it failed or timed out."))
    current_dispatch = models.UUIDField(_("current dispatch"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(default=0)
    held_for = models.CharField(max_length=12, choices=Held.choices, default="", blank=True)
    evidence = models.JSONField(null=True, blank=True)
    delivered = models.JSONField(
        _("delivered"),
        default=list,
        blank=True,
        help_text=_("Types of the deliverables that came for the current dispatch."),
    )
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        help_text=_("The account that did the work, if it was done over HTTP."),
    )
    notes = models.JSONField(
        _("notes"), default=list, blank=True, help_text=_("What reviewers asked to do differently.")
    )
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it is blocked or failed."))

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["project", "position"]
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="one_item_a_key"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="item_state"),
        ]
        indexes = [
            models.Index(fields=["deadline_at"], condition=Q(state="IN_PROGRESS"), name="item_deadline"),
            models.Index(fields=["-priority", "id"], condition=Q(state="READY", waiting_on=0), name="item_ready"),
            models.Index(fields=["approval"], condition=~Q(approval=""), name="item_approval"),
            models.Index(fields=["done_by"], condition=~Q(done_by=None), name="item_done_over_http"),
            models.Index(
                fields=["agent_target", "state"], condition=~Q(state__in=["DONE", "CANCELLED"]), name="item_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.key})"

    @edge(state, source=["CREATED"], target="READY")
    def ready(self) -> None:
        """Mark the item READY: every item it depends on is done and no question holds it back."""

    @edge(state, source=["CREATED", "READY", "IN_PROGRESS"], target="BLOCKED")
    def block(self) -> None:
        """Mark the item BLOCKED: it waits for the answer to a question or for an approval."""

    @edge(state, source=["BLOCKED"], target="READY")
    def unblock(self) -> None:
        """Mark the item READY: no open question holds it back any more."""

    @edge(state, source=["READY"], target="IN_PROGRESS")
    def dispatch(self) -> None:
        """Mark the item IN_PROGRESS: its dispatch is emitted to its agent."""

    @edge(state, source=["IN_PROGRESS"], target="DONE")
    def finish(self) -> None:
        """Mark the item DONE: its definition of done is met or was waived."""

    @edge(state, source=["IN_PROGRESS"], target="FAILED")
    def fail(self) -> None:
        """Mark the item FAILED: its worker failed, its deadline passed, or its definition of done is not met."""

    @edge(state, source=["FAILED"], target="READY")
    def retry(self) -> None:
        """Mark the failed item READY for another attempt."""

    @edge(state, source=CANCELLABLE_STATES, target="CANCELLED")
    def cancel(self) -> None:
        """Mark the item CANCELLED: a person cancelled it, its project, or an item it depends on."""


class Lease(models.Model):
    """A worker's exclusive hold on one dispatch, taken over HTTP; it ends at the item's deadline."""

    dispatch_id = models.UUIDField(primary_key=True, editable=False)
    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="leases")
    holder = models.CharField(max_length=200)
    seconds = models.PositiveIntegerField()
    leased_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.item_id}, leased by {self.holder}"


class Deliverable(models.Model):
    """A result that an agent delivered for an item; its id is the id of its DELIVERABLE.PUBLISHED event."""

    id = models.UUIDField(primary_key=True, editable=False)
    project = models.ForeignKey(
        Project, verbose_name=_("project"), on_delete=models.CASCADE, related_name="deliverables"
    )
    # Its index is `deliverable_of_item`.
    item = models.ForeignKey(
        Item, verbose_name=_("item"), on_delete=models.CASCADE, related_name="deliverables", db_index=False
    )
    dispatch_id = models.UUIDField(_("dispatch"), null=True)
    type = models.CharField(_("type"), max_length=100)
    content = models.JSONField()
    confidence = models.FloatField(_("confidence"))
    agent = models.CharField(_("agent"), max_length=200, blank=True)
    timestamp = models.DateTimeField(_("moment"), help_text=_("When the worker delivered it, by the worker's clock."))
    recorded_at = models.DateTimeField(
        _("recorded"),
        null=True,
        help_text=_("When it was recorded, by the database's clock; deliverables are ordered by this."),
    )

    class Meta:
        verbose_name = _("deliverable")
        verbose_name_plural = _("deliverables")
        ordering = ["recorded_at", "timestamp"]
        indexes = [
            models.Index(fields=["item", "timestamp"], name="deliverable_of_item"),
            models.Index(fields=["-timestamp", "-id"], name="deliverable_newest"),
        ]

    def __str__(self) -> str:
        return self.type

    def headline(self) -> dict[str, Any]:
        """Return the content's numbers, booleans and texts of up to 500 characters, without lists and objects."""
        scalars = {k: v for k, v in self.content.items() if isinstance(v, bool | int | float | str)}
        return {k: v for k, v in scalars.items() if not isinstance(v, str) or len(v) <= 500}
