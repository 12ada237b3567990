"""Holds every file of `deploy/` to the validator of its kind; a line for each says what was checked, and ok or failed.

`scripts/validators.sh` installs the validators. Of one that is not there a line says so, which is a failure under CI.

Not checked here: whether images can be built and pulled, which needs an engine and the network, and of the objects of
KEDA and the Prometheus operator all but the fields that `scripts/chart_check.py` names.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = DEPLOY / "systemd"
GIVEN = {"INTERLOCK_HOST": "interlock.example.org", "INTERLOCK_VERSION": "0.2.0"}
# Where systemd looks for units; a copy of the machine's own is needed for those that ours name.
PLACES = ("etc/systemd/system", "usr/lib/systemd")
# systemd's own figure for what a unit could do to the machine, from 0 to 100: below 20 it calls it "ok".
MOST_EXPOSURE = 20
LONGEST_MESSAGE = 3000


class Missing(Exception):
    """A validator is not installed; the message names it."""


def run(program: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield what the validator prints if it complains. Raises Missing."""
    found = shutil.which(program, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise Missing(program)
    words = [found, *(str(one) for one in arguments)]
    variables = {**os.environ, **(env or {})}
    done = subprocess.run(words, capture_output=True, text=True, env=variables, cwd=ROOT, check=False)
    if done.returncode != 0:
        yield (done.stdout + done.stderr).strip()


# -- images and compose files ----------------------------------------------------------------------
def faults_of_image() -> Iterator[str]:
    """Yield what hadolint says of the Dockerfile; advice counts too."""
    yield from run("hadolint", "--failure-threshold", "style", DEPLOY / "Dockerfile")


def faults_of_lock() -> Iterator[str]:
    """Yield packages of the image that are not locked as those with which the tests run."""
    tested, image = locked(ROOT / "requirements.lock"), locked(DEPLOY / "requirements.lock")
    others = [name for name, lines in image.items() if tested.get(name) != lines]
    yield from (f"{name} is another one than in requirements.lock: run make lock" for name in others)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {re.split(r"[^a-z0-9-]", one.lower())[0] for one in needed}
    yield from (f"{name} is needed and not locked: run make lock" for name in sorted(names - image.keys()))
    building = locked(DEPLOY / "build.lock")
    yield from (f"build.lock lacks {name}: run make lock" for name in ("uv", "hatchling") if name not in building)


def locked(file: Path) -> dict[str, str]:
    """Return {name: its version and hashes} of a lock; where a package is needed may differ."""
    entries = re.findall(r"^([a-z0-9._-]+)(==.*?)(?=^[a-z]|\Z)", file.read_text(), re.DOTALL | re.MULTILINE)
    return {name: re.sub(r"\s*#.*| ; [^\\\n]*(?= )", "", rest).strip() for name, rest in entries}


def faults_of_compose() -> Iterator[str]:
    """Yield what `docker compose config` says, which holds the files to the Compose specification and fills them in."""
    words = ("--profile", "*", "config", "--quiet")
    for file in ("compose.yaml", "compose.prod.yaml"):
        yield from run("docker-compose", "-f", DEPLOY / file, *words, env=GIVEN)
    said = "".join(run("docker-compose", "-f", DEPLOY / "compose.prod.yaml", *words, env=dict.fromkeys(GIVEN, "")))
    yield from (f"starts without {name}" for name in GIVEN if f"{name} is missing a value" not in said)


def faults_of_proxy() -> Iterator[str]:
    """Yield what Caddy says of its file."""
    yield from run("caddy", "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile", env=GIVEN)
    yield from run("caddy", "fmt", "--diff", DEPLOY / "Caddyfile")


def faults_of_script() -> Iterator[str]:
    """Yield what the shell says of the script that makes the secrets."""
    yield from run("sh", "-n", DEPLOY / "secrets.sh")


# -- systemd ---------------------------------------------------------------------------------------
def faults_of_units() -> Iterator[str]:
    """Yield what systemd says of the units, in a root with the units of this machine and our program."""
    with tempfile.TemporaryDirectory() as name:
        root, ours, theirs = Path(name), Path(name, PLACES[0]), Path(name, PLACES[1])
        shutil.copytree(UNITS, ours)
        shutil.copytree(f"/{PLACES[1]}/system", theirs / "system", symlinks=True)
        program = root / "opt/interlock/bin/interlock"
        program.parent.mkdir(parents=True)
        program.touch(mode=0o755)
        units = [path.name.replace("@.", "@1.") for path in sorted(UNITS.glob("*.[st]*")) if path.is_file()]
        yield from said_of_units("verify", f"--root={root}", "--man=no", *units)
        limits = ("--offline=true", f"--threshold={MOST_EXPOSURE}")
        for unit in (unit for unit in units if unit.endswith(".service")):
            yield from run("systemd-analyze", "security", f"--root={root}", *limits, "--no-pager", unit)


def said_of_units(*arguments: str) -> Iterator[str]:
    """Yield all that systemd-analyze prints: an unknown setting is no failure for it. Raises Missing."""
    if shutil.which("systemd-analyze") is None:
        raise Missing("systemd-analyze")
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
    if done.returncode or done.stderr.strip():
        yield (done.stdout + done.stderr).strip()


# -- the chart -------------------------------------------------------------------------------------
def of_chart(check: str) -> Iterator[str]:
    """Yield what this function of `scripts/chart_check.py` finds, or why nothing is rendered. Raises Missing."""
    try:
        chart = import_module("chart_check")
    except ModuleNotFoundError as error:
        raise Missing(error.name) from None
    try:
        yield from getattr(chart, check)()
    except chart.HelmError as error:
        yield str(error)


# -- figures and alerts ----------------------------------------------------------------------------
def faults_of_monitoring() -> Iterator[str]:
    """Yield what the checks of `scripts/monitoring_check.py` find. Raises Missing."""
    if shutil.which("promtool", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") is None:
        raise Missing("promtool")
    monitoring = import_module("monitoring_check")
    for check in monitoring.CHECKS.values():
        try:
            check()
        except monitoring.Wrong as wrong:
            yield str(wrong)


def faults_of_dashboard() -> Iterator[str]:
    """Yield what Grafana's own types do not know of the dashboard. Raises Missing."""
    try:
        yield from import_module("dashboard_check").faults()
    except ModuleNotFoundError as error:
        raise Missing(error.name) from None


# -- the whole -------------------------------------------------------------------------------------
Check = Callable[[], Iterable[str]]
CHECKS: dict[str, tuple[str, Check]] = {
    "hadolint": ("Dockerfile", faults_of_image),
    "locks": ("packages of the image are those of the tests, by hash", faults_of_lock),
    "docker compose": ("compose.yaml, compose.prod.yaml: specification, variables", faults_of_compose),
    "sh": ("secrets.sh", faults_of_script),
    "caddy": ("Caddyfile: adapted, loaded, formatted", faults_of_proxy),
    "systemd-analyze": (f"units: verify, exposure below {MOST_EXPOSURE} of 100", faults_of_units),
    "helm": ("chart: lint --strict, wrong values refused by name", partial(of_chart, "faults_of_lint")),
    "kubernetes": (
        "objects, all on and off: schemas of 1.31 and the newest",
        partial(of_chart, "faults_of_schemas"),
    ),
    "ways out": ("network policies: closed until set, names, keys", partial(of_chart, "faults_of_ways")),
    "promtool": ("monitoring: alerts and their tests, dashboard, names of figures", faults_of_monitoring),
    "grafana": ("dashboard: its types know every panel, query and key", faults_of_dashboard),
    "pod security": ("restricted standard, root read-only", partial(of_chart, "faults_of_restrictions")),
}


def main() -> int:
    """Run every check and print its line, then its faults; return 1 if one failed, or could not run under CI."""
    outcomes = [outcome(name, about, check) for name, (about, check) in CHECKS.items()]
    return 1 if "failed" in outcomes or ("not installed" in outcomes and os.environ.get("CI")) else 0


def outcome(name: str, about: str, check: Check) -> str:
    """Run one check and print its line; return ok, failed or not installed."""
    began = time.monotonic()
    try:
        faults = list(check())
        word = "failed" if faults else "ok"
    except Missing as error:
        faults, word = [f"{error} is not installed: run scripts/validators.sh"], "not installed"
    print(f"{name:<16}{about:<66}{word:<14}{time.monotonic() - began:5.1f} s", flush=True)
    for fault in faults:
        print(f"    {fault[:LONGEST_MESSAGE]}", flush=True)
    return word


if __name__ == "__main__":
    sys.exit(main())
