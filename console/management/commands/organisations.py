"""Make and list organisations, and move people from one to another."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db.models import OuterRef

from accounts.models import User
from accounts.organisations import Organisation
from backlog.models import Project
from backlog.organisations import OrganisationRefused, make_organisation, move_account
from backlog.selectors import count_subquery
from console.operator import OperatorCommand


class Command(OperatorCommand):
    help = "Make and list organisations, whose people and projects cannot see each other, and move people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="make an organisation, with the templates that come with Interlock")
        add.add_argument("name", help="what it is called")
        actions.add_parser("list", help="list the organisations, with how many accounts and projects each has")
        move = actions.add_parser("move", help="move an account to another organisation; its projects stay")
        move.add_argument("account", help="the name of the account")
        move.add_argument("organisation", help=f"the short name, as `{settings.COMMAND} organisations list` shows it")

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
        user = User.objects.filter(username=account).first()
        to = Organisation.objects.filter(slug=organisation).first()
        if user is None:
            raise CommandError(f"There is no account {account}.")
        if to is None:
            words = f"There is no organisation {organisation}; see `{settings.COMMAND} organisations list`."
            raise CommandError(words)
        move_account(user, to)
        self.stdout.write(f"{user} belongs to {to} now. Projects that {user} opened before stay where they are.")
