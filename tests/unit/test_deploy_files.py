"""The files of `deploy/` run all of Interlock, each part once, shut in, and with variables that there are."""

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import ENVIRONMENT
from runtime.groups import CONSUMERS
from telemetry.log_lines import TOKEN
from tests.deployment import COMPOSE_FILES, DEPLOY, OURS, ROOT, compose, compose_services, unit_services
from tests.house import rooms
from workers.agents import AGENTS

PRODUCTION = compose("compose.prod.yaml")
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "helm" / "interlock" / "values.yaml").read_text())
LOOPS = {"web", "relay", "deliver", "notify"}
# Read by Python itself.
READ_BY_OTHERS = {"PYTHONUNBUFFERED"}
# Ends as one that names the file of a secret, and is none.
ENV_FILE = "INTERLOCK_ENV_FILE"


def commands(place: str) -> list[list[str]]:
    """The arguments of Interlock in the files of this kind."""
    if place == "chart":
        workers = [["work", *group["agents"]] for group in VALUES["workers"].values()]
        return [*(role["args"] for role in VALUES["roles"].values()), *workers]
    services = unit_services() if place == "units" else compose_services("compose.prod.yaml")
    return [service.argv[1:] for service in services if service.is_interlock]


@pytest.mark.parametrize("place", ["compose", "units", "chart"])
def test_every_part_runs(place: str) -> None:
    there = commands(place)
    assert {words[1] for words in there if words[0] == "consume"} == set(CONSUMERS)
    assert {words[0] for words in there} >= LOOPS | {"work"}


@pytest.mark.parametrize("place", ["compose", "units", "chart"])
def test_every_agent_runs_once_in_the_first_slot(place: str) -> None:
    first = [words for words in commands(place) if words[0] == "work" and words[-2:] != ["--slot", "2"]]
    names = [word for words in first for word in words[1:] if not word.startswith("-") and not word.isdigit()]
    assert Counter(names or list(AGENTS)) == Counter(list(AGENTS))
    assert names or first == [["work", "--all", "--slot", "1"]]


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
        about = PRODUCTION["services"][name]
        assert "ports" not in about
        assert all(networks[one]["internal"] for one in about["networks"])
        others = {other for other, its in PRODUCTION["services"].items() if network in its["networks"]} - {name}
        ours = {other for other in others if re.match(OURS, PRODUCTION["services"][other]["image"])}
        assert others - ours == ({"proxy"} if name == "web" else set())
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
    assert units - wanted == {"interlock-migrate.service", "interlock-notify.service"}


def test_the_proxy_writes_down_no_token_of_an_address_that_interlock_does_not() -> None:
    masked = re.findall(r"/\(\?:([a-z|-]+)\)/", (DEPLOY / "Caddyfile").read_text())
    assert [set(names.split("|")) for names in masked] == [set(re.findall(r"[a-z-]{6,}", TOKEN.pattern))] * 2
