"""Endpoints of dead letters: list, read, replay (as received or corrected), discard."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import DEAD_LETTERS, READ
from accounts.walls import within_organisation
from api import examples
from api.endpoint import ApiView, row_or_404
from api.fields import Text
from api.openapi import endpoint, list_endpoint, post_endpoint
from api.problems import Refused
from api.projects import Reason
from api.rules import Rule
from events.deadletters import discard, replay
from events.deadletters.repair import findings, forgery_in_words, ledger_refusal_in_words
from events.envelope import from_wire
from events.models import DeadLetter
from schemas import strict_json

LOOK = Rule(READ, "events.view_deadletter")
REPAIR = Rule(DEAD_LETTERS, "events.change_deadletter")


class FindingShown(serializers.Serializer[Any]):
    """One fault of the event."""

    pointer = serializers.CharField(
        allow_blank=True, help_text="JSON Pointer to the faulty part; empty for the whole event."
    )
    message = serializers.CharField()


class DeadLetterListed(serializers.ModelSerializer[DeadLetter]):
    """A dead letter: a stream entry that could not be handled."""

    class Meta:
        model = DeadLetter
        fields = [
            *("id", "stream", "entry_id", "group", "state", "event_id", "event_type", "reason", "schema_id"),
            *("error_class", "attempts", "first_seen", "last_seen", "settled_at", "settled_by", "note"),
        ]


class DeadLetterShown(DeadLetterListed):
    """A dead letter with the fields of its stream entry and the faults of its event."""

    fields_of_the_entry = serializers.SerializerMethodField(
        help_text="The fields of the stream entry as text; bytes that are not UTF-8 are escaped."
    )
    findings = serializers.SerializerMethodField(help_text="The faults that the contracts of today find in its event.")

    class Meta(DeadLetterListed.Meta):
        fields = [*DeadLetterListed.Meta.fields, "fields_of_the_entry", "findings"]

    def get_fields_of_the_entry(self, letter: DeadLetter) -> dict[str, str]:
        return {readable(name): readable(value) for name, value in letter.fields.items()}

    @extend_schema_field(FindingShown(many=True))
    def get_findings(self, letter: DeadLetter) -> list[dict[str, str]]:
        faults = findings(letter.fields.get(b"event", b""))
        return [{"pointer": each.pointer, "message": each.message} for each in faults]


class DeadLetterQuery(serializers.Serializer[Any]):
    """Filters of the list of dead letters."""

    state = serializers.ChoiceField(choices=DeadLetter.State.choices, required=False)
    event_type = Text(required=False, max_length=200)


class Correction(serializers.Serializer[Any]):
    """A corrected event to replay in place of the one that was received."""

    event = serializers.DictField(
        required=False, help_text="The whole event with its envelope. Without it the entry is replayed as received."
    )


class DeadLetters(ApiView):
    """The list of dead letters."""

    rules = {"GET": LOOK}

    @list_endpoint("deadletters_list", "List dead letters", DeadLetterListed, DeadLetterQuery)
    def get(self, request: Request) -> Response:
        """The dead letters, newest first. The contents of their entries are in the single dead letter only."""
        filters = self.read_query(DeadLetterQuery)
        letters = letters_for(self.account).defer("raw", "trace", "edited").filter(**filters)
        return self.page(letters, DeadLetterListed, by=("-id",))


class OneDeadLetter(ApiView):
    """One dead letter."""

    rules = {"GET": LOOK}

    @endpoint("deadletters_read", "Read a dead letter", gives=DeadLetterShown, refuses=[404])
    def get(self, request: Request, letter_id: int) -> Response:
        """The dead letter with the fields of its entry as received, and the faults of its event."""
        return self.respond(DeadLetterShown(row_or_404(letters_for(self.account), pk=letter_id)).data)


class Replay(ApiView):
    """Puts the entry of a dead letter on its stream again."""

    rules = {"POST": REPAIR}

    @post_endpoint(
        "deadletters_replay",
        "Replay a dead letter",
        takes=Correction,
        gives=DeadLetterShown,
        status=202,
        request_example=examples.CORRECTION,
        response_example=examples.DEAD_LETTER,
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """Put the entry on its stream again, as received or with the corrected `event`; it is handled again soon.

        A dead letter can be replayed once. The original entry is kept. A corrected event that breaks its contract
        is refused with the list of its faults, and the dead letter stays open.
        """
        letter = row_or_404(letters_for(self.account), pk=letter_id)
        corrected = self.read_body(Correction).get("event")
        event = None if corrected is None else acceptable_json(corrected)
        replay(letter, by=self.account.get_username(), event=event)
        data = DeadLetterShown(row_or_404(letters_for(self.account), pk=letter_id)).data
        return self.respond(data, status=202, location=f"/api/v1/dead-letters/{letter_id}")


class Discard(ApiView):
    """Closes a dead letter without a replay."""

    rules = {"POST": REPAIR}

    @post_endpoint(
        "deadletters_discard",
        "Discard a dead letter",
        takes=Reason,
        gives=DeadLetterShown,
        request_example=examples.REASON,
        response_example=examples.DEAD_LETTER,
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """Close the dead letter for good: its entry is not handled. The reason is stored with it."""
        letter = row_or_404(letters_for(self.account), pk=letter_id)
        discard(letter, by=self.account.get_username(), why=self.read_body(Reason)["reason"])
        return self.respond(DeadLetterShown(row_or_404(letters_for(self.account), pk=letter_id)).data)


def letters_for(user: User) -> QuerySet[DeadLetter]:
    """Return the dead letters of the account's organisation."""
    return within_organisation(user, DeadLetter.objects.all())


def readable(raw: bytes) -> str:
    """Return the bytes as text; bytes that are not UTF-8 are escaped."""
    return raw.decode(errors="backslashreplace")


def acceptable_json(corrected: dict[str, Any]) -> bytes:
    """Return the corrected event as JSON bytes. Raises Refused with every fault that would bury it again."""
    raw = strict_json.dumps(corrected)
    if found := findings(raw):
        faults = [(f"/event{each.pointer}", each.message) for each in found]
        raise Refused(422, "invalid-event", _("The event breaks its contract: see the errors."), faults=faults)
    event = from_wire(raw)
    if why := ledger_refusal_in_words(event) or forgery_in_words(event):
        raise Refused(422, "invalid-event", why, faults=[("/event", why)])
    return raw
