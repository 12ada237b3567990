"""A group that nobody reads stops the trimming: it is shown, complained of, and can be dropped."""

import logging

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from events import abandoned, streams
from events.trimming import trim_streams
from tests.flows import completed, dispatch_of, opened, tell

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

LOG = settings.STREAM_NAME


@pytest.fixture(autouse=True)
def nothing_said_yet() -> None:
    """What was complained of in another test is complained of again."""
    abandoned.warned.clear()


def left_behind() -> int:
    """A group of somebody's that read nothing of a project that is done; how long the log is."""
    streams.ensure_group(LOG, "analytics")
    project = opened()
    tell(completed(dispatch_of(project)))
    return streams.length(LOG)


def run(*arguments: str, **options: object) -> str:
    """The command's output."""
    import io

    out = io.StringIO()
    call_command("streams", *arguments, stdout=out, **options)
    return out.getvalue()


def test_it_is_shown_and_complained_of_once(caplog: pytest.LogCaptureFixture) -> None:
    left_behind()
    with caplog.at_level(logging.ERROR):
        trim_streams()
        trim_streams()
    said = [record.getMessage() for record in caplog.records if "analytics" in record.getMessage()]
    assert len(said) == 1
    assert "streams drop analytics" in said[0]
    assert "nobody" in " ".join(run().split())


def test_once_it_is_dropped_the_log_is_trimmed() -> None:
    length = left_behind()
    assert trim_streams()[LOG] == 0
    assert "analytics is dropped" in run("drop", "analytics")
    assert trim_streams()[LOG] == length - 1


def test_a_group_of_interlocks_own_or_one_that_is_read_is_not_dropped() -> None:
    left_behind()
    streams.read_new(LOG, "analytics", "one", count=1)
    for group, words in (("orchestrator", "itself"), ("analytics", "A process reads"), ("nowhere", "No stream")):
        with pytest.raises(CommandError, match=words):
            run("drop", group)
    assert "analytics is dropped" in run("drop", "analytics", force=True)
