"""The walls between organisations: which rows of each table an account may meet.

Each room says beside its models to which organisation a row belongs, and whoever reads for an account goes through
`within_organisation`. A table that nobody has named is refused with KeyError, so that a new one is not open by mistake.
On PostgreSQL the database holds the same (`accounts/row_security.py`), for the day on which somebody forgets it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.db.models import Exists, Model, Q, QuerySet

from accounts.audit import AuditRecord
from accounts.models import (
    Absence,
    ApiKey,
    AskedAct,
    AuditSeal,
    BrowserSession,
    Letter,
    OrganisationRole,
    SignInAttempts,
    User,
)
from accounts.organisations import Organisation
from accounts.quotas import Quota

M = TypeVar("M", bound=Model)
# From the number of an organisation to the condition for its rows.
Condition = Callable[[int], Q]
CONDITIONS: dict[type[Model], Condition] = {}
# For the second wall, in the database (`accounts/row_security.py`): the way from a row to its organisation, or SQL.
WAYS: dict[type[Model], str] = {}
ROWS_IN_SQL: dict[type[Model], str] = {}
# Views that such SQL needs, as {name: SELECT}. What a view reads is read as the owner of the tables, so all of it.
VIEWS: dict[str, str] = {}


def belongs(*models: type[Model], by: str | Condition, in_sql: str = "") -> None:
    """Say to which organisation the rows of these tables belong.

    `by` is the way from a row to its organisation, such as `project__organisation`, or a condition. `in_sql` is the
    condition by which PostgreSQL lets a request have a row, where it is not said by a way: {table} stands for the
    table, and {organisation} for the number of the request's organisation.
    """
    for model in models:
        CONDITIONS[model] = at_the_end_of(by) if isinstance(by, str) else by
        if in_sql:
            ROWS_IN_SQL[model] = in_sql
        elif isinstance(by, str):
            WAYS[model] = by


def at_the_end_of(way: str) -> Condition:
    """Return the condition for rows from which this way leads to the organisation."""
    return lambda organisation: Q((way, organisation))


def of_all(organisation: int) -> Q:
    """The condition for tables that all organisations share."""
    return Q()


def of_installation(organisation: int) -> Q:
    """The condition for tables of the installation: they are met while there is no other organisation."""
    return Q(~Exists(Organisation.objects.exclude(pk=organisation)))


def without_roles_of_others(organisation: int) -> Q:
    """The condition for groups: all share them, but for the roles that another organisation has defined."""
    return Q(own_role=None) | Q(own_role__organisation=organisation)


def organisation_of(row: Any) -> int:
    """Return the number of the organisation of an account, a project, or another row with that column."""
    number: int = row.organisation_id
    return number


def is_above(user: User) -> bool:
    """Return True if the account is above organisations: an active superuser."""
    return user.is_active and user.is_superuser


def belonging_to(organisation: int, rows: QuerySet[M]) -> QuerySet[M]:
    """Return those of the rows that belong to this organisation. Raises KeyError as `within_organisation` does."""
    return rows.filter(CONDITIONS[rows.model](organisation))


def within_organisation(user: User, rows: QuerySet[M]) -> QuerySet[M]:
    """Return those of the rows that belong to the account's organisation; all, if the account is above organisations.

    Raises KeyError for a table that no room has named with `belongs`.
    """
    condition = CONDITIONS[rows.model]
    return rows if is_above(user) else rows.filter(condition(organisation_of(user)))


def organisation_seen_by(user: User) -> int | None:
    """Return the number of the organisation to which the account is limited; None if it is above organisations."""
    return None if is_above(user) else user.organisation_id


def is_within(user: User, organisation: int) -> bool:
    """Return True if the account may meet what belongs to this organisation."""
    return is_above(user) or user.organisation_id == organisation


def sees_installation(user: User) -> bool:
    """Return True if the account may see what no organisation has to itself, such as how far the streams are read.

    An account above organisations may, and each where there is no other organisation. One query.
    """
    return is_above(user) or not Organisation.objects.exclude(pk=organisation_of(user)).exists()


# Superusers are above organisations: a question of any organisation may wait for one, and shows the name.
belongs(User, by="organisation", in_sql="{table}.organisation_id = {organisation} OR {table}.is_superuser")
belongs(AskedAct, AuditRecord, OrganisationRole, by="organisation")
belongs(ApiKey, by="user__organisation")
belongs(Absence, by="person__organisation")
belongs(BrowserSession, Letter, by="account__organisation")
# The view shows whose every role is, also those that a request must not see.
VIEWS["accounts_whose_role"] = "SELECT group_id, organisation_id FROM accounts_organisationrole"
WHOSE_ROLE = """
COALESCE((SELECT whose.organisation_id = {organisation} FROM accounts_whose_role whose
           WHERE whose.group_id = {table}.id), {organisation} > 0)"""
belongs(Group, by=without_roles_of_others, in_sql=WHOSE_ROLE)
belongs(AuditSeal, Organisation, Quota, SignInAttempts, by=of_installation)
