"""Replaying many dead letters at once, and looking at what waits."""

from collections.abc import Callable

import orjson
import pytest
from django.core.management import CommandError

from events import streams
from events.models import DeadLetter
from tests.flows import opened, step, tell

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., str]


def states() -> list[str]:
    """Where each dead letter stands, oldest first."""
    return list(DeadLetter.objects.order_by("pk").values_list("state", flat=True))


def test_all_open_dead_letters_with_a_reason_are_replayed_and_no_others(broker: None, run: Run) -> None:
    tell(b"not json", b"[]")
    reason = DeadLetter.objects.order_by("pk").first().reason  # type: ignore[union-attr]
    assert "1 dead letters replayed" in run("deadletters", "replay", "--all-open", "--reason-contains", reason.upper())
    assert states() == ["replayed", "open"]


def test_a_dry_run_shows_what_would_be_replayed_and_replays_nothing(broker: None, run: Run) -> None:
    tell(b"not json", b"[]")
    before = streams.length(streams.own_streams()[0])
    assert "2 dead letters would be replayed" in run("deadletters", "replay", "--all-open", "--dry-run")
    assert states() == ["open", "open"]
    assert streams.length(streams.own_streams()[0]) == before


@pytest.mark.parametrize("arguments", [(), ("1", "--all-open"), ("1", "--reason-contains", "x")])
def test_a_replay_says_what_it_wants_named(broker: None, run: Run, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="--all-open"):
        run("deadletters", "replay", *arguments)


def test_questions_are_told_as_json_with_when_they_are_due(broker: None, run: Run) -> None:
    project = opened(step("only", approval="before"))
    [told] = orjson.loads(run("questions", "--json"))
    assert told["project_id"] == str(project.pk)
    assert (told["status"], told["blocked_items"], told["answer"]) == ("OPEN", 1, None)
    assert told["due_at"] > told["asked_at"]


def test_shortened_ids_serve_every_command(broker: None, run: Run) -> None:
    project = opened(step("only", auto_dispatch=False), step("next", approval="before"))
    only, following = (str(item.pk)[:13] for item in project.items.order_by("position"))
    assert "1 dispatched" in run("dispatch", "--project", str(project.pk)[:13], "--item", only)
    run("answer", orjson.loads(run("questions", "--json"))[0]["id"][:13], "yes")
    run("cancel", following)
    assert [item.state for item in project.items.order_by("position")] == ["IN_PROGRESS", "CANCELLED"]


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_counts_from_one(broker: None, run: Run, limit: str) -> None:
    with pytest.raises(CommandError, match="whole number of at least 1"):
        run("projects", f"--limit={limit}")


def test_watching_the_streams_ends_with_ctrl_c(broker: None, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(step("only"))

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("console.management.commands.streams.time.sleep", interrupt)
    with pytest.raises(CommandError, match="Stopped") as ended:
        run("streams", "--watch")
    assert ended.value.returncode == 130
