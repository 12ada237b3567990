"""People with an account in each of several organisations."""

from django.test import Client

from accounts.memberships import join
from accounts.models import Letter, User
from accounts.organisations import Organisation
from accounts.passwords.links import link_for
from tests.callers import account


def member(home: User, organisation: Organisation, role: str, name: str = "") -> User:
    """An account of the person of this home account in another organisation, joined by an invitation."""
    invited = account(name or f"{home.username}-{organisation.slug}", role, organisation=organisation)
    return join(token_for(invited), home, {})


def token_for(invited: User) -> str:
    """The token of the link in the account's invitation."""
    invited.set_unusable_password()
    invited.save(update_fields=["password"])
    return link_for(invited, Letter.Kind.INVITATION).rstrip("/").rpartition("/")[2]


def switched(client: Client, to: User) -> Client:
    """The client, whose session went on as this account."""
    answer = client.post("/organisation/", {"to": to.pk})
    assert client.session["_auth_user_id"] == str(to.pk), answer.headers
    return client
