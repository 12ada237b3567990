"""Make an account for a person or a machine, change its role, deactivate it."""

import os
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.granting import change_groups, set_roles, update_staff_right
from accounts.memberships import other_accounts
from accounts.models import User
from accounts.organisation_roles import own_role_names, roles_among
from accounts.passwords.letters import CannotInvite
from accounts.roles import ROLES
from accounts.second_factors import reset_second_factor
from accounts.sessions import sign_out_everywhere
from accounts.walls import organisation_of
from console.other_accounts import in_words
from people.keeping import invite_account
from people.leaving import activate, deactivate

PASSWORD_VARIABLE = "PERSON_PASSWORD"  # noqa: S105  (a name, no password)


class Command(BaseCommand):
    help = (
        "Make an account with a role, or set, add or remove a role of an existing account, or deactivate it. The"
        " command asks for the password of a new person, or reads it from the environment variable"
        f" {PASSWORD_VARIABLE}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the name of the account, with which the person signs in")
        changes = parser.add_mutually_exclusive_group(required=True)
        known = f"{', '.join(ROLES)}, or a role of the account's organisation, such as acme::reviewers"
        changes.add_argument("--role", help=f"give this role in place of all others: {known}")
        changes.add_argument("--add", metavar="ROLE", help="give this role too")
        changes.add_argument("--remove", metavar="ROLE", help="take this role away")
        changes.add_argument(
            "--reset-second-factor", action="store_true", help="take a lost second factor away, and end every session"
        )
        changes.add_argument("--sign-out", action="store_true", help="end every session of the account")
        changes.add_argument(
            "--deactivate",
            action="store_true",
            help="end the account's sessions, keys and links; what its person held goes on to others",
        )
        changes.add_argument("--activate", action="store_true", help="let a deactivated account in again")
        parser.add_argument("--email", default="", help="the mail address of a new person")
        parser.add_argument(
            "--invite",
            action="store_true",
            help="mail the person a link on which they choose the password, in place of asking for one here",
        )
        parser.add_argument(
            "--temporary", action="store_true", help="a new person has to change the password at the first sign-in"
        )
        parser.add_argument(
            "--service",
            action="store_true",
            help="make a service account for a machine: it has no password and uses a key from"
            f" `{settings.COMMAND} apikey`",
        )

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        for act in ("reset_second_factor", "sign_out", "deactivate", "activate"):
            if options.get(act):
                self.stdout.write(getattr(self, act)(self.known(name)))
                return
        role, more, less = (options.get(word) for word in ("role", "add", "remove"))
        with transaction.atomic():
            user = self.find_or_make(name, options, may_make=not less)
            self.require_role(user, str(role or more or less))
            user.save()
            if role:
                set_roles(user, [role], by=None)
            else:
                change_groups(user, given=[more] if more else [], taken=[less] if less else [], by=None)
            update_staff_right(user)
            if options.get("invite"):
                self.invite(user)
        self.stdout.write(self.sentence(name, role or more, less))

    def invite(self, user: User) -> None:
        """Have the person be mailed a link. Raises CommandError, and then nothing is changed."""
        try:
            invite_account(user, by=None)
        except CannotInvite as error:
            raise CommandError(str(error)) from error

    def known(self, name: str) -> User:
        """Return the account of this name. Raises CommandError if there is none."""
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no account {name}.")
        return user

    def reset_second_factor(self, user: User) -> str:
        """Take the second factor of the account away, and say so."""
        was_there = reset_second_factor(user)
        return f"{user} has no second factor any more." if was_there else f"{user} had no second factor."

    def sign_out(self, user: User) -> str:
        """End every session of the account, and say so."""
        sign_out_everywhere(user)
        return f"{user} is signed out everywhere."

    def deactivate(self, user: User) -> str:
        """Deactivate the account, and say so, and which other accounts its person has."""
        others = in_words(other_accounts(user))
        deactivate(user, by=None)
        return f"{user} is deactivated, and what was held has gone on.{others}"

    def activate(self, user: User) -> str:
        """Activate the account again, and say so."""
        activate(user, by=None)
        return f"{user} may sign in again."

    def find_or_make(self, name: str, options: dict[str, Any], *, may_make: bool) -> User:
        """Return the account of this name; with `may_make`, an unsaved one if there is none. Raises CommandError."""
        user, service = User.objects.filter(username=name).first(), options.get("service")
        if not may_make:
            return self.known(name)
        if user is None:
            return self.new_machine(name) if service else self.new_person(name, options)
        if service and not user.is_service:
            raise CommandError(f"{name} is a person: give the service account a name of its own.")
        return user

    def sentence(self, name: str, given: str | None, taken: str | None) -> str:
        """Return a sentence about the change of role."""
        role = str(given or taken)
        return f"{name} is {'an' if role[0] in 'aeiou' else 'a'} {role} {'now' if given else 'no more'}."

    def require_role(self, user: User, role: str) -> None:
        """Raise CommandError unless there is this role, built-in or of the account's organisation."""
        organisation = organisation_of(user)
        if not roles_among([role], organisation):
            known = ", ".join([*ROLES, *sorted(own_role_names([organisation]))])
            raise CommandError(f"There is no role {role} in the account's organisation. The roles are: {known}.")

    def new_machine(self, name: str) -> User:
        """Return an unsaved service account, without a password. Raises CommandError for an invalid name."""
        user = User(username=name, is_service=True)
        user.set_unusable_password()
        try:
            user.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return user

    def new_person(self, name: str, options: dict[str, Any]) -> User:
        """Return an unsaved person with a password that meets the rules, or none if invited. Raises CommandError."""
        user = User(username=name, email=options.get("email", ""), must_change_password=bool(options.get("temporary")))
        is_invited = options.get("invite")
        password = None if is_invited else os.environ.get(PASSWORD_VARIABLE) or getpass(f"Password for {name}: ")
        try:
            user.full_clean(exclude=["password"])
            if password is not None:
                validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user.set_password(password)
        return user
