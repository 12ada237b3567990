"""What the files of `deploy/` start: each command with its environment and the check by which it counts as healthy."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from runtime.management.commands.work import Command as Work
from runtime.management.commands.work import chosen_agents

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PROGRAMS = Path(sys.executable).parent
COMPOSE_FILES = ("compose.yaml", "compose.prod.yaml")
# How the name of our image begins, written or filled in.
OURS = r"(\$\{INTERLOCK_IMAGE:-)?interlock\b"
# The variables that a person sets for the compose files; each other one has a default.
GIVEN = {"INTERLOCK_HOST": "interlock.example.org", "INTERLOCK_VERSION": "0.2.0"}


@dataclass(frozen=True)
class Service:
    """A command that a file starts. `health` is empty where the file names no check; `image` where there is none."""

    file: str
    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    health: list[str] = field(default_factory=list)
    image: str = ""

    @property
    def is_interlock(self) -> bool:
        """Return True for a process of Interlock, False for a server beside it."""
        return self.argv[0] == "interlock"

    @property
    def is_job(self) -> bool:
        """Return True for a command that ends by itself."""
        return self.argv[1] == "migrate"

    @property
    def kind(self) -> str:
        """Return what `interlock health --kind` calls this process."""
        return self.argv[2] if self.argv[1] == "consume" else self.argv[1]

    @property
    def check(self) -> list[str]:
        """Return the command of the file that says whether the process is healthy, or that of its kind."""
        return self.health or ["interlock", "health", "--kind", self.kind]


# -- compose files ---------------------------------------------------------------------------------
def compose(file: str) -> dict[str, Any]:
    """Return the compose file as it is written: its variables are not filled in."""
    content: dict[str, Any] = yaml.safe_load((DEPLOY / file).read_text())
    return content


def rendered_compose(file: str) -> dict[str, Any]:
    """Return the compose file as `docker compose` reads it: variables filled in, defaults added, all profiles on."""
    words = [PROGRAMS / "docker-compose", "-f", DEPLOY / file, "--profile", "*", "config", "--format", "json"]
    said = subprocess.run(words, env={**os.environ, **GIVEN}, capture_output=True, text=True, check=True).stdout
    content: dict[str, Any] = json.loads(said.replace("$$", "$"))
    return content


def compose_services(file: str, read: Callable[[str], dict[str, Any]] = compose) -> Iterator[Service]:
    """Yield the services of the compose file that have a command: Interlock's, and the servers beside it."""
    for name, about in read(file)["services"].items():
        words = about.get("command") or []
        is_interlock = re.match(OURS, about["image"])
        if words:
            test = about["healthcheck"].get("test", [])
            health = ["sh", "-c", *test[1:]] if test[:1] == ["CMD-SHELL"] else test[1:]
            argv = ["interlock", *words] if is_interlock else words
            yield Service(file, name, argv, about.get("environment", {}), health, about["image"])


# -- units of systemd ------------------------------------------------------------------------------
def unit_services() -> Iterator[Service]:
    """Yield the command of each unit, the first instance of those that have several."""
    for path in sorted((DEPLOY / "systemd").glob("*.service")):
        own = [*settings_of(path)]
        env = variables_of((DEPLOY / "systemd" / "environment.example").read_text().splitlines())
        beside = [setting for file in drop_ins(path) for setting in settings_of(file)]
        lines = [value for name, value in [*own, *beside] if name == "Environment"]
        env |= variables_of(word for line in lines for word in words_of(line))
        (line,) = [value for name, value in own if name == "ExecStart"]
        program, *arguments = words_of(line.replace("%i", "1"))
        assert program == "/opt/interlock/bin/interlock"
        yield Service(path.name, path.stem.strip("@"), ["interlock", *arguments], env)


def drop_ins(unit: Path) -> list[Path]:
    """Return the files that add to a unit, in the order in which systemd reads them: by their names."""
    folders = [unit.parent / "interlock-.service.d", unit.parent / f"{unit.name}.d"]
    return sorted((file for folder in folders for file in folder.glob("*.conf")), key=lambda file: file.name)


def settings_of(unit: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of each line of the unit's file."""
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            yield name, value


def words_of(value: str) -> list[str]:
    """Return the words of a setting, without their quotation marks."""
    return shlex.split(value)


def variables_of(lines: Iterable[str]) -> dict[str, str]:
    """Return {name: value} of lines such as NAME=value or NAME="a value"."""
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    return {name: " ".join(words_of(value)) if value.startswith('"') else value for name, value in pairs}


# -- agents ----------------------------------------------------------------------------------------
def agents_run_by(words: Sequence[str]) -> list[str]:
    """Return the agents that a `work` command runs, by its own rules; none for another command."""
    if words[0] != "work":
        return []
    options = Work().create_parser("interlock", "work").parse_args([*words[1:]])
    return chosen_agents(vars(options))


# -- the chart -------------------------------------------------------------------------------------
def chart_values() -> dict[str, Any]:
    """Return the values of the chart."""
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "helm" / "interlock" / "values.yaml").read_text())
    return content


def chart_services(documents: Iterable[Mapping[str, Any]]) -> Iterator[Service]:
    """Yield the command of each pod of a rendered chart; slots are that of the first pod."""
    for document in documents:
        if document["kind"] in ("Deployment", "StatefulSet", "Job"):
            (container,) = document["spec"]["template"]["spec"]["containers"]
            env = {one["name"]: one.get("value", "1") for one in container["env"]}
            argv = [env["SLOT"] if word == "$(SLOT)" else word for word in container["args"]]
            probe = container.get("livenessProbe", {})
            health = probe.get("exec", {}).get("command", [])
            yield Service("chart", document["metadata"]["name"], ["interlock", *argv], env, health, container["image"])
