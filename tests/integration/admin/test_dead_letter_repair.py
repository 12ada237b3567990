"""A dead letter is mended in the browser: looked at, corrected, checked, replayed."""

import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from backlog.models import Project
from events import deadletters, streams
from events.errors import InvalidEvent
from events.models import DeadLetter, Event
from events.streams import Entry
from tests.flows import put, request, tell
from tests.system import run_to_rest

pytestmark = pytest.mark.django_db(transaction=True)

Fields = dict[bytes, bytes]


@pytest.fixture
def buried(broker: None) -> Callable[..., DeadLetter]:
    """A dead letter whose entry has these fields."""

    def buried(event: dict[str, Any] | bytes, **fields: str) -> DeadLetter:
        raw = event if isinstance(event, bytes) else orjson.dumps(event)
        entry = {b"event": raw, **{name.encode(): value.encode() for name, value in fields.items()}}
        entry_id = f"{DeadLetter.objects.count() + 1}-1"
        error = InvalidEvent("The payload is wrong.")
        deadletters.bury(Entry(settings.STREAM_NAME, entry_id, entry, 1), "validators", error)
        return DeadLetter.objects.latest("pk")

    return buried


def faulty(**changes: Any) -> dict[str, Any]:
    """A request whose template is a number."""
    event = request() | changes
    event["payload"]["template"] = 7
    return event


def mended(event: dict[str, Any]) -> dict[str, Any]:
    """The same request with a template that exists."""
    return event | {"payload": event["payload"] | {"template": "minimal"}}


def page(letter: DeadLetter) -> str:
    """The address of the letter's page."""
    return reverse("admin:events_deadletter_change", args=[letter.pk])


def post(client: Client, letter: DeadLetter, button: str, event: Any = None, **data: str) -> tuple[str, list[str]]:
    """The page after the button is pressed, and the messages on it."""
    typed = {} if event is None else {"event": event if isinstance(event, str) else orjson.dumps(event).decode()}
    response = client.post(page(letter), {button: "", **typed, **data})
    words = [str(message) for message in get_messages(response.wsgi_request)]
    return response.content.decode(), words


def entries() -> list[Fields]:
    """The entries of the log, oldest first."""
    return [fields for _, fields in streams.client().xrange(settings.STREAM_NAME)]


def now(letter: DeadLetter) -> DeadLetter:
    """The letter as the database has it."""
    return DeadLetter.objects.get(pk=letter.pk)


# -- looking ---------------------------------------------------------------------------------------
def test_the_page_says_what_happened_and_marks_the_line_at_fault(staff: Client, buried: Any) -> None:
    html = staff.get(page(buried(faulty(), type="X"))).content.decode()
    assert "The entry is not an event that its contract allows." in html
    assert "The payload is wrong." in html
    assert "<mark>    &quot;template&quot;: 7</mark>" in html
    assert "← /payload/template: " in html
    assert html.count("<mark>") == 1


def test_an_entry_that_meanwhile_is_valid_is_said_to_be(staff: Client, buried: Any) -> None:
    html = staff.get(page(buried(request()))).content.decode()
    assert "the contracts accept it as it is" in html
    assert "<mark>" not in html


def test_a_long_event_is_put_into_the_editor_when_somebody_asks(staff: Client, buried: Any) -> None:
    event = faulty()
    event["payload"]["request_text"] = "x" * 50_000
    letter = buried(event)
    assert staff.get(page(letter)).context["form"] is None
    form = staff.get(page(letter), {"edit": "1"}).context["form"]
    assert orjson.loads(form["event"].value()) == event


def test_the_list_says_that_nothing_is_broken(staff: Client) -> None:
    html = staff.get(reverse("admin:events_deadletter_changelist")).content.decode()
    assert "There are no dead letters" in html


def test_the_list_has_open_letters_first_and_says_what_they_are(staff: Client, buried: Any) -> None:
    first, second = buried(faulty()), buried(b"nonsense")
    deadletters.discard(second, by="bob", why="A test.")
    response = staff.get(reverse("admin:events_deadletter_changelist"))
    assert list(response.context["cl"].result_list) == [first, second]
    html = response.content.decode()
    for text in ('<span class="state state-open">Open</span>', "An entry that cannot be read", "just now"):
        assert text in html, text


