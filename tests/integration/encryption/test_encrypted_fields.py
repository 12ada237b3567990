"""What is stored encrypted: it is read as before, stands nowhere in the clear, and opens in its own row alone."""

from typing import Any

import pytest
from django.db import connection

from accounts.audit import AuditRecord
from accounts.models import User
from encryption import data_keys
from encryption.errors import CannotOpen, KeyMissing
from encryption.models import DataKey
from encryption.wrapping import KeyWrapper, LocalKeys
from intake.models import RememberedReading, UnreadRows
from tests.aging import ended_project
from tests.receivers import administrator
from webhooks.attempts import attempt_delivery
from webhooks.models import Endpoint
from webhooks.services import register_endpoint, rotate_secret, save_values

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]
URL = "https://example.org/hook"


def stored(model: Any) -> str:
    """The rows of the model's table, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")
        return str(cursor.fetchall())


def run(sql: str, *values: Any) -> None:
    """Run one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.fixture
def owner() -> User:
    """Somebody who may have webhooks."""
    return administrator()


def test_a_webhooks_secret_is_read_as_before_and_stands_nowhere_in_the_clear(owner: User) -> None:
    made = register_endpoint(owner, url=URL)
    assert made.secret.startswith("whsec_")
    assert made.secret not in stored(Endpoint)
    assert Endpoint.objects.get().secret == made.secret
    rotated = rotate_secret(Endpoint.objects.get()).secret
    assert rotated != made.secret
    assert Endpoint.objects.get().secret == rotated
    assert rotated not in stored(Endpoint)


def test_a_value_that_is_copied_to_another_row_or_column_does_not_open(owner: User) -> None:
    first, second = register_endpoint(owner, url=URL), register_endpoint(owner, url=URL)
    run(
        "UPDATE webhooks_endpoint SET encrypted_secret ="
        " (SELECT encrypted_secret FROM webhooks_endpoint WHERE id = %s) WHERE id = %s",
        first.pk,
        second.pk,
    )
    assert Endpoint.objects.get(pk=first.pk).secret == first.secret
    with pytest.raises(CannotOpen, match="copied from another row"):
        _ = Endpoint.objects.get(pk=second.pk).secret
    unread = UnreadRows.objects.create(project=ended_project(1), headers=["Dana"], rows=[{"cells": ["Dana"]}], count=1)
    run("UPDATE intake_unreadrows SET encrypted_rows = encrypted_headers")
    with pytest.raises(CannotOpen):
        _ = UnreadRows.objects.get(pk=unread.pk).rows


def test_a_value_of_which_a_letter_was_changed_does_not_open(owner: User) -> None:
    register_endpoint(owner, url=URL)
    [sealed] = Endpoint.objects.values_list("secret", flat=True)
    other = "A" if sealed[80] != "A" else "B"
    run("UPDATE webhooks_endpoint SET encrypted_secret = %s", sealed[:80] + other + sealed[81:])
    with pytest.raises(CannotOpen):
        _ = Endpoint.objects.get().secret


def test_what_people_wrote_in_their_files_is_encrypted(owner: User) -> None:
    project = ended_project(1)
    UnreadRows.objects.create(project=project, headers=["Who"], rows=[{"cells": ["Dana Miller"]}], count=1)
    RememberedReading.objects.create(
        owner=owner, header="h", file_name="dana.csv", answers={"text_column": "Dana"}, chosen_at=project.opened_at
    )
    assert "dana" not in (stored(UnreadRows) + stored(RememberedReading)).lower()
    assert UnreadRows.objects.get().rows == [{"cells": ["Dana Miller"]}]
    memory = RememberedReading.objects.get()
    assert (memory.file_name, memory.answers) == ("dana.csv", {"text_column": "Dana"})


def test_a_value_is_stored_by_save_alone_which_knows_the_row(owner: User) -> None:
    made = register_endpoint(owner, url=URL)
    with pytest.raises(TypeError, match="call save"):
        Endpoint.objects.update(secret="in the clear")
    copy = Endpoint(pk=10**6, owner=owner, url=URL, secret="s", position=0, created_at=made.created_at)
    with pytest.raises(TypeError, match="bulk_create"):
        Endpoint.objects.bulk_create([copy])


def test_the_audit_log_tells_of_a_new_secret_and_of_no_other_change_as_one(owner: User) -> None:
    endpoint = register_endpoint(owner, url=URL)
    save_values(Endpoint.objects.get(), description="Other")
    rotate_secret(Endpoint.objects.get())
    acts = list(
        AuditRecord.objects.filter(action__startswith="webhook").order_by("pk").values_list("action", flat=True)
    )
    assert acts == ["webhook-made", "webhook-changed", "webhook-secret-rotated"]
    assert "secret: set" in AuditRecord.objects.get(action="webhook-made").details
    assert endpoint.secret not in stored(AuditRecord)


def test_without_the_key_a_delivery_fails_in_words_and_the_webhook_can_be_disabled(owner: User, settings: Any) -> None:
    register_endpoint(owner, url=URL)
    other_key(settings)
    endpoint = Endpoint.objects.get()
    with pytest.raises(KeyMissing, match="ENCRYPTION_KEY_FILE"):
        _ = endpoint.secret
    save_values(endpoint, active=False)
    assert "ENCRYPTION_KEY_FILE" in attempt_delivery(Endpoint.objects.get(), an_event()).error


def an_event() -> Any:
    """An event of the ledger."""
    from tests.integration.records.test_append_only import an_event as made

    return made()


def other_key(settings: Any) -> None:
    """Have this process start anew with another key than the one that sealed."""
    settings.ENCRYPTION_KEYS = lambda make=False: (b"o" * 32,)
    data_keys.unwrapped.cache_clear()


class Service(KeyWrapper):
    """A key management service, which counts how often it is asked."""

    asked = 0

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        return "projects/1/keys/2", data_key[::-1]

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        assert key_id == "projects/1/keys/2"
        Service.asked += 1
        return wrapped[::-1]


def test_a_key_management_service_is_asked_once_a_key_and_not_once_a_value(owner: User, settings: Any) -> None:
    settings.ENCRYPTION_KEY_WRAPPER = f"{__name__}.Service"
    for _ in range(3):
        register_endpoint(owner, url=URL)
    assert [bool(endpoint.secret) for endpoint in Endpoint.objects.all()] == [True] * 3
    assert (DataKey.objects.get().wrapped_by, Service.asked) == ("projects/1/keys/2", 1)


def test_the_own_key_is_made_once_and_for_its_owner_alone(tmp_path: Any, settings: Any) -> None:
    from functools import partial

    from environment.encryption_key import local_keys

    path = tmp_path / "encryption_key"
    settings.ENCRYPTION_KEYS = partial(local_keys, path)
    with pytest.raises(KeyMissing):
        LocalKeys().unwrap("00000000", b"x" * 60)
    assert not path.exists()
    key_id, wrapped = LocalKeys().wrap(b"k" * 32)
    assert LocalKeys().unwrap(key_id, wrapped) == b"k" * 32
    assert path.stat().st_mode & 0o777 == 0o600
