"""Producers are added and revoked in the admin and at the command line, and the audit log tells of it."""

import base64
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.test import Client
from interlock_client.signing import Signer

from accounts.audit import AuditRecord
from accounts.roles import ADMINISTRATOR, OPERATOR
from events.models import Producer
from events.signatures import key_id
from tests.callers import account

pytestmark = pytest.mark.django_db

PAGE, REQUEST = "/admin/events/producer/", "PROJECT.INITIAL_REQUEST_RECEIVED"
FORM = {"name": "tickets", "types": [REQUEST], "agents": "cost_worker, dev_worker", "public_key": "", "days": "30"}
PUBLIC = base64.b64encode(Ed25519PrivateKey.from_private_bytes(b"7" * 32).public_key().public_bytes_raw()).decode()


@pytest.fixture
def ann(client: Client) -> Client:
    """An administrator's browser."""
    client.force_login(account("ann", ADMINISTRATOR))
    return client


def run(*words: str) -> str:
    """What the command prints."""
    printed = StringIO()
    call_command("producers", *words, stdout=printed, stderr=StringIO())
    return printed.getvalue()


def audited() -> list[tuple[str, str]]:
    """What the audit log says about keys, oldest first."""
    log = AuditRecord.objects.filter(action__startswith="key-").order_by("pk")
    return [(record.action, f"{record.actor}, {record.target}: {record.details}") for record in log]


def test_a_new_private_key_is_shown_once_and_belongs_to_the_producer(ann: Client) -> None:
    page = ann.post(f"{PAGE}add/", FORM, follow=True).content.decode()
    [producer] = Producer.objects.all()
    private_key = page.split(f"{producer}: ")[1].split(" ")[0]
    assert (Signer(private_key).kid, Signer(private_key).public_key) == (producer.kid, producer.public_key)
    assert (producer.types, producer.agents, producer.made_by) == ([REQUEST], ["cost_worker", "dev_worker"], "ann")
    assert producer.expires_at is not None
    assert all(
        private_key not in ann.get(address).content.decode() for address in (PAGE, f"{PAGE}{producer.pk}/change/")
    )


def test_a_pasted_public_key_is_taken_once_and_nonsense_is_refused_in_words(ann: Client) -> None:
    for pasted, words in (("nonsense", "This is no public key"), (PUBLIC, ""), (PUBLIC, "was added before")):
        page = ann.post(f"{PAGE}add/", {**FORM, "public_key": pasted}, follow=True).content.decode()
        assert words in page
        assert "Private key of" not in page
    assert Producer.objects.get().kid == key_id(PUBLIC)


def test_what_is_done_to_a_key_is_in_the_audit_log_without_the_private_key(ann: Client) -> None:
    page = ann.post(f"{PAGE}add/", FORM, follow=True).content.decode()
    [producer] = Producer.objects.all()
    ann.post(PAGE, {"action": "revoke_keys", "_selected_action": [producer.pk]})
    (made, of_made), (revoked, of_revoked) = audited()
    assert (made, revoked) == ("key-made", "key-revoked")
    assert of_made.startswith(f"ann, tickets: key of the producer ({producer.kid}): ")
    assert "agents: cost_worker, dev_worker" in of_made
    assert "revoked at: nothing →" in of_revoked
    assert page.split(f"{producer}: ")[1].split(" ")[0] not in of_made


def test_an_operator_neither_sees_nor_adds_producers(client: Client) -> None:
    client.force_login(account("olga", OPERATOR))
    assert client.get(PAGE).status_code == client.post(f"{PAGE}add/", FORM).status_code == 403
    assert not Producer.objects.exists()


def test_the_command_prints_the_private_key_alone_and_lists_and_revokes(tmp_path: Path) -> None:
    private_key = run("add", "tickets", "--type", REQUEST, "--days", "9").strip()
    (tmp_path / "key.pub").write_text(PUBLIC)
    assert run("add", "costs", "--type", REQUEST, "--agent", "*", "--public-key", str(tmp_path / "key.pub")) == ""
    kid = Signer(private_key).kid
    assert f"{kid}  tickets  {REQUEST}  agents: none  until" in run("list")
    assert f"{key_id(PUBLIC)}  costs  {REQUEST}  agents: *  without end" in run("list")
    assert "is revoked" in run("revoke", kid)
    assert f"{kid}  tickets  {REQUEST}  agents: none  revoked" in run("list")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["add", "x", "--type", "WORK.ITEM_DISPATCHED"], "No producer may say WORK.ITEM_DISPATCHED. The types"),
        (["add", "x", "--type", REQUEST, "--days", "-1"], "--days is 0 or more"),
        (["add", "x", "--type", REQUEST, "--public-key", "/nowhere"], "No such file"),
        (["revoke", "0123"], "There is no key 0123; see `.+ producers list`"),
    ],
)
def test_the_command_says_what_is_wrong(words: list[str], refusal: str) -> None:
    with pytest.raises(CommandError, match=refusal):
        run(*words)
