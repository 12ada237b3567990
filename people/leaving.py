"""Deactivating an account: its sessions, keys and links end, and what its person held goes on to others.

Whoever holds nothing any more can be activated again at any time; keys and links stay revoked.
"""

import secrets
from dataclasses import dataclass

from django.db import transaction

from accounts.absences.keeping import end_absences_with
from accounts.audit import command_name
from accounts.keys import revoke_keys_of
from accounts.memberships import end_memberships
from accounts.models import ApiKey, User
from accounts.rank import require_may_manage, require_not_oneself
from accounts.sessions import sessions_of
from backlog.flow.leases import give_back_leases, leases_held_by
from backlog.models import Project
from backlog.states import OVER_STATUSES
from clarifications.assignment import hand_on_questions, questions_held_by
from clarifications.models import Question
from reports.sharing import revoke_links_of, usable_links_of
from webhooks.models import Endpoint


@dataclass(frozen=True)
class Holdings:
    """How much of each kind an account holds. All but the last end, or go on to others, when it is deactivated."""

    sessions: int
    keys: int
    links: int
    webhooks: int
    questions: int
    approvals: int
    leases: int
    # Open requests of the person's own: they go on, and whoever may answer gets their questions.
    requests: int

    @property
    def ending(self) -> int:
        """Return how many things would end."""
        return self.sessions + self.keys + self.links + self.webhooks

    @property
    def going_on(self) -> int:
        """Return how many things would go on to others."""
        return self.questions + self.approvals + self.leases


def holdings_of(account: User) -> Holdings:
    """Return what the account holds now: eight queries, whatever it is."""
    questions = questions_held_by(account)
    return Holdings(
        sessions=len(sessions_of(account)),
        keys=ApiKey.objects.live().filter(user=account).count(),
        links=usable_links_of(account).count(),
        webhooks=Endpoint.objects.filter(owner=account, active=True).count(),
        questions=questions.filter(kind=Question.Kind.INPUT).count(),
        approvals=questions.filter(kind=Question.Kind.APPROVAL).count(),
        leases=leases_held_by(account.get_username()).count(),
        requests=Project.objects.filter(owner=account).exclude(status__in=OVER_STATUSES).count(),
    )


def deactivate(account: User, *, by: User | None) -> None:
    """Close the account and hand on what it holds, in one transaction. Idempotent. Raises AccountRefused.

    Its questions and approvals wait for their group, or for anybody who may answer; items that it leased are free for
    another worker. Nobody stands in for it any more, nor it for anybody. Its memberships end; what the person holds in
    other organisations is untouched. Its webhooks are disabled by the process that delivers, within a second or so.
    """
    require_may_manage(by, account)
    require_not_oneself(by, account)
    with transaction.atomic():
        # Another stamp ends every session, and the links to a new password, even if it is activated again.
        account.is_active, account.session_stamp = False, secrets.token_hex(8)
        account.save(update_fields=["is_active", "session_stamp"])
        end_memberships(account)
        end_absences_with(account)
        revoke_keys_of(account)
        revoke_links_of(account)
        hand_on_questions(account, by=by.get_username() if by else command_name())
        give_back_leases(leases_held_by(account.get_username()))


def activate(account: User, *, by: User | None) -> None:
    """Let a deactivated account in again, with the roles that it has. Idempotent. Raises AccountRefused."""
    require_may_manage(by, account)
    if not account.is_active:
        account.is_active = True
        account.save(update_fields=["is_active"])
