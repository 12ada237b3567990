"""Make and list organisations, move people from one to another, and say how much one may use."""

from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db.models import OuterRef

from accounts.models import User
from accounts.organisations import Organisation
from accounts.quotas import NO_LIMITS, Quota
from backlog.models import Project
from backlog.organisations import OrganisationRefused, make_organisation, move_account
from backlog.quotas import set_quota
from backlog.selectors import count_subquery
from console.operator import OperatorCommand

NONE, LONGEST_LIMIT = "none", 18
LIMITS = {
    "projects_a_month": "projects opened in a calendar month",
    "bytes_stored": "bytes of stored rows",
    "calls_a_minute": "REST calls a minute",
    "open_connections": "streams and live pages open at once, in each web process",
}


class Command(OperatorCommand):
    help = "Make and list organisations, whose people and projects cannot see each other; move people; set quotas."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="make an organisation, with the templates that come with Interlock")
        add.add_argument("name", help="what it is called")
        actions.add_parser("list", help="list the organisations, with how many accounts and projects each has")
        move = actions.add_parser("move", help="move an account to another organisation; its projects stay")
        move.add_argument("account", help="the name of the account")
        move.add_argument("organisation", help=f"the short name, as `{settings.COMMAND} organisations list` shows it")

        quota = actions.add_parser("quota", help="show how much an organisation may use, and has used, or change that")
        quota.add_argument("organisation", help="the short name")
        for name, words in LIMITS.items():
            quota.add_argument(f"--{name.replace('_', '-')}", type=limit, metavar="N", help=f"{words}; none: no limit")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, f"do_{action}")(**options)

    def do_add(self, *, name: str, **_: Any) -> None:
        """Make an organisation. Raises CommandError."""
        try:
            made = make_organisation(name)
        except OrganisationRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{made} is made. Its short name is {made.slug}; it has no people yet.")

    def do_list(self, **_: Any) -> None:
        """Write a line for each organisation."""
        people = count_subquery(User.objects.filter(organisation=OuterRef("pk")), "organisation")
        projects = count_subquery(Project.objects.filter(organisation=OuterRef("pk")), "organisation")
        for found in Organisation.objects.annotate(people=people, projects=projects):
            counts = f"{found.people:>8,} accounts  {found.projects:>10,} projects"
            self.stdout.write(f"{found.slug:<30}{counts}  {found.name}")

    def do_move(self, *, account: str, organisation: str, **_: Any) -> None:
        """Move an account. Raises CommandError."""
        user, to = User.objects.filter(username=account).first(), self.known(organisation)
        if user is None:
            raise CommandError(f"There is no account {account}.")
        try:
            move_account(user, to)
        except OrganisationRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user} belongs to {to} now. Projects that {user} opened before stay where they are.")

    def do_quota(self, *, organisation: str, **given: Any) -> None:
        """Change the limits that are given, and show all. Raises CommandError."""
        known = self.known(organisation)
        quota = Quota.objects.filter(organisation=known).first()
        limits = quota.limits if quota else NO_LIMITS
        set_quota(known, replace(limits, **{name: number(given[name]) for name in LIMITS if given[name] is not None}))
        quota = Quota.objects.filter(organisation=known).first() or Quota(organisation=known)
        used = {"projects_a_month": quota.projects_used, "bytes_stored": quota.bytes_used}
        for name, words in LIMITS.items():
            most = getattr(quota, name)
            so_far = f", {used[name]:,} used" if most is not None and name in used else ""
            self.stdout.write(f"{words}: {'no limit' if most is None else f'{most:,}'}{so_far}")

    def known(self, slug: str) -> Organisation:
        """Return the organisation with this short name. Raises CommandError if there is none."""
        found = Organisation.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"There is no organisation {slug}; see `{settings.COMMAND} organisations list`.")
        return found


def limit(text: str) -> str:
    """Return the text of a limit: a whole number, or “none”. Raises ArgumentTypeError."""
    if text != NONE and not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_LIMIT):
        raise ArgumentTypeError(f"{text!r} is neither a whole number nor “{NONE}”")
    return text


def number(text: str) -> int | None:
    """Return the limit that the text names; None for none."""
    return None if text == NONE else int(text)
