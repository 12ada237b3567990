"""Describe a project's progress in words, as a whole and step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backlog.models import Item, Project
from backlog.state_words import state_in_words
from backlog.states import ItemState, ProjectStatus
from clarifications.models import Blocking, Question, QuestionStatus
from clarifications.wording import question_title
from pages.phrases import names_in_words
from pages.presentation import translated

MOST_NAMED = 3


@dataclass(frozen=True)
class Step:
    """One item with its state in words (`standing`) and a sentence about what it waits for (`waits`, or empty)."""

    item: Item
    standing: str
    waits: str


def steps_of(project: Project, items: Sequence[Item]) -> list[Step]:
    """Return the project's items as steps, in the same order; two queries in total."""
    titles = {item.key: translated(item.title) for item in items if item.state != ItemState.DONE}
    questions = questions_by_item(project)
    return [Step(item, state_in_words(item), wait_in_words(item, titles, questions.get(item.pk, []))) for item in items]


def questions_by_item(project: Project) -> dict[object, list[Question]]:
    """Return {item id: the open questions that block the item}."""
    blocking_questions: dict[object, list[Question]] = {}
    open_ones = Blocking.objects.filter(question__project=project, question__status=QuestionStatus.OPEN)
    for blocking in open_ones.select_related("question__assigned_to"):
        blocking.question.project = project
        blocking_questions.setdefault(blocking.item_id, []).append(blocking.question)
    return blocking_questions


def wait_in_words(item: Item, titles: dict[str, str], questions: Sequence[Question]) -> str:
    """Return a sentence about whom or what the item waits for, or why it ended; empty if there is nothing to say.

    `titles` holds the titles of the unfinished items by key, `questions` the open questions that block the item.
    """
    if item.state in (ItemState.DONE, ItemState.CANCELLED, ItemState.FAILED):
        return translated(item.reason) if item.state != ItemState.DONE else ""
    if questions:
        return " ".join(question_in_words(question) for question in questions[:MOST_NAMED])
    if item.state == ItemState.IN_PROGRESS and not item.held_for:
        return _("%(who)s is working on this step.") % {"who": item.agent_target.replace("_", " ").capitalize()}
    unfinished = [titles[key] for key in item.depends_on if key in titles]
    return starts_after(unfinished) if unfinished else ""


def starts_after(titles: Sequence[str]) -> str:
    """Return a sentence that names the items that have to be done first."""
    first_titles, further = names_in_words(titles[:MOST_NAMED]), len(titles) - MOST_NAMED
    if further <= 0:
        return _("Starts after %(names)s.") % {"names": first_titles}
    words = ngettext("Starts after %(names)s and %(n)s more.", "Starts after %(names)s and %(n)s more.", further)
    return words % {"names": first_titles, "n": further}


def question_in_words(question: Question) -> str:
    """Return a sentence with the question's title and the person or group that it waits for."""
    values = {"title": question_title(question), "who": str(question.assigned_to or question.assigned_group)}
    if values["who"]:
        return _("“%(title)s” waits for %(who)s.") % values
    if question.kind == Question.Kind.APPROVAL:
        return _("“%(title)s” waits for our staff.") % values
    return _("“%(title)s” waits for an answer.") % values


def project_in_short(project: Project, items: Sequence[Item], *, is_asked: bool) -> str:
    """Return what happens in the project, and whether the reader has to do something.

    `is_asked` is True if an open question waits for the reader.
    """
    if project.status == ProjectStatus.DONE:
        return _("All steps are done. The report is below.")
    if project.status == ProjectStatus.CANCELLED:
        return _("This request was cancelled. Nothing more will happen.")
    if project.status == ProjectStatus.FAILED:
        return _("A step failed. Our staff have to look at it before the request can continue. You need to do nothing.")
    working = [translated(item.title) for item in items if item.state == ItemState.IN_PROGRESS and not item.held_for]
    if working:
        return _("In progress: %(names)s.") % {"names": names_in_words(working[:MOST_NAMED])}
    if project.status == ProjectStatus.WAITING:
        return waiting_in_words(project, is_asked=is_asked)
    return _("The next step starts as soon as a worker is free. You need to do nothing.")


def waiting_in_words(project: Project, *, is_asked: bool) -> str:
    """Return whom a waiting project waits for, and until when."""
    if is_asked:
        return _("Waiting for your answer, below. The request continues as soon as we have it.")
    open_ones = Question.objects.filter(project=project, status=QuestionStatus.OPEN).select_related("assigned_to")
    question = open_ones.order_by("due_at").first()
    if question is None:
        return _("Waiting for our staff. You need to do nothing.")
    question.project = project
    values = {"what": question_in_words(question), "day": date_format(localtime(question.due_at), "DATE_FORMAT")}
    return _("%(what)s It is due on %(day)s. You need to do nothing.") % values