# -- checking --------------------------------------------------------------------------------------
@pytest.mark.parametrize("button", ["check", "save"])
def test_a_refused_edit_changes_nothing_and_loses_nothing(staff: Client, buried: Any, button: str) -> None:
    letter = buried(faulty())
    typed = '{"event_id": 1,\r\n "mine": "<b>"}'
    html, words = post(staff, letter, button, typed)
    assert words == []
    assert "Line 1, /event_id: " in html
    assert "{&quot;event_id&quot;: 1,\r\n &quot;mine&quot;: &quot;&lt;b&gt;&quot;}" in html
    assert (now(letter).state, now(letter).edited, entries()) == ("open", None, [])


def test_text_that_is_no_json_is_refused_with_its_line(staff: Client, buried: Any) -> None:
    html, _ = post(staff, buried(faulty()), "check", '{\r\n"a": 1\r\n"b": 2}')
    assert "Line 3, /: it cannot be read" in html


def test_checking_says_that_the_event_is_right_and_replays_nothing(staff: Client, buried: Any) -> None:
    event = faulty()
    letter = buried(event)
    html, _ = post(staff, letter, "check", mended(event))
    assert "The contracts accept this event." in html
    assert (now(letter).state, entries()) == ("open", [])


# -- replaying what was edited ---------------------------------------------------------------------
def test_an_edited_event_is_replayed_as_a_new_entry_and_the_raw_one_is_kept(staff: Client, buried: Any) -> None:
    event = faulty()
    letter = buried(event, type="OLD.TYPE", other="kept")
    raw = letter.fields
    _, words = post(staff, letter, "save", mended(event))
    assert words == ["Replayed as you edited it. The original entry is kept unchanged."]
    settled = now(letter)
    assert (settled.state, settled.settled_by, settled.note) == ("replayed", "ann", "Replayed by ann, edited")
    assert settled.settled_at is not None
    assert settled.fields == raw
    assert settled.edited is not None
    assert orjson.loads(bytes(settled.edited)) == mended(event)
    [entry] = entries()
    assert entry[b"event"] == bytes(settled.edited)
    assert (entry[b"type"], entry[b"other"]) == (event["event_type"].encode(), b"kept")
    html = staff.get(page(letter)).content.decode()
    assert "The event that was replayed instead" in html
    assert "&quot;template&quot;: 7" in html


def test_an_edited_event_has_its_effect(staff: Client, broker: None) -> None:
    event = faulty()
    tell(event)
    letter = DeadLetter.objects.get()
    post(staff, letter, "save", mended(event))
    run_to_rest()
    assert str(Project.objects.get().pk) == event["payload"]["project_id"]
    assert DeadLetter.objects.filter(state="open").count() == 0


def test_an_event_whose_id_was_used_is_refused_until_it_gets_a_new_one(staff: Client, broker: None) -> None:
    first = request()
    tell(first)
    second = faulty(event_id=first["event_id"])
    put(orjson.dumps(second))
    run_to_rest()
    letter = DeadLetter.objects.get()
    html, _ = post(staff, letter, "save", mended(second))
    assert "is refused as a conflict" in html
    assert re.search(r'<input type="checkbox" name="new_id"[^>]* checked', html)
    assert now(letter).state == "open"
    post(staff, letter, "save", mended(second), new_id="on")
    run_to_rest()
    assert now(letter).state == "replayed"
    assert orjson.loads(bytes(now(letter).edited or b""))["event_id"] != first["event_id"]
    assert Project.objects.count() == 2


def test_a_new_id_is_offered_at_once_for_an_event_that_was_handled(staff: Client, buried: Any) -> None:
    event = request()
    tell(event)
    response = staff.get(page(buried(event)))
    assert response.context["form"]["new_id"].value() is True
    assert "would be dropped as a duplicate" in response.content.decode()
    assert staff.get(page(buried(request()))).context["form"]["new_id"].value() is False


