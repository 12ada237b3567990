"""The people of a live system, made in the database the environment names: `python -m tests.browser.make_people`."""

import django
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import call_command

from accounts.roles import ADMINISTRATOR, ANSWERER, OPERATOR, REQUESTER, STAFF_ROLES

PASSWORD = "a long enough password"
# Username → role. The administrator is a superuser too.
PEOPLE = {
    "ann": ADMINISTRATOR,
    "olga": OPERATOR,
    "anton": ANSWERER,
    "berta": ANSWERER,
    "rita": REQUESTER,
    "remy": REQUESTER,
}
# Who sets up a second factor in a test, and needs it from then on.
WITH_A_SECOND_FACTOR = {"tessa": OPERATOR, "paul": REQUESTER}


def make_people() -> None:
    """Everybody of both lists, with PASSWORD, in the database as it is after all migrations."""
    call_command("migrate", verbosity=0)
    hashed = make_password(PASSWORD)
    for name, role in (PEOPLE | WITH_A_SECOND_FACTOR).items():
        rank = {"is_staff": role in STAFF_ROLES, "is_superuser": role == ADMINISTRATOR}
        person = get_user_model().objects.create(username=name, password=hashed, **rank)
        person.groups.set([apps.get_model("auth", "Group").objects.get(name=role)])
    make_machine()


def make_machine() -> None:
    """A ticket system with a key, and a webhook that is switched off: nobody is at its address."""
    from accounts import keys
    from webhooks.services import disable_endpoint, register_endpoint

    machine = get_user_model().objects.create(username="tickets", is_service=True)
    machine.groups.set([apps.get_model("auth", "Group").objects.get(name=OPERATOR)])
    keys.make_key(machine, name="ticket system", scopes=["read", "projects", "questions"], lifetime=None)
    endpoint = register_endpoint(
        machine, url="https://tickets.example.com/interlock", types=["PROJECT.*"], description="Ticket system"
    )
    disable_endpoint(endpoint, reason="Not set up yet.")


if __name__ == "__main__":
    django.setup()
    make_people()
