"""A whole system of real processes is watched while it does a project: its figures, its log, its trace.

Prints what docs/observing.md shows; with RECORD=FOLDER it also keeps the spans, the log and the figures there, of which
`scripts/trace_picture.py` makes the picture.
"""

import json
import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.collector import Seen, collector
from tests.figures import TOKEN, get, samples
from tests.rehearsals.watched import REQUEST, System, is_done
from tests.waiting import wait_until

RECORD = os.environ.get("RECORD", "")
# Which group handles what of a project, each at least once.
EXPECTED = {
    "POST /api/v1/projects",
    "requirements_managers WORK.ITEM_DISPATCHED",
    "time_waste_workers WORK.ITEM_DISPATCHED",
    "cost_workers WORK.ITEM_DISPATCHED",
    "friction_workers WORK.ITEM_DISPATCHED",
    "scenario_workers WORK.ITEM_DISPATCHED",
    "test_workers WORK.ITEM_DISPATCHED",
    "generic_workers WORK.ITEM_DISPATCHED",
    "orchestrator WORK.ITEM_COMPLETED",
    "orchestrator DELIVERABLE.PUBLISHED",
}


def do_projects(system: System) -> str:
    """Do two projects, one after the other, and return the id of the second: the first starts the agents' processes."""
    key = system.key("watcher", "operator", "projects", "read")
    for number in (1, 2):
        name = {"X-Request-ID": f"rehearsal-{number}"}
        project = str(system.call("POST", "projects", key, REQUEST, **name)["id"])
        wait_until(partial(is_done, system, key, project), 60)
    return project


def of_project(spans: list[Seen], project: str) -> list[Seen]:
    """The spans of the trace that begins where the project was opened, the earliest first."""
    [post] = [span for span in spans if span.name.startswith("POST") and span.values["interlock.project"] == project]
    assert {s.trace for s in spans if s.values.get("interlock.project") == project and "WORK." in s.name} == {
        post.trace
    }
    return sorted((span for span in spans if span.trace == post.trace), key=lambda span: span.start)


def names_of(spans: list[Seen], project: str) -> set[str]:
    """The names of the spans about the project."""
    return {span.name for span in spans if span.values.get("interlock.project") == project}


@pytest.mark.timeout(900)
def test_a_project_is_one_trace_over_all_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with collector() as (endpoint, spans):
        system = System(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="200")
        with system.running():
            project = do_projects(system)
            wait_until(lambda: names_of(spans, project) >= EXPECTED, 20)
            shown = get(system.web, "/metrics", Authorization=f"Bearer {TOKEN}").read().decode()
            own = [get(system.base + n, "/metrics", Authorization=f"Bearer {TOKEN}").read().decode() for n in range(3)]
        trace = of_project(spans, project)
    services = {span.service for span in trace}
    ids = {span.span for span in trace}
    assert services == {"interlock-web", "interlock-consume-orchestrator", "interlock-work"}
    assert [span.name for span in trace if span.parent not in ids] == ["POST /api/v1/projects"]
    assert samples(shown)["interlock_part_up", frozenset({("part", "broker")})] == 1
    done = ("interlock_project_seconds_count", frozenset[tuple[str, str]]())
    assert sum(samples(text).get(done, 0) for text in own) == 2
    lines = [json.loads(line) for line in system.log.read_text().splitlines()]
    opened = [line for line in lines if line.get("request") == "rehearsal-2"]
    assert [(line["project"], line["outcome"]) for line in opened] == [(project, 201)]
    assert opened[0]["trace"] == trace[0].trace
    handled = [line for line in lines if line["logger"] == "interlock.events" and line.get("project") == project]
    assert {line["trace"] for line in handled} == {trace[0].trace}
    record(system, trace, shown + own[0], [*opened, *handled])
    seconds = (max(span.end for span in trace) - trace[0].start) / 1e9
    with capsys.disabled():
        sys.stdout.write(
            f"\none trace of {len(trace)} spans in {len(services)} processes, {seconds:.2f} s to the report\n"
        )


def record(system: System, trace: list[Seen], figures: str, lines: list[dict[str, Any]]) -> None:
    """Keep what was seen in the folder RECORD."""
    if RECORD:
        folder = Path(RECORD)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "trace.json").write_text(json.dumps([asdict(span) for span in trace], indent=1))
        (folder / "metrics.txt").write_text(figures)
        (folder / "lines.json").write_text("\n".join(json.dumps(line) for line in lines))
        (folder / "up.log").write_text(system.log.read_text())
