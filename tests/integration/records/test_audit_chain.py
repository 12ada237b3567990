"""The audit log is chained: what is changed, added or taken away afterwards is found."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import audit_chain
from accounts.audit import AuditRecord
from accounts.audit_chain import AuditSeal, seal_records, verify_chain
from accounts.organisations import Organisation
from backlog.blueprints import add_version
from tests.emptying import without_triggers

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five old records, sealed two at a time, and one that is too new."""
    monkeypatch.setattr(audit_chain, "MOST_ROWS", 2)
    with without_triggers():
        AuditRecord.objects.all().delete()
    old = timezone.now() - timedelta(hours=3)
    for number in range(5):
        record(f"person {number}", recorded_at=old)
    record("new")
    assert list(seal_records()) == [2, 2, 1]


def record(target: str, **more: Any) -> AuditRecord:
    """A record of the log."""
    said = {
        "action": AuditRecord.Action.KEY_MADE,
        "actor": "ann",
        "actor_id": 1,
        "target": target,
        "address": "10.0.0.1",
    }
    return AuditRecord.objects.create(**said, **more)


def third() -> AuditRecord:
    """The third record of the log."""
    return AuditRecord.objects.order_by("pk")[2]


def test_a_log_that_nobody_touched_is_as_it_was_sealed() -> None:
    found = verify_chain(set())
    assert (found.sealed, found.unsealed, found.faults) == (5, 1, [])
    assert found.digest == AuditSeal.objects.latest("last_id").digest


def change_a_row() -> None:
    AuditRecord.objects.filter(pk=third().pk).update(target="somebody else")


def move_a_row() -> None:
    other = Organisation.objects.create(name="Other", slug="other")
    AuditRecord.objects.filter(pk=third().pk).update(organisation=other)


def delete_a_row() -> None:
    AuditRecord.objects.filter(pk=third().pk).delete()


def add_a_row() -> None:
    pk = third().pk
    AuditRecord.objects.filter(pk=pk).delete()
    AuditSeal.objects.filter(first_id__lte=pk, last_id__gte=pk).update(ids=[pk + 100, pk + 1])
    record("forged", pk=pk)


def forge_a_seal() -> None:
    change_a_row()
    row, seal = third(), AuditSeal.objects.order_by("pk")[1]
    digests = audit_chain.digest_of(row) + bytes(seal.digests)[audit_chain.DIGEST_BYTES :]
    before = AuditSeal.objects.order_by("pk")[0].digest
    digest = audit_chain.chained(before, seal.first_id, seal.last_id, seal.ids, digests)
    AuditSeal.objects.filter(pk=seal.pk).update(digests=digests, digest=digest)


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (change_a_row, "was changed after it was sealed"),
        (move_a_row, "was changed after it was sealed"),
        (delete_a_row, "is missing"),
        (add_a_row, "was added to what is sealed"),
        (forge_a_seal, "does not fit the one before"),
    ],
)
def test_what_is_forged_is_found(forge: Callable[[], None], words: str) -> None:
    with without_triggers():
        forge()
    assert [fault for fault in verify_chain(set()).faults if words in fault]
    with pytest.raises(CommandError, match="not what was recorded"):
        call_command("audit", "verify", stdout=StringIO(), stderr=StringIO())


def test_what_was_pruned_or_is_about_an_erased_person_is_no_fault() -> None:
    pk = third().pk
    with without_triggers():
        AuditRecord.objects.filter(pk=pk).update(actor="erased-1")
        AuditRecord.objects.filter(pk__lt=pk).delete()
    found = verify_chain({1})
    assert (found.pruned, found.erased, found.sealed, found.faults) == (2, 1, 2, [])


def test_a_changed_template_is_on_record_and_one_that_is_the_same_is_not() -> None:
    definition = {"name": "own", "title": "Own", "items": [{"key": "a", "title": "A", "agent_target": "x"}]}
    for title in ("Own", "Own", "Other"):
        add_version({**definition, "title": title}, by="adam")
    said = AuditRecord.objects.filter(action="template-made").order_by("pk").values_list("target", "details")
    assert list(said) == [("own v1", "by adam"), ("own v2", "by adam")]


def test_the_log_is_exported_for_other_programs() -> None:
    record("a|b=c\\d", details="line\none=two")
    written = exported("json")
    assert [said["target"] for said in map(json.loads, written)][-2:] == ["new", "a|b=c\\d"]
    newest = AuditRecord.objects.latest("pk")
    assert exported("cef")[-1].split("|", 7)[:1] == ["CEF:0"]
    assert exported("cef")[-1].endswith(
        f"|key-made|Key made|5|rt={int(newest.recorded_at.timestamp() * 1000)} externalId={newest.pk} suser=ann suid=1"
        r" duser=a|b\=c\\d src=10.0.0.1 cnt=1 msg=line\none\=two"
    )
    assert exported("json", after=newest.pk - 1) == written[-1:]


def exported(form: str, **options: Any) -> list[str]:
    """The lines of the export."""
    out = StringIO()
    call_command("audit", "export", format=form, stdout=out, **options)
    return out.getvalue().splitlines()


def test_a_seal_from_before_there_were_organisations_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    as_before = partial(audit_chain.digest_of, as_before=True)
    seal = AuditSeal.objects.order_by("-last_id").first()
    assert seal
    row = AuditRecord.objects.get(pk=seal.last_id)
    with without_triggers():
        seal.delete()
    monkeypatch.setattr(audit_chain, "digest_of", as_before)
    assert list(seal_records()) == [1]
    assert AuditSeal.objects.latest("last_id").by_id() == {row.pk: as_before(row)}
    monkeypatch.undo()
    assert verify_chain(set()).faults == []
