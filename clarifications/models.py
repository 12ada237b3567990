"""The tables of clarifications: questions, the items that wait for them, their answers, and the mails about them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.walls import belongs, of_installation
from backlog.models import Item, Project
from events.lifecycle import StateField, edge
from events.models import Event


class QuestionStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    ANSWERED = "ANSWERED", _("Answered")
    DECLINED = "DECLINED", _("Declined")
    EXPIRED = "EXPIRED", _("Expired")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


class Question(models.Model):
    """One question to a person about one field of a project. Asking again makes a new row with the next revision."""

    class Kind(models.TextChoices):
        INPUT = "input", _("A figure or a fact")
        APPROVAL = "approval", _("An approval")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, verbose_name=_("project"), on_delete=models.CASCADE, related_name="questions")
    field = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.INPUT)
    status = StateField(default=QuestionStatus.OPEN, choices=QuestionStatus.choices, editable=False)
    revision = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    schema = models.JSONField(help_text=_("What an answer must look like, as JSON Schema."))
    pointer = models.CharField(max_length=300, help_text=_("Where the answer goes in the work context (JSON Pointer)."))
    reason = models.TextField(blank=True)
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    next_step_at = models.DateTimeField(
        help_text=_("When the next reminder, escalation or policy is due if nobody answers.")
    )
    reminders = models.PositiveIntegerField(default=0)
    level = models.PositiveIntegerField(default=0, help_text=_("How often it was escalated."))
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="questions"
    )
    assigned_group = models.CharField(max_length=150, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    declined_by = models.CharField(_("declined by"), max_length=200, blank=True)
    declined_because = models.TextField(_("why it was declined"), blank=True)

    blocked: "list[Item]"  # the items that wait for the question; set by `selectors.load_questions`
    away = ""  # for whom it waits, in words, if that person is away; set by the inbox and the question's page

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "field"], condition=Q(status="OPEN"), name="asked_once"),
            models.UniqueConstraint(fields=["project", "field", "revision"], name="one_question_a_revision"),
            models.CheckConstraint(condition=Q(status__in=QuestionStatus.values), name="question_status"),
        ]
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        indexes = [
            models.Index(fields=["next_step_at"], condition=Q(status="OPEN"), name="question_due"),
            # The list of all questions over REST is in this order.
            models.Index(fields=["due_at", "id"], name="question_by_due"),
            models.Index(fields=["due_at", "id"], condition=Q(status="OPEN"), name="question_open"),
            models.Index(fields=["assigned_to", "due_at"], condition=Q(status="OPEN"), name="question_of_person"),
            models.Index(fields=["assigned_group", "due_at"], condition=Q(status="OPEN"), name="question_of_group"),
            models.Index(fields=["field", "-closed_at"], condition=Q(status="ANSWERED"), name="question_answered"),
            models.Index(fields=["-closed_at", "id"], condition=~Q(status="OPEN"), name="question_closed"),
        ]

    def __str__(self) -> str:
        return self.title

    @edge(status, source=["OPEN"], target="ANSWERED")
    def accept(self) -> None:
        """Mark the question ANSWERED: a valid answer was accepted."""

    @edge(status, source=["OPEN"], target="DECLINED")
    def decline(self) -> None:
        """Mark the question DECLINED: it will not be answered, and the items that need it are cancelled."""

    @edge(status, source=["OPEN"], target="EXPIRED")
    def expire(self) -> None:
        """Mark the question EXPIRED: nobody answered in time."""

    @edge(status, source=["OPEN"], target="WITHDRAWN")
    def withdraw(self) -> None:
        """Mark the question WITHDRAWN: no item waits for it any more."""


class Blocking(models.Model):
    """One item that waits for one question."""

    # Its index is that of the constraint `linked_once`.
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="blockings", db_index=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="blockings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "item"], name="linked_once")]

    def __str__(self) -> str:
        return f"{self.question} holds back {self.item}"


class Answer(models.Model):
    """The accepted answer of a question. Its primary key is the question, so there can be no second answer."""

    question = models.OneToOneField(Question, on_delete=models.CASCADE, primary_key=True, related_name="answer")
    value = models.JSONField(
        null=True, help_text=_("The answer as JSON; null only if the question's schema allows null.")
    )
    answered_by = models.CharField(max_length=200)
    answered_for = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("The person who was away and for whom another one answered; empty for an answer of one's own."),
    )
    door = models.CharField(
        max_length=20, help_text=_("How the answer came: admin, web, link, rest, agent, command, event or policy.")
    )
    answered_at = models.DateTimeField()
    event_id = models.UUIDField(help_text=_("The id of the event that carried the answer."))

    def __str__(self) -> str:
        return f"Answer to {self.question_id}"


class Vote(models.Model):
    """One person's approval where the template says who approves; the question stays open until enough are there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Its index is that of the constraint `one_vote_a_person`.
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="votes", db_index=False)
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="votes")
    door = models.CharField(max_length=20)
    voted_at = models.DateTimeField()
    event_id = models.UUIDField(help_text=_("The id of the event that carried the approval."))

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["voted_at", "id"]
        constraints = [models.UniqueConstraint(fields=["question", "voter"], name="one_vote_a_person")]

    def __str__(self) -> str:
        return f"{self.voter_id} approves {self.question_id}"


class Notice(models.Model):
    """One mail to one person about one event of a question; it stays as the record of what was sent."""

    class State(models.TextChoices):
        PENDING = "pending", _("To be sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Given up")
        DROPPED = "dropped", _("Not needed any more")

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="notices")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, help_text=_("Why the last attempt to send the mail failed."))

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["event", "recipient"], name="one_notice_an_event_and_person"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "sent", "failed", "dropped"]), name="notice_state"
            ),
        ]
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(state="pending"), name="notice_due")]

    def __str__(self) -> str:
        return f"{self.state} notice {self.pk}"


class LedgerPosition(models.Model):
    """How far a reader of the ledger has come: the event with this `seq` and all before it are handled."""

    reader = models.CharField(max_length=50, primary_key=True)
    seq = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.reader} at {self.seq}"


belongs(Question, by="project__organisation")
belongs(Answer, Blocking, Notice, Vote, by="question__project__organisation")
belongs(LedgerPosition, by=of_installation)
