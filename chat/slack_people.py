"""Whose account a person in Slack has: the one with the mail address that Slack knows them by.

The id of the person is in the signed request. Slack is asked for the record, so the address is Slack's and not the
click's. It counts only for full members of our own workspace: in a shared channel, another company's administrators say
which addresses their people have. And the account's person has to have confirmed the same address to Interlock.
"""

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.reach import unlimited
from chat.errors import Refused, UnknownPerson
from chat.slack_calls import FAILURES, user_of
from environment.chat import Slack

GUESTS = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")


def person_in_slack(slack: Slack, user_id: str) -> User:
    """Return the account of the person with this id in Slack. Raises UnknownPerson."""
    try:
        record = user_of(slack, user_id)
    except (Refused, *FAILURES) as error:
        raise UnknownPerson(_("Slack does not say now who you are: try again, or open the page.")) from error
    if record.get("team_id") != slack.team or any(record.get(mark) for mark in GUESTS):
        raise UnknownPerson(_("Only full members of the workspace can answer here: open the page."))
    return person_with_address(str((record.get("profile") or {}).get("email") or ""))


def person_with_address(address: str) -> User:
    """Return the one active person who has confirmed this mail address. Raises UnknownPerson."""
    with unlimited():
        people = list(User.objects.filter(email__iexact=address, is_active=True, is_service=False))
    confirmed = [user for user in people if address and user.has_verified_email]
    if len(confirmed) != 1:
        words = _("No account here has your mail address in Slack, confirmed by its person: open the page and sign in.")
        raise UnknownPerson(words)
    return confirmed[0]
