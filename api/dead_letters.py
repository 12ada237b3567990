"""Dead letters: look, replay (also corrected), discard."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import DEAD_LETTERS, READ
from api import examples
from api.endpoint import ApiView, found_in
from api.fields import Text
from api.openapi import acts, endpoint, lists
from api.problems import Refused
from api.projects import Reason
from api.rules import Rule
from events.deadletters import discard, replay
from events.deadletters.repair import findings, forged, refused_by_ledger
from events.envelope import from_wire
from events.models import DeadLetter
from schemas import strict_json

LOOK = Rule(READ, "events.view_deadletter")
MEND = Rule(DEAD_LETTERS, "events.change_deadletter")


class FindingShown(serializers.Serializer[Any]):
    """What is wrong with the event, and where."""

    pointer = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class DeadLetterListed(serializers.ModelSerializer[DeadLetter]):
    """A stream entry that could not be handled."""

    class Meta:
        model = DeadLetter
        fields = [
            *("id", "stream", "entry_id", "group", "state", "event_id", "event_type", "reason", "schema_id"),
            *("error_class", "attempts", "first_seen", "last_seen", "settled_at", "settled_by", "note"),
        ]


class DeadLetterShown(DeadLetterListed):
    """A stream entry that could not be handled, as it came."""

    fields_of_the_entry = serializers.SerializerMethodField(help_text="Each field as text; undecodable bytes escaped.")
    findings = serializers.SerializerMethodField(help_text="What the contracts have against its event now.")

    class Meta(DeadLetterListed.Meta):
        fields = [*DeadLetterListed.Meta.fields, "fields_of_the_entry", "findings"]

    def get_fields_of_the_entry(self, letter: DeadLetter) -> dict[str, str]:
        return {readable(name): readable(value) for name, value in letter.fields.items()}

    @extend_schema_field(FindingShown(many=True))
    def get_findings(self, letter: DeadLetter) -> list[dict[str, str]]:
        found = findings(letter.fields.get(b"event", b""))
        return [{"pointer": one.pointer, "message": one.message} for one in found]


class DeadLetterQuery(serializers.Serializer[Any]):
    """Which dead letters."""

    state = serializers.ChoiceField(choices=DeadLetter.State.choices, required=False)
    event_type = Text(required=False, max_length=200)


class Correction(serializers.Serializer[Any]):
    """The event to put in place of the one that came; left out, the entry is replayed as it is."""

    event = serializers.DictField(required=False)


class DeadLetters(ApiView):
    """The dead letters."""

    rules = {"GET": LOOK}

    @lists("deadletters_list", "List dead letters", DeadLetterListed, DeadLetterQuery)
    def get(self, request: Request) -> Response:
        """The newest first."""
        wanted = self.asked(DeadLetterQuery)
        found = DeadLetter.objects.defer("raw", "trace", "edited").filter(**wanted)
        return self.page(found, DeadLetterListed, by=("-id",))


class OneDeadLetter(ApiView):
    """A dead letter."""

    rules = {"GET": LOOK}

    @endpoint("deadletters_read", "Read a dead letter", gives=DeadLetterShown, refuses=[404])
    def get(self, request: Request, letter_id: int) -> Response:
        """The entry as it came, and what is wrong with it."""
        return self.shown(DeadLetterShown(found_in(DeadLetter.objects.all(), pk=letter_id)).data)


class Replay(ApiView):
    """Puts an entry on its stream again."""

    rules = {"POST": MEND}

    @acts(
        "deadletters_replay",
        "Replay a dead letter",
        takes=Correction,
        gives=DeadLetterShown,
        status=202,
        sent=examples.CORRECTION,
        given=examples.LETTER,
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """As it came, or corrected; once. The original is kept."""
        letter = found_in(DeadLetter.objects.all(), pk=letter_id)
        corrected = self.read(Correction).get("event")
        event = None if corrected is None else acceptable(corrected)
        replay(letter, by=self.account.get_username(), event=event)
        data = DeadLetterShown(found_in(DeadLetter.objects.all(), pk=letter_id)).data
        return self.shown(data, status=202, location=f"/api/v1/dead-letters/{letter_id}")


class Discard(ApiView):
    """Closes a dead letter for good."""

    rules = {"POST": MEND}

    @acts(
        "deadletters_discard",
        "Discard a dead letter",
        takes=Reason,
        gives=DeadLetterShown,
        sent=examples.REASON,
        given=examples.LETTER,
    )
    def post(self, request: Request, letter_id: int) -> Response:
        """The reason is kept with it."""
        letter = found_in(DeadLetter.objects.all(), pk=letter_id)
        discard(letter, by=self.account.get_username(), why=self.read(Reason)["reason"])
        return self.shown(DeadLetterShown(found_in(DeadLetter.objects.all(), pk=letter_id)).data)


def readable(raw: bytes) -> str:
    """The bytes as text, undecodable ones escaped."""
    return raw.decode(errors="backslashreplace")


def acceptable(corrected: dict[str, Any]) -> bytes:
    """The corrected event as JSON bytes. Raises Refused with each fault, as replaying it would only bury it again."""
    raw = strict_json.dumps(corrected)
    if found := findings(raw):
        faults = [(f"/event{one.pointer}", one.message) for one in found]
        raise Refused(422, "invalid-event", _("The event breaks its contract: see the errors."), faults=faults)
    event = from_wire(raw)
    if why := refused_by_ledger(event) or forged(event):
        raise Refused(422, "invalid-event", why, faults=[("/event", why)])
    return raw
