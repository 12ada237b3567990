"""`rotate-keys`: all is encrypted anew, broken off or not, and nothing that was in the clear is left."""

from base64 import b64encode
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.audit import AuditRecord
from accounts.models import User
from api.models import KeptAnswer
from encryption import data_keys, rotation
from encryption.checks import keys_can_be_opened
from encryption.errors import KeyMissing
from encryption.models import DataKey
from encryption.rotation import Progress, rotate_keys
from tests.receivers import administrator
from webhooks.models import Endpoint
from webhooks.services import register_endpoint, rotate_secret

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]
URL = "https://example.org/hook"
OLD, NEW = b"o" * 32, b"n" * 32
# What an earlier release has stored, in the clear.
PLAIN = "whsec_" + b64encode(b"in the clear, by an earlier release").decode()


@pytest.fixture(autouse=True)
def keys(settings: Any) -> Iterator[None]:
    """A key of this test's own."""
    use(settings, OLD)
    yield
    data_keys.unwrapped.cache_clear()


def use(settings: Any, *keys: bytes) -> None:
    """Have the process start anew with these keys."""
    settings.ENCRYPTION_KEYS = lambda make=False: keys
    data_keys.unwrapped.cache_clear()


@pytest.fixture
def owner() -> User:
    """Somebody who may have webhooks."""
    return administrator()


def run(sql: str) -> None:
    """Run one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def of_an_earlier_release(owner: User) -> Endpoint:
    """A webhook as an earlier release has stored it, with an answer that it kept."""
    endpoint = register_endpoint(owner, url=URL)
    run(f"UPDATE webhooks_endpoint SET encrypted_secret = NULL, secret = '{PLAIN}'")
    KeptAnswer.objects.create(user=owner, key="k", digest="d", status=201)
    run(f"""UPDATE api_keptanswer SET body = '{{"secret": "{PLAIN}"}}'""")
    return Endpoint.objects.get(pk=endpoint.pk)


def rotated(**options: Any) -> Progress:
    """Rotate the keys."""
    progress = Progress()
    for _ in rotate_keys(progress, **options):
        pass
    return progress


def key_of(endpoint: Endpoint) -> str:
    """The id of the data key with which the secret is encrypted."""
    return str(Endpoint.objects.values_list("secret", flat=True).get(pk=endpoint.pk)).split(":")[1]


def test_what_an_earlier_release_stored_is_read_and_moved(owner: User) -> None:
    endpoint = of_an_earlier_release(owner)
    assert (endpoint.secret, KeptAnswer.objects.get().body) == (PLAIN, {"secret": PLAIN})
    logged = AuditRecord.objects.count()
    assert rotated().rows == {
        "webhooks_endpoint": 1,
        "api_keptanswer": 1,
        "intake_rememberedreading": 0,
        "intake_unreadrows": 0,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, (SELECT body FROM api_keptanswer) FROM webhooks_endpoint")
        assert cursor.fetchall() == [("", None)]
    assert (Endpoint.objects.get().secret, KeptAnswer.objects.get().body) == (PLAIN, {"secret": PLAIN})
    assert AuditRecord.objects.count() == logged
    assert rotated().rows["api_keptanswer"] == 1


def test_what_an_earlier_release_writes_beside_this_one_counts(owner: User) -> None:
    endpoint = register_endpoint(owner, url=URL)
    run(f"UPDATE webhooks_endpoint SET secret = '{PLAIN}'")
    assert Endpoint.objects.get().secret == PLAIN
    newer = rotate_secret(Endpoint.objects.get()).secret
    assert Endpoint.objects.get().secret == newer
    assert PLAIN not in str(Endpoint.objects.values_list("plain_secret"))
    assert endpoint.secret != newer


def test_a_run_that_was_broken_off_goes_on_with_its_key(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoints = [register_endpoint(owner, url=URL) for _ in range(5)]
    secrets = {endpoint.pk: endpoint.secret for endpoint in endpoints}
    monkeypatch.setattr(rotation, "MOST_ROWS", 2)
    run_of_pages = rotate_keys(Progress())
    next(run_of_pages)
    run_of_pages.close()
    assert len({key_of(endpoint) for endpoint in endpoints}) == 2
    assert rotated().rows["webhooks_endpoint"] == 3
    assert DataKey.objects.count() == 2
    newest = DataKey.objects.latest("made_at", "rotated_at")
    assert {key_of(endpoint) for endpoint in endpoints} == {newest.pk.hex}
    assert {endpoint.pk: endpoint.secret for endpoint in Endpoint.objects.all()} == secrets


def test_after_a_run_the_older_key_encryption_key_is_not_needed(owner: User, settings: Any) -> None:
    secret = register_endpoint(owner, url=URL).secret
    use(settings, NEW, OLD)
    assert Endpoint.objects.get().secret == secret
    rotated()
    use(settings, NEW)
    assert Endpoint.objects.get().secret == secret
    assert not keys_can_be_opened(["default"])
    use(settings, OLD)
    with pytest.raises(KeyMissing):
        _ = Endpoint.objects.get().secret
    assert [fault.id for fault in keys_can_be_opened(["default"])] == ["encryption.E002"]


def test_a_key_is_deleted_an_hour_after_it_was_replaced_if_nothing_uses_it(owner: User) -> None:
    endpoint = register_endpoint(owner, url=URL)
    first = rotated()
    assert (first.keys_left, first.keys_retired) == (1, 0)
    for key in DataKey.objects.all():
        DataKey.objects.filter(pk=key.pk).update(made_at=key.made_at - rotation.KEPT_FOR - rotation.KEPT_FOR)
    second = rotated()
    assert (second.keys_left, second.keys_retired) == (1, 1)
    assert Endpoint.objects.get().secret == endpoint.secret


def test_without_the_key_nothing_is_changed_and_lost_values_go_only_if_told(owner: User, settings: Any) -> None:
    register_endpoint(owner, url=URL)
    before = list(Endpoint.objects.values_list("secret"))
    use(settings, NEW)
    with pytest.raises(CommandError, match="ENCRYPTION_KEY_FILE"):
        call_command("rotate-keys")
    assert list(Endpoint.objects.values_list("secret")) == before
    assert len(rotated(drop_lost=True).lost) == 1
    assert DataKey.objects.count() == 1
    endpoint = Endpoint.objects.get()
    assert not endpoint.secret
    assert rotate_secret(endpoint).secret == Endpoint.objects.get().secret


@pytest.mark.django_db(transaction=True)
def test_after_the_command_the_clear_text_is_nowhere_in_the_database(owner: User) -> None:
    of_an_earlier_release(owner)
    assert is_readable()
    output = StringIO()
    call_command("rotate-keys", stdout=output, stderr=StringIO())
    assert "webhooks_endpoint: 1 rows encrypted anew" in output.getvalue()
    assert "may still be read" not in output.getvalue()
    assert not is_readable()


def is_readable() -> bool:
    """Whether the clear text stands anywhere in the database."""
    return PLAIN in raw_database()


def raw_database() -> str:
    """Every byte of the database's files on SQLite; on PostgreSQL every row of every table."""
    if connection.vendor == "sqlite":
        file = str(connection.settings_dict["NAME"])
        return "".join(
            path.read_bytes().decode("latin-1") for path in map(Path, (file, f"{file}-wal")) if path.exists()
        )
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += cursor.fetchall()
    return str(rows)
