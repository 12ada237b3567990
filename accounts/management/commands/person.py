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
        "Make a person with a role, or give a person that there is another role. The password of a new person is"
        f" asked for, or taken from the environment ({PASSWORD_VARIABLE})."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the name to sign in with")
        parser.add_argument("--role", choices=list(ROLES), required=True)
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--service", action="store_true", help="a machine: it has no password, and comes with `manage.py apikey`"
        )

    def handle(self, *args: Any, name: str, role: str, email: str, service: bool, **options: Any) -> None:
        with transaction.atomic():
            user = User.objects.filter(username=name).first()
            if user is None:
                user = self.new_machine(name) if service else self.new_person(name, email)
            elif service and not user.is_service:
                raise CommandError(f"{name} is a person: give the service account a name of its own.")
            user.is_staff = user.is_staff or (role in STAFF and not user.is_service)
            user.save()
            user.groups.add(Group.objects.get(name=role))
        self.stdout.write(f"{name} is {'an' if role[0] in 'aeiou' else 'a'} {role} now.")

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
