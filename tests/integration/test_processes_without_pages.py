"""Processes that serve no pages load neither the pages nor the REST interface, which would take a third of them."""

import json
import subprocess
import sys

from runtime.system import system_processes
from tests.processes import ROOT

# What only the web needs: its addresses, its pages, its middleware, the REST interface, and what documents it.
OF_THE_WEB = {
    "config.urls",
    "staff.admin",
    "runtime.routing",
    "runtime.patience",
    "api.follow",
    "drf_spectacular.plumbing",
    "unittest",
    "allauth",
    "signin.urls",
    "requests",
}
# The parsers of spreadsheets: the child process that reads an upload imports them for itself.
OF_READING = {"intake.spreadsheets.reading", "python_calamine", "charset_normalizer"}
# What verifies signatures: loaded with the first entry that has one.
OF_SIGNATURES = {"cryptography.hazmat.primitives.asymmetric.ed25519", "cryptography.x509"}
# The agents, and the comparison of texts that one of them does.
OF_THE_AGENTS = {"workers.agents", "rapidfuzz"}
LOADING = """
import json, sys
import django
django.setup()
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


def test_they_skip_the_checks_which_load_every_page() -> None:
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
