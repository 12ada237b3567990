"""The alerts and the dashboard ask for figures that there are, and each check of them finds what it is for."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.house import ROOT


def script(name: str) -> Any:
    """The script as a module."""
    spec = spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


checks, types = script("monitoring_check"), script("dashboard_check")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files, which a test may break."""
    for file in (ROOT / "deploy" / "monitoring").iterdir():
        (tmp_path / file.name).write_text(file.read_text())
    monkeypatch.setattr(checks, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("check", ["check_names", "check_dashboard", "check_tested"])
def test_the_files_pass(check: str) -> None:
    assert getattr(checks, check)()


def test_a_figure_that_no_process_shows_is_found(folder: Path) -> None:
    alerts = folder / "alerts.yml"
    alerts.write_text(alerts.read_text().replace("interlock_questions_overdue", "interlock_questions_late"))
    with pytest.raises(checks.Wrong, match="no process shows interlock_questions_late"):
        checks.check_names()


def test_a_rule_without_a_test_is_found(folder: Path) -> None:
    alerts = folder / "alerts.yml"
    alerts.write_text(alerts.read_text().replace("alert: InterlockDiskFull", "alert: InterlockDiskNearlyFull"))
    with pytest.raises(checks.Wrong, match="InterlockDiskNearlyFull"):
        checks.check_tested()


def test_panels_on_each_other_are_found(folder: Path) -> None:
    document = json.loads((folder / "dashboard.json").read_text())
    document["panels"][2]["gridPos"]["x"] = document["panels"][1]["gridPos"]["x"]
    (folder / "dashboard.json").write_text(json.dumps(document))
    with pytest.raises(checks.Wrong, match="lie on each other"):
        checks.check_dashboard()


def test_a_missing_promtool_is_no_silent_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMTOOL", raising=False)
    monkeypatch.setattr(checks.shutil, "which", lambda *_, **__: None)
    with pytest.raises(checks.Wrong, match=r"run scripts/promtool\.sh"):
        checks.promtool("check", "rules", "alerts.yml")


def test_what_grafana_does_not_know_is_named_and_its_defaults_are_not() -> None:
    before = {"panels": [{"title": "Lag", "colourMode": "x"}, {"id": 2}], "tags": ["a"]}
    after = {"panels": [{"title": "Lag", "transparent": False}, {"id": "2"}], "tags": []}
    assert list(types.lost(before, after, "dashboard")) == [
        "dashboard.panels[0].colourMode is nothing that Grafana knows",
        "dashboard.panels[1].id is 2, and Grafana reads '2'",
        "dashboard.tags is ['a'], and Grafana reads []",
    ]


def test_a_panel_of_a_kind_that_grafana_does_not_have_is_found(folder: Path) -> None:
    pytest.importorskip("grafana_foundation_sdk", reason="one of deploy/check.lock, which `make deploy-check` installs")
    assert list(types.faults(folder / "dashboard.json")) == []
    document = json.loads((folder / "dashboard.json").read_text())
    document["panels"][1]["type"] = "statistic"
    document["panels"][2]["options"]["colourMode"] = "value"
    (folder / "dashboard.json").write_text(json.dumps(document))
    assert list(types.faults(folder / "dashboard.json")) == [
        "panel 2 is a statistic, which Grafana does not have",
        "dashboard.panels[2].options.colourMode is nothing that Grafana knows",
    ]
