"""The workflows of `.github/` hold no command of their own, and each of their commands is run elsewhere too."""

import os
import re
import shlex
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house import ROOT

WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in (ROOT / ".github" / "workflows").glob("*.yml")}
JOBS = [
    pytest.param(workflow, name, id=f"{file}:{name}")
    for file, workflow in WORKFLOWS.items()
    for name in workflow["jobs"]
]
# Which test runs what a workflow runs, apart from .ci/run with all that it calls.
TESTED = {
    'python3 scripts/release.py check "$GITHUB_REF_NAME" >> "$GITHUB_OUTPUT"': "tests/unit/test_release.py",
    "make dist": "tests/rehearsals/test_release.py",
    "make chaos": "tests/integration/spine/test_chaos.py",
}
# What no test runs, and why.
NOT_TESTED = {
    "make spine": "tests of `make test` on servers of other versions, which come as containers",
    "make rehearse": "takes hours; before a release",
    "make bench ARGS=--quick": "measures, and says nothing of right and wrong; takes half an hour",
    "make audit": "asks an advisory service on the network, whose answers change",
    "make secrets": "takes half a minute of processor time; before a release",
    "make image": "needs Docker",
    'gh release create "$GITHUB_REF_NAME" --verify-tag -F dist/about/notes.md dist/packages/* dist/about/*.json': (
        "needs the forge"
    ),
}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of a job; none of one that is another workflow."""
    return list(job.get("steps", []))


def commands() -> set[str]:
    """Return every command of every workflow, with the values of its matrix filled in."""
    jobs = chain.from_iterable(workflow["jobs"].values() for workflow in WORKFLOWS.values())
    return {command for job in jobs for step in steps(job) if "run" in step for command in filled_in(job, step["run"])}


def filled_in(job: dict[str, Any], command: str) -> list[str]:
    """Return the command once for each value of the matrix that it is."""
    found = re.fullmatch(r"\$\{\{ matrix\.(\w+) \}\}", command)
    return job["strategy"]["matrix"][found[1]] if found else [command]


def test_every_command_is_a_target_of_the_makefile_or_a_script_that_is_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for command in commands():
        program, first, *_ = [*shlex.split(command), ""]
        if program == "make":
            assert first in targets, f"{command}: the Makefile has no such target"
        elif program != "gh":
            script = ROOT / (first if program == "python3" else program)
            assert os.access(script, os.X_OK), f"{command}: there is no such script"


def test_every_command_is_run_by_a_test_or_says_why_it_cannot_be() -> None:
    run_by_ci = {".ci/run", *(ROOT / ".ci" / "run").read_text().splitlines()}
    assert commands() - run_by_ci == TESTED.keys() | NOT_TESTED.keys()
    for command, test in TESTED.items():
        word = shlex.split(command)[-1] if command.startswith("make") else "release.py"
        assert word in (ROOT / test).read_text(), f"{test} does not run {command}"


@pytest.mark.parametrize(("workflow", "name"), JOBS)
def test_a_job_has_only_the_rights_that_it_names_and_ends_in_time(workflow: dict[str, Any], name: str) -> None:
    job = workflow["jobs"][name]
    assert workflow["permissions"] == {}
    assert job["permissions"]
    assert "timeout-minutes" in job or "uses" in job


@pytest.mark.parametrize(("workflow", "name"), JOBS)
def test_a_job_uses_actions_of_one_commit_and_keeps_no_credentials(workflow: dict[str, Any], name: str) -> None:
    for step in steps(workflow["jobs"][name]):
        assert "uses" not in step or PINNED.fullmatch(step["uses"]), step
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_an_action_is_of_the_same_commit_wherever_it_is_used() -> None:
    lines = re.findall(r"uses: (\S+)@(\S+ # \S+)", "".join(path.read_text() for path in workflow_files()))
    commits = dict(lines)
    assert [(action, commit) for action, commit in lines if commits[action] != commit] == []


def workflow_files() -> list[Path]:
    return sorted((ROOT / ".github" / "workflows").glob("*.yml"))
