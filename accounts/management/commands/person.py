"""Give a person an account and a role."""

import os
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from accounts.roles import ROLES, STAFF

PASSWORD_VARIABLE = "PERSON_PASSWORD"  # noqa: S105  (a name, no password)


class Command(BaseCommand):
    help = (
        "Make a person with a role, or set, add or take away the role of a person that there is. The password of a"
        f" new person is asked for, or taken from the environment ({PASSWORD_VARIABLE})."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the name to sign in with")
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("--role", choices=list(ROLES), help="the one role from now on, in place of any other")
        wanted.add_argument("--add", choices=list(ROLES), metavar="ROLE", help="one role more")
        wanted.add_argument("--remove", choices=list(ROLES), metavar="ROLE", help="one role less")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--service", action="store_true", help="a machine: it has no password, and comes with `manage.py apikey`"
        )

    def handle(self, *args: Any, name: str, email: str, service: bool, **options: Any) -> None:
        role, more, less = (options.get(word) for word in ("role", "add", "remove"))
        with transaction.atomic():
            user = self.found(name, email, service, made=not less)
            user.save()
            if role:
                user.groups.remove(*Group.objects.filter(name__in=ROLES).exclude(name=role))
            if given := role or more:
                user.groups.add(Group.objects.get(name=given))
            if less:
                user.groups.remove(Group.objects.get(name=less))
            self.set_staff(user)
        self.stdout.write(self.said(name, role or more, less))

    def found(self, name: str, email: str, service: bool, *, made: bool) -> User:
        """The account of this name, made where there is none. Raises CommandError."""
        user = User.objects.filter(username=name).first()
        if user is None and not made:
            raise CommandError(f"There is no account {name}.")
        if user is None:
            return self.new_machine(name) if service else self.new_person(name, email)
        if service and not user.is_service:
            raise CommandError(f"{name} is a person: give the service account a name of its own.")
        return user

    def set_staff(self, user: User) -> None:
        """A person with a staff role, or a superuser, may enter the admin; nobody else."""
        has_staff_role = user.groups.filter(name__in=STAFF).exists() and not user.is_service
        user.is_staff = user.is_superuser or has_staff_role
        user.save(update_fields=["is_staff"])

    def said(self, name: str, given: str | None, taken: str | None) -> str:
        """What became of the account, in a sentence."""
        role = str(given or taken)
        return f"{name} is {'an' if role[0] in 'aeiou' else 'a'} {role} {'now' if given else 'no more'}."

    def new_machine(self, name: str) -> User:
        """A service account, which nobody can sign in as. Raises CommandError."""
        user = User(username=name, is_service=True)
        user.set_unusable_password()
        try:
            user.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        return user

    def new_person(self, name: str, email: str) -> User:
        """A person with a password that passes the rules. Raises CommandError."""
        user = User(username=name, email=email)
        password = os.environ.get(PASSWORD_VARIABLE) or getpass(f"Password for {name}: ")
        try:
            user.full_clean(exclude=["password"])
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user.set_password(password)
        return user
