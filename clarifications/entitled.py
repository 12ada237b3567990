"""Who may answer other people's questions and approve work: by their rights, and by what the template says."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from accounts.models import User
from backlog.blueprints import definition_of
from backlog.blueprints.definition import Approvers
from clarifications.models import Question


def people_who_answer(organisation: int | None) -> QuerySet[User]:
    """Return the active people with the permission to answer questions about other people's requests.

    Those of this organisation and superusers, who are above organisations; None: of every organisation.
    """
    right = Q(content_type__app_label="clarifications", codename="change_question")
    permitted = Permission.objects.filter(right)
    may_answer = Q(is_superuser=True) | Q(groups__permissions__in=permitted) | Q(user_permissions__in=permitted)
    people = User.objects.filter(may_answer, is_active=True, is_service=False)
    return people if organisation is None else people.filter(Q(organisation=organisation) | Q(is_superuser=True))


def approvers_at(template_id: int, field: str) -> Approvers:
    """Return who approves by this version of a template, from the `field` of a question about an approval.

    Without an item of that name, anybody who may answer.
    """
    items = {f"approval:{item.key}": item.approvers for item in definition_of(template_id).items}
    return items.get(field, Approvers())


def people_who_approve(question: Question) -> QuerySet[User]:
    """Return the active people whom the template lets approve, who may answer as well.

    Who requested or did the work is among them: `decide_approval` refuses them.
    """
    people = people_who_answer(question.project.organisation_id)
    groups = approvers_at(question.project.template_id, question.field).groups
    return people.filter(groups__in=Group.objects.filter(name__in=groups)) if groups else people
