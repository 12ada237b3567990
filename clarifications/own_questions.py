"""The rule that a machine does not answer, as a person would, what it asked a person itself."""

from django.utils.translation import gettext as _

from accounts.models import User
from backlog.blueprints import STANDALONE_TEMPLATE, definition_of
from backlog.policy import normalized_name
from clarifications.errors import OwnQuestion
from clarifications.models import Question


def require_other_than_asker(question: Question, by: str) -> None:
    """Raise OwnQuestion if `by` is the service account that asked the question.

    A request that lacks a fact is another matter: its question comes from Interlock, and the program that sent the
    request may well supply the fact.
    """
    if was_asked_by(question, by) and User.objects.filter(username=by, is_service=True).exists():
        words = _("%(by)s is a machine's account and asked this question itself: a person has to answer it.")
        raise OwnQuestion(words % {"by": by})


def was_asked_by(question: Question, by: str) -> bool:
    """Return True if the account `by` asked the question, by itself or as the worker that did one of its items.

    Compares names as they were recorded and as the accounts are called now, since an account can be renamed.
    """
    project = question.project
    workers = [item.done_by for item in question.blocked if item.done_by_id and question.asked_by == item.agent_target]
    names = [worker.get_username() for worker in workers if worker is not None]
    if definition_of(project.template_id).name == STANDALONE_TEMPLATE:
        names += [question.asked_by, project.requester, project.owner.get_username() if project.owner else ""]
    return normalized_name(by) in {normalized_name(name) for name in names if name}