def test_what_only_interlock_may_say_cannot_be_made_up(staff: Client, broker: None, opened: Any, buried: Any) -> None:
    opened()
    event = Event.objects.filter(type="PROJECT.OPENED").latest("seq").envelope().to_wire()
    letter = buried(faulty())
    html, _ = post(staff, letter, "save", event.decode(), new_id="on")
    assert "Only Interlock emits PROJECT.OPENED" in html
    assert now(letter).state == "open"


# -- settling --------------------------------------------------------------------------------------
def test_a_letter_is_replayed_as_it_is_from_its_page(staff: Client, buried: Any) -> None:
    letter = buried(b"\xff", type="X")
    assert post(staff, letter, "replay")[1] == ["Replayed unchanged."]
    assert entries() == [letter.fields]
    assert (now(letter).state, now(letter).settled_by, now(letter).edited) == ("replayed", "ann", None)


def test_a_letter_is_discarded_from_its_page_with_a_reason(staff: Client, buried: Any) -> None:
    letter = buried(b"nonsense")
    html, _ = post(staff, letter, "discard", reason=" ")
    assert "This field is required." in html
    assert now(letter).state == "open"
    assert post(staff, letter, "discard", reason="A test of mine.")[1] == ["Discarded."]
    assert (now(letter).state, now(letter).note) == ("discarded", "Discarded by ann: A test of mine.")


def test_the_second_of_two_people_is_told_who_settled_it_and_loses_nothing_typed(staff: Client, buried: Any) -> None:
    event = faulty()
    letter = buried(event)
    deadletters.discard(letter, by="bob", why="Not ours.")
    html, [words] = post(staff, letter, "save", mended(event))
    assert words.startswith(f"Nothing changed. Dead letter {letter.pk} was settled before: Discarded by bob, ")
    assert "What you wrote was not used" in html
    assert event["payload"]["project_id"] in html.split("What you wrote was not used")[-1]
    assert 'name="save"' not in html
    assert (now(letter).state, now(letter).edited, entries()) == ("discarded", None, [])


def test_an_edit_stays_while_the_broker_is_out_of_reach(
    staff: Client, buried: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: Any) -> str:
        raise streams.BROKER_ERRORS[0]("The broker is away.")

    monkeypatch.setattr(streams, "replay", unreachable)
    event = faulty()
    letter = buried(event)
    html, words = post(staff, letter, "save", mended(event))
    assert words == ["Nothing changed. The broker is away."]
    assert "&quot;template&quot;:&quot;minimal&quot;" in html
    assert (now(letter).state, now(letter).edited) == ("open", None)


@pytest.mark.parametrize("button", ["check", "save", "replay", "discard"])
def test_who_may_only_look_changes_nothing(viewer: Client, buried: Any, button: str) -> None:
    letter = buried(faulty())
    html = viewer.get(page(letter)).content.decode()
    assert "&quot;template&quot;: 7" in html
    assert 'name="save"' not in html
    typed = {"event": orjson.dumps(request()).decode(), "reason": "Mine."}
    assert viewer.post(page(letter), {button: "", **typed}).status_code == 403
    assert (now(letter).state, entries()) == ("open", [])


def test_the_page_of_a_letter_that_is_not_there_leads_back(staff: Client) -> None:
    address = reverse("admin:events_deadletter_change", args=[999_999])
    assert staff.get(address).status_code == 302


# -- the service -----------------------------------------------------------------------------------
def test_the_service_refuses_an_event_that_no_contract_allows(buried: Any) -> None:
    letter = buried(faulty())
    with pytest.raises(InvalidEvent):
        deadletters.replay(letter, by="ann", event=orjson.dumps(faulty()))
    assert (now(letter).state, entries()) == ("open", [])


def test_the_service_tells_when_a_letter_of_old_was_settled(buried: Any) -> None:
    letter = buried(faulty())
    deadletters.discard(letter, by="bob", why="Not ours.")
    DeadLetter.objects.update(settled_by="")
    with pytest.raises(deadletters.AlreadySettled, match=r"settled before: Discarded by bob: Not ours\., "):
        deadletters.replay(letter, by="ann")
