"""A group that nobody reads stops the trimming: it is shown, complained of, and can be dropped."""

import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.audit import AuditRecord
from accounts.models import User
from events import abandoned, streams
from events.models import AbandonedGroup
from events.pruning import Removal
from events.trimming import trim_streams
from runtime.abandoned_groups import AbandonedGroups
from tests.flows import completed, dispatch_of, opened, put, request, tell

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


def abandoned_for(days: float, *groups: str) -> None:
    """Have these groups found abandoned, as if so many days ago."""
    trim_streams()
    found = AbandonedGroup.objects.filter(group__in=groups)
    assert found.update(since=timezone.now() - timedelta(days=days)) == len(groups)


def prune() -> int:
    """How many groups are dropped."""
    kind = AbandonedGroups(days=30)
    until = timezone.now() - timedelta(days=30)
    weighed = kind.weigh(until).rows
    assert sum(step.rows for step in kind.remove(Removal(until=until, by="test"))) == weighed
    return weighed


def test_the_overview_says_since_when_nobody_reads_it(client: Client) -> None:
    left_behind()
    trim_streams()
    client.force_login(User.objects.create_superuser("root"))
    assert "Nobody has read it since" in client.get("/admin/").content.decode()
    entries = streams.read_new(LOG, "analytics", "one", count=100)
    streams.ack(LOG, "analytics", [entry.entry_id for entry in entries])
    trim_streams()
    assert "Nobody has read it since" not in client.get("/admin/").content.decode()
    assert not AbandonedGroup.objects.exists()


def test_it_is_dropped_after_a_month_with_a_record_and_the_log_is_trimmed() -> None:
    length = left_behind()
    abandoned_for(29, "analytics")
    assert prune() == 0
    abandoned_for(31, "analytics")
    assert prune() == 1
    record = AuditRecord.objects.get(action="group-dropped")
    assert (record.target, record.details[: len(LOG) + 4]) == ("analytics", f"of {LOG}:")
    assert AbandonedGroup.objects.get().dropped_at is not None
    assert trim_streams()[LOG] == length - 1


def test_a_group_that_is_read_again_at_that_moment_is_not_dropped() -> None:
    left_behind()
    abandoned_for(31, "analytics")
    streams.read_new(LOG, "analytics", "one", count=1)
    assert prune() == 0


def test_groups_of_interlocks_own_are_never_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    left_behind()
    work = streams.work_stream("foreign_worker")
    streams.ensure_group(work, streams.worker_group("foreign_worker"))
    put(request())
    own = [*streams.OWNER_GROUPS, streams.DEAD_LETTERS_GROUP, streams.worker_group("foreign_worker")]
    for stream in (LOG, work, settings.DLQ_STREAM):
        for group in own:
            AbandonedGroup.objects.create(stream=stream, group=group, since=timezone.now() - timedelta(days=99))
    monkeypatch.setattr(abandoned, "ABANDONED_SECONDS", 0)
    assert prune() == 0
    assert {group.name for group in streams.groups(work)} == {"foreign_workers"}
    assert {group.name for group in streams.groups(LOG)} == {*streams.OWNER_GROUPS, "analytics"}
