"""The doctor names what is wrong in a line with what to do, and looks at everything in spite of what is away."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from config.settings import ENVIRONMENT
from console.doctor import examination, machine, services, values, ways
from console.doctor.lines import LOOK, OK, WRONG, Line
from environment.chat import ChatSettings
from environment.model_access import ModelAccess, ModelProvider
from environment.variables import Environment, InvalidVariable
from tests.house import ROOT
from tests.receivers import administrator, receiving
from tests.valkeys import free_ports
from webhooks.models import Endpoint

HEREABOUTS = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE")
STRONG = "k9#mQ2vLx7pZr4TnW8sBd3YfJ6hGc1Ae5UoXiNqRt0"


def verdicts(look: Callable[[], Iterable[Line]], **settings: object) -> list[tuple[str, str]]:
    """(about, verdict) of the lines with these settings."""
    with override_settings(**settings):
        return [(line.about, line.verdict) for line in look()]


@pytest.mark.parametrize(
    ("look", "settings", "line"),
    [
        (values.secrets, {"SECRET_KEY": STRONG}, ("SECRET_KEY", OK)),
        (values.secrets, {"SECRET_KEY": "short"}, ("SECRET_KEY", WRONG)),
        (values.secrets, {"SECRET_KEY": "a" * 60}, ("SECRET_KEY", WRONG)),
        (values.secrets, {"SECRET_KEY": f"django-insecure-{STRONG}"}, ("SECRET_KEY", WRONG)),
        (values.secrets, {"DEBUG": True, "ALLOWED_HOSTS": ["localhost"]}, ("DEBUG", LOOK)),
        (values.secrets, {"DEBUG": True, "ALLOWED_HOSTS": ["interlock.example.org"]}, ("DEBUG", WRONG)),
        (values.addresses, {"ALLOWED_HOSTS": ["*"]}, ("ALLOWED_HOSTS", LOOK)),
        (values.addresses, {"PUBLIC_URL": "https://a.example.org"}, ("PUBLIC_URL", WRONG)),
        (
            values.addresses,
            {"PUBLIC_URL": "https://a.example.org", "ALLOWED_HOSTS": [".example.org"]},
            ("PUBLIC_URL", OK),
        ),
        (values.transport, {"PUBLIC_URL": "https://a.example.org"}, ("TLS", WRONG)),
        (
            values.transport,
            {
                "PUBLIC_URL": "https://a.example.org",
                "BEHIND_TLS": True,
            },
            ("TLS", OK),
        ),
        (values.transport, {"PUBLIC_URL": "http://a.example.org"}, ("TLS", LOOK)),
        (values.transport, {"REDIS_URL": "redis://broker.example.org:6379"}, ("TLS", LOOK)),
        (services.mail, {"SENDS_MAIL": False}, ("Mail", OK)),
    ],
)
def test_settings_are_judged(
    look: Callable[[], Iterable[Line]], settings: dict[str, object], line: tuple[str, str]
) -> None:
    assert line in verdicts(look, **settings)


def test_a_mail_server_that_does_not_take_a_connection_is_wrong() -> None:
    [port] = free_ports(1)
    backend = "django.core.mail.backends.smtp.EmailBackend"
    settings = {"SENDS_MAIL": True, "EMAIL_BACKEND": backend, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port}
    assert verdicts(services.mail, **settings, PUBLIC_URL="http://localhost") == [("Mail", WRONG)]


def test_a_server_beyond_database_and_broker_that_is_not_reached_is_told() -> None:
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = f"http://127.0.0.1:{server.getsockname()[1]}"
        order = tuple(ModelProvider("openai", name, answering) for name in ("one", "two"))
        teams = ChatSettings(teams_url=f"https://127.0.0.1:{port}/secret")
        found = verdicts(ways.ways, MODELS=ModelAccess(order=order), CHAT=teams)
    assert found == [("Teams", LOOK), ("Language model", OK)]


def test_names_that_nobody_reads_are_told_with_the_one_that_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("BATCH_SZE=3\nPOSTGRES_PASSWORD=x\nNAMESPACE=audit\n# COMMENT=1\n")
    with override_settings(ENV_FILE=tmp_path / ".env"):
        lines = list(values.variables_of_the_file())
    assert [line.verdict for line in lines] == [LOOK, LOOK, OK]
    assert "sets BATCH_SZE, which" in lines[0].says
    assert lines[0].todo.startswith("Did you mean BATCH_SIZE?")
    assert lines[1].todo.startswith("See .env.example")
    near = Environment({"DATABSE_URL": "x", "DATABASE_URL": "y", "LOG_LEVELS": "x"})
    near.names = ENVIRONMENT.names
    with override_settings(ENVIRONMENT=near):
        assert verdicts(values.names_of_the_environment) == [("names", LOOK), ("names", WRONG)]
    with pytest.raises(InvalidVariable):
        near.refuse_misspelt()


def test_a_data_folder_that_others_can_read_is_wrong(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert ("DATA_DIR", WRONG) in verdicts(machine.data_folder, DATA_DIR=tmp_path)
    tmp_path.chmod(0o700)
    assert ("DATA_DIR", WRONG) not in verdicts(machine.data_folder, DATA_DIR=tmp_path)


def test_an_inspection_that_fails_or_hangs_costs_its_own_line_only(monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()

    def hangs() -> Iterator[Line]:
        held.wait(20)
        yield Line("never", OK, "")

    def fails() -> Iterator[Line]:
        raise ZeroDivisionError("ours")

    looks = {"hangs": hangs, "fails": fails, "python": machine.python}
    monkeypatch.setattr(examination, "inspections", lambda web: looks)
    monkeypatch.setattr(examination, "LONGEST_SECONDS", 0.3)
    begun = time.monotonic()
    lines = examination.examine("127.0.0.1:1")
    held.set()
    assert time.monotonic() - begun < 5
    assert [(line.about, line.verdict) for line in lines] == [("hangs", WRONG), ("fails", WRONG), ("Python", OK)]


@pytest.mark.spine
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker")
def test_database_broker_clocks_and_receivers_are_looked_at() -> None:
    with receiving() as receiver:
        urls, owner = (receiver.url, f"http://127.0.0.1:{free_ports(1)[0]}/"), administrator()
        for url in urls:
            Endpoint.objects.create(url=url, owner=owner, secret="s", position=0, created_at="2020-01-01T00:00:00Z")
        allowed = [url.split("/")[2] for url in urls]
        assert sorted(verdicts(services.webhooks, WEBHOOK_ALLOWED_HOSTS=allowed)) == [
            ("Webhooks", LOOK),
            ("Webhooks", OK),
        ]
        assert verdicts(services.webhooks, WEBHOOK_ALLOWED_HOSTS=[]) == [("Webhooks", WRONG)] * 2
    assert {verdict for _, verdict in verdicts(services.clocks)} == {OK}
    assert {about for about, _ in verdicts(services.database)} == {"Database"}
    assert WRONG not in {verdict for _, verdict in verdicts(services.broker)}


def test_the_command_says_all_in_json_and_ends_with_1_where_something_is_wrong(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in HEREABOUTS} | {"DATA_DIR": str(tmp_path)}
    env |= {"DATABASE_URL": "postgresql://me:geheim@127.0.0.1:1/x", "ALLOWED_HOST": "example.org"}
    command = [sys.executable, str(ROOT / "manage.py"), "doctor", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    lines = [Line(**line) for line in json.loads(done.stdout)]
    wrong = {line.about: line.says for line in lines if line.verdict == WRONG}
    assert "does not answer" in wrong["Database"]
    assert wrong["names"] == "ALLOWED_HOST is set, which Interlock does not read. Did you mean ALLOWED_HOSTS?"
    assert all(line.todo for line in lines if line.verdict != OK)
    assert "geheim" not in done.stdout + done.stderr
