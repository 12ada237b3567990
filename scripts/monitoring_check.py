#!/usr/bin/env python
"""Hold the files of deploy/monitoring to their tools and to the figures that there are; one line for each check.

`python scripts/monitoring_check.py` runs every check and ends with 1 if one fails. promtool comes with Prometheus:
`scripts/promtool.sh` fetches it, and PROMTOOL names one that is elsewhere.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy" / "monitoring"
# What Prometheus adds to the name of a histogram for its parts.
PARTS = re.compile(r"_(bucket|sum|count)$")
NAME = re.compile(r"\b(?:interlock|process)_[a-z_]+")
WIDTH = 24


class Wrong(Exception):
    """A check found something wrong; the message says what."""


def expressions_of_rules() -> Iterator[str]:
    """Yield the expression of each alert."""
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard, without the rows that divide them."""
    document = json.loads((FOLDER / "dashboard.json").read_text())
    return [panel for panel in document["panels"] if panel["type"] != "row"]


def named_figures() -> set[str]:
    """Return the names of all figures that the rules and the dashboard ask for, without the parts of histograms."""
    asked = [*expressions_of_rules(), *(target["expr"] for panel in panels() for target in panel["targets"])]
    return {PARTS.sub("", name) for expression in asked for name in NAME.findall(expression)}


def known_figures() -> set[str]:
    """Return the names of the figures that the processes show, without the parts of histograms."""
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from runtime.exposition import text_of
    from runtime.requests import system_registry
    from telemetry import metrics

    text = text_of(metrics.registry, system_registry()).decode()
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def check_names() -> str:
    """Raise Wrong if a rule or a panel names a figure that no process shows."""
    if unknown := named_figures() - known_figures():
        raise Wrong(f"no process shows {', '.join(sorted(unknown))}")
    return f"{len(named_figures())} figures are named in rules and dashboard, and all are shown"


def check_dashboard() -> str:
    """Raise Wrong if the dashboard is not one that Grafana can load: ids, places, data source, queries."""
    document = json.loads((FOLDER / "dashboard.json").read_text())
    if missing := {"uid", "title", "schemaVersion", "panels", "templating", "time"} - document.keys():
        raise Wrong(f"dashboard.json has no {', '.join(sorted(missing))}")
    ids = [panel["id"] for panel in document["panels"]]
    if len(ids) != len(set(ids)):
        raise Wrong("two panels of dashboard.json have the same id")
    sources = {variable["name"] for variable in document["templating"]["list"] if variable["type"] == "datasource"}
    for panel in panels():
        place = panel["gridPos"]
        if place["x"] + place["w"] > WIDTH or not panel["title"] or not panel["targets"]:
            raise Wrong(f"panel {panel['id']} has no title, no query, or lies beyond the right edge")
        if panel["datasource"]["uid"].strip("${}") not in sources:
            raise Wrong(f"panel {panel['id']} reads a data source that nobody chooses")
    require_no_overlap(document["panels"])
    return f"the dashboard has {len(panels())} panels that do not overlap"


def require_no_overlap(all_panels: list[dict[str, Any]]) -> None:
    """Raise Wrong if two panels lie on the same place."""
    taken: dict[tuple[int, int], int] = {}
    for panel in all_panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if other := taken.get((x, y)):
                    raise Wrong(f"panels {other} and {panel['id']} lie on each other")
                taken[x, y] = panel["id"]


def check_tested() -> str:
    """Raise Wrong if a rule has no test in which it speaks."""
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    spoken = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    if silent := {rule["alert"] for rule in rules} - spoken:
        raise Wrong(f"no test shows when these speak: {', '.join(sorted(silent))}")
    return f"{len(rules)} rules have a test in which they speak"


def promtool(*words: str) -> str:
    """Run promtool in the folder. Raises Wrong with what it says, or if there is none."""
    path = os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    program = os.environ.get("PROMTOOL") or shutil.which("promtool", path=path)
    if not program:
        raise Wrong("there is no promtool: run scripts/promtool.sh, or set PROMTOOL to its path")
    done = subprocess.run([program, *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"promtool {' '.join(words)}: {' '.join((done.stdout + done.stderr).split())}")
    return f"promtool {' '.join(words)}: {' '.join(done.stdout.split()[-3:])}"


CHECKS: dict[str, Callable[[], str]] = {
    "figures": check_names,
    "dashboard": check_dashboard,
    "tests of the rules": check_tested,
    "rules": lambda: promtool("check", "rules", "alerts.yml"),
    "unit tests of the rules": lambda: promtool("test", "rules", "alerts_test.yml"),
    "example of a configuration": lambda: promtool("check", "config", "--syntax-only", "prometheus.yml"),
}


def main() -> int:
    """Run every check, print a line for each, and return 1 if one failed."""
    failed = 0
    for name, check in CHECKS.items():
        try:
            print(f"ok    monitoring, {name}: {check()}")
        except Wrong as wrong:
            failed += 1
            print(f"WRONG monitoring, {name}: {wrong}")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
