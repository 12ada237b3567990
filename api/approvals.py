"""Who approves work and who has approved it, as a response shows it, where the template says who approves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers

from clarifications.entitled import approvers_at
from clarifications.models import Question, Vote


class ApprovalsShown(serializers.Serializer[Any]):
    """Who approves, where the template says so."""

    needed = serializers.IntegerField(help_text="How many people have to approve.")
    groups = serializers.ListField(
        child=serializers.CharField(), help_text="Members of these groups may approve; empty: who may answer."
    )
    by = serializers.ListField(child=serializers.CharField(), help_text="The accounts that have approved.")


def approvals_in(rows: Iterable[Mapping[str, Any]]) -> dict[UUID, dict[str, Any]]:
    """Return by the id of its question who approves and who has approved, where the template says who approves.

    One query, or none if no row is such a question. Whoever approved and left the groups since is still named:
    whose approvals count is decided with the next one.
    """
    is_approval = [row for row in rows if row["kind"] == Question.Kind.APPROVAL]
    approvers = {row["id"]: approvers_at(row["project__template_id"], row["field"]) for row in is_approval}
    named = {pk: of for pk, of in approvers.items() if of.are_named}
    names: dict[UUID, list[str]] = defaultdict(list)
    if named:
        for question_id, name in Vote.objects.filter(question__in=named).values_list("question_id", "voter__username"):
            names[question_id].append(name)
    return {pk: {"needed": of.needed, "groups": list(of.groups), "by": names[pk]} for pk, of in named.items()}
