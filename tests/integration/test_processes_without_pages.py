"""Processes that serve no pages load neither the pages nor the REST interface, which would take a third of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import registry
from django.core.management import get_commands
from django.db import connection

from console.command_line import OF_SETTINGS, OWN, CommandLine
from runtime.system import system_processes
from tests.copying import migrated_in
from tests.processes import ROOT

# What only the web needs: its addresses, its pages, its middleware, the REST interface, and what documents it.
OF_THE_WEB = {
    "config.urls",
    "staff.admin",
    "backlog.admin",
    "clarifications.admin",
    "runtime.routing",
    "runtime.patience",
    "api.follow",
    "drf_spectacular.plumbing",
    "unittest",
    "allauth",
    "signin.urls",
    "requests",
}
# What a command for people has no use for, and what takes a third of its start and more.
SLOW_TO_LOAD = {"config.urls", "staff.admin", "drf_spectacular.plumbing", "opentelemetry.sdk.metrics"}
# The parsers of spreadsheets: the child process that reads an upload imports them for itself.
OF_READING = {"intake.spreadsheets.reading", "python_calamine", "charset_normalizer"}
# What verifies signatures: loaded with the first entry that has one.
OF_SIGNATURES = {"cryptography.hazmat.primitives.asymmetric.ed25519", "cryptography.x509"}
# What only a document that is refused, a table on a terminal, an address, a template's file or PostgreSQL needs: loaded
# with the first of them, since together they take a quarter of a start.
SELDOM = {"jsonschema", "rich", "urllib3", "yaml", "psycopg"}
# The agents, and the comparison of texts that one of them does.
OF_THE_AGENTS = {"workers.agents", "rapidfuzz"}
LOADING = """
import json, sys
import django
django.setup()
import console.entry
from importlib import import_module
for name in sys.argv[1:]:
    import_module(f"runtime.management.commands.{name}")
if "work" in sys.argv:
    from runtime.groups import stream_consumers
    stream_consumers()
print(json.dumps(list(sys.modules)))
"""


def loaded_by(*commands: str) -> set[str]:
    """The modules that a process has loaded in which these commands begin."""
    return set(json.loads(subprocess.check_output([sys.executable, "-c", LOADING, *commands], cwd=ROOT)))


def test_their_commands_load_nothing_that_only_the_web_or_the_reading_of_files_needs() -> None:
    loaded = loaded_by("core", "consume", "work", "relay", "deliver", "notify")
    assert (OF_THE_WEB | OF_READING | OF_SIGNATURES) & loaded == set()
    assert loaded >= OF_THE_AGENTS


def test_who_reads_the_log_does_not_load_the_agents() -> None:
    assert loaded_by("core", "consume", "relay", "deliver", "notify") & OF_THE_AGENTS == set()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL needs its driver")
def test_what_is_seldom_needed_is_loaded_by_who_needs_it() -> None:
    assert loaded_by("consume", "relay") & SELDOM == set()


def test_they_skip_the_checks_that_who_starts_them_has_done() -> None:
    for separate in (False, True):
        children = system_processes(web="127.0.0.1:1", separate=separate)
        with_checks = [child.name for child in children if "--skip-checks" not in child.argv]
        assert with_checks == ["web"]


def test_several_of_each_are_orchestrators_and_workers_with_slots_of_their_own() -> None:
    for separate in (False, True):
        children = {child.name: child.argv for child in system_processes(web=None, separate=separate, each=3)}
        for role in ("orchestrator", "workers"):
            several = {name: argv for name, argv in children.items() if name.startswith(role)}
            assert len(several) == 3
            assert all(argv[-1] == "2" for name, argv in several.items() if name.endswith("-2"))


COMMAND = """
import gc, json, sys
import manage
sys.argv = ["manage.py", *sys.argv[1:]]
manage.main()
print(json.dumps({"modules": list(sys.modules), "collects": gc.isenabled()}))
"""


def command(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command as a person starts it; its last line tells what it has loaded, and whether it looks for garbage."""
    own = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder), **variables}
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | own
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *words], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_a_command_for_people_checks_the_settings_and_loads_nothing_else_for_it(
    django_db_setup: None, tmp_path: Path
) -> None:
    migrated_in(tmp_path)
    done = command(tmp_path, "projects")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert SLOW_TO_LOAD & set(told["modules"]) == set()
    assert told["collects"]
    refused = command(tmp_path, "projects", BATCH_SIZE="5000")
    assert refused.returncode != 0
    assert "(events.E002) BATCH_SIZE must be from 1 to 1000." in refused.stderr


def test_every_command_of_ours_checks_all_settings_and_the_web_its_pages_too() -> None:
    own = [name for name, app in get_commands().items() if app in OWN]
    checks = {name: CommandLine(["manage.py"]).fetch_command(name).requires_system_checks for name in own}
    assert checks.pop("web") == "__all__"
    assert {tuple(tags) for tags in checks.values()} == {(OF_SETTINGS,), ()}
    ours = [check for check in registry.registry.get_checks() if (ROOT / check.__module__.partition(".")[0]).is_dir()]
    assert len(ours) > 5
    assert [check for check in ours if not {OF_SETTINGS, "database"} & {*check.tags}] == []


IN_BACKGROUND = """
import sys
sys.argv = ["manage.py", "core"]
import django
django.setup()
from django.core.management import call_command
from django.urls import reverse
call_command("check")
print(reverse("portal:answer-link", args=["token"]), reverse("choose-password", args=["token"]))
"""


def test_they_pass_the_checks_and_know_the_addresses_that_mails_name() -> None:
    said = subprocess.check_output([sys.executable, "-c", IN_BACKGROUND], cwd=ROOT, text=True)
    assert said.split()[-2:] == ["/answer/token/", "/new-password/token/"]
