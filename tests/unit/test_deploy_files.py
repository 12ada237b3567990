"""The files of `deploy/` run all of Interlock, each part once, shut in, and with variables that there are.

What all of it is, says `runtime/system.py`: the processes of `up --separate`, with mails.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.test import override_settings

from config.settings import ENVIRONMENT
from runtime.answers import FOR_PROGRAMS
from runtime.system import system_processes
from telemetry.log_lines import TOKEN
from tests.deployment import (
    COMPOSE_FILES,
    DEPLOY,
    OURS,
    ROOT,
    agents_run_by,
    chart_values,
    compose,
    compose_services,
    unit_services,
)
from tests.house import rooms
from workers.agents import AGENTS

PRODUCTION = compose("compose.prod.yaml")
PLACES = ["compose", "units", "chart"]
# Read by Python itself.
READ_BY_OTHERS = {"PYTHONUNBUFFERED"}
# Ends as one that names the file of a secret, and is none.
ENV_FILE = "INTERLOCK_ENV_FILE"


def commands(place: str) -> list[list[str]]:
    """The arguments of Interlock in the files of this kind."""
    if place == "chart":
        workers = [["work", *group["agents"]] for group in chart_values()["workers"].values()]
        return [*(role["args"] for role in chart_values()["roles"].values()), *workers]
    services = unit_services() if place == "units" else compose_services("compose.prod.yaml")
    return [service.argv[1:] for service in services if service.is_interlock]


def part(words: Sequence[str]) -> str:
    """What of Interlock the command runs: a group of the log, the agents, or a loop."""
    return words[1] if words[0] == "consume" else words[0]


def parts_of_the_whole() -> set[str]:
    """What `up --separate` starts where mails are sent."""
    with override_settings(SENDS_MAIL=True):
        started = system_processes(web="127.0.0.1:8000", separate=True)
    words = [[word for word in child.argv[2:] if word != "--skip-checks"] for child in started]
    return {part(one) for one in words}


@pytest.mark.parametrize("place", PLACES)
def test_every_part_that_up_starts_runs(place: str) -> None:
    whole = parts_of_the_whole()
    assert whole > {"web", "orchestrator", "work"}
    assert {part(words) for words in commands(place)} - {"migrate"} == whole


def test_the_file_for_development_runs_the_whole_in_one_container() -> None:
    (service,) = [one for one in compose_services("compose.yaml") if one.is_interlock]
    assert service.argv[1:] == ["up", "--web", "0.0.0.0:8000"]


@pytest.mark.parametrize("place", PLACES)
def test_every_agent_runs_once_in_the_first_slot(place: str) -> None:
    first = [words for words in commands(place) if words[-2:] != ["--slot", "2"]]
    assert Counter(name for words in first for name in agents_run_by(words)) == Counter(list(AGENTS))


def test_no_two_services_have_the_same_slot() -> None:
    there = Counter(tuple(words) for words in commands("compose"))
    assert [words for words, count in there.items() if count > 1] == []
    several = [name for name, about in PRODUCTION["services"].items() if about.get("deploy", {}).get("replicas", 1) > 1]
    assert several == ["web"]  # reads no group


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_every_service_is_asked_for_its_own_kind(file: str) -> None:
    for service in compose_services(file):
        if service.is_interlock and not service.is_job:
            kind = ["interlock", "health", "--kind", service.kind]
            assert service.health == kind or "http://127.0.0.1:8000/readyz" in service.health[-1], service.name


def test_every_variable_is_one_that_is_read() -> None:
    services = [*(one for file in COMPOSE_FILES for one in compose_services(file)), *unit_services()]
    given = {name for service in services if service.is_interlock for name in service.env}
    template = (DEPLOY / "helm" / "interlock" / "templates" / "_pod.tpl").read_text()
    given |= set(re.findall(r"name: ([A-Z_]+)", template)) - {"SLOT"}
    assert {name.removesuffix("_FILE") for name in given - {ENV_FILE}} - ENVIRONMENT.names - READ_BY_OTHERS == set()


def test_every_service_is_limited_and_writes_to_volumes_only() -> None:
    for name, about in PRODUCTION["services"].items():
        assert about["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory"}, name
        assert about["read_only"], name
        assert about["cap_drop"] == ["ALL"], name
        assert about["security_opt"] == ["no-new-privileges:true"], name
        assert about["logging"]["options"]["max-size"], name
        assert about["healthcheck"], name


def test_database_and_broker_are_reached_by_interlock_alone() -> None:
    networks = PRODUCTION["networks"]
    for name, network in (("postgres", "database"), ("valkey", "broker"), ("web", "pages")):
        assert "ports" not in PRODUCTION["services"][name]
        assert networks[network]["internal"]
        others = {other for other, its in PRODUCTION["services"].items() if network in its["networks"]} - {name}
        ours = {other for other in others if re.match(OURS, PRODUCTION["services"][other]["image"])}
        assert others - ours == ({"proxy"} if name == "web" else set())
        assert PRODUCTION["services"][name]["networks"] == [network] or name == "web"
    assert [name for name, about in PRODUCTION["services"].items() if "ports" in about] == ["proxy"]


def test_no_secret_is_a_variable() -> None:
    for name, about in PRODUCTION["services"].items():
        open_ones = {one for one in about.get("environment", {}) if re.search(r"(PASSWORD|_KEY|_URL)$", one)}
        assert open_ones - {"PUBLIC_URL"} == set(), name


def test_the_script_makes_every_secret_once(tmp_path: Path) -> None:
    made = [make_secrets(tmp_path / "secrets") for _ in range(2)]
    assert made[0] == made[1]
    assert {about["file"] for about in PRODUCTION["secrets"].values()} == {f"secrets/{name}" for name in made[0]}
    assert made[0]["database_password"].strip() in made[0]["database_url"]
    assert (tmp_path / "secrets").stat().st_mode & 0o77 == 0


def make_secrets(folder: Path) -> dict[str, str]:
    """Run the script, and return {name: content}."""
    subprocess.run([DEPLOY / "secrets.sh", folder], check=True, capture_output=True)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_image_gets_every_room_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    of_the_wheel = {"pyproject.toml", "README.md", "LICENSE", ".env.example", "CHANGELOG.md"}
    assert let_in >= rooms() | of_the_wheel | {"interlock", "manage.py", "templates", "locale", "examples"}
    assert [name for name in let_in if not (ROOT / name).exists()] == []
    assert {name.split("/")[0] for name in let_in} & {"tests", "var", ".env", ".git", "docs"} == set()


def test_the_target_starts_every_unit() -> None:
    wanted = set(re.findall(r"interlock-[\w@]+\.service", (DEPLOY / "systemd" / "interlock.target").read_text()))
    units = {service.file.replace("@.", "@1.") for service in unit_services()}
    # The last two run where a mail server, a chat or a model is set.
    assert units - wanted == {"interlock-migrate.service", "interlock-notify.service", "interlock-models.service"}


def test_the_proxy_writes_down_no_token_of_an_address_that_interlock_does_not() -> None:
    masked = re.findall(r"/\(\?:([a-z|-]+)\)/", (DEPLOY / "Caddyfile").read_text())
    assert [set(names.split("|")) for names in masked] == [set(re.findall(r"[a-z-]{6,}", TOKEN.pattern))] * 2


def test_the_proxy_refuses_plain_calls_of_programs_as_interlock_does() -> None:
    (paths,) = re.findall(r"@pages not path (.*)", (DEPLOY / "Caddyfile").read_text())
    assert {path.removesuffix("*") for path in paths.split()} == set(FOR_PROGRAMS)
