"""The table of `make bench`: what each figure stands beside, and how several measurements fill one table."""

from pathlib import Path

import pytest

from benchmarks.figures import FILE, Figure, publish, published, table

RATE = Figure("rate", 151.4, "projects/s", 384.2, "bare loop")
MEMORY = Figure("memory, core", 127.0, "MB")


def test_the_table_shows_each_figure_beside_the_other_one_and_their_ratio() -> None:
    heads, rate, memory = table([RATE, MEMORY]).splitlines()
    assert heads.split() == ["measured", "figure", "beside", "ratio"]
    assert rate.split() == ["rate", "151", "projects/s", "384", "bare", "loop", "0.39"]
    assert memory.split() == ["memory,", "core", "127", "MB"]


def test_a_figure_beside_nothing_counted_has_no_ratio() -> None:
    _, checks = table([Figure("checks", 11.0, "", 0.0, "bare loop")]).splitlines()
    assert checks.split() == ["checks", "11", "0", "bare", "loop"]


def test_figures_of_several_measurements_come_together_in_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "figures"
    monkeypatch.setenv(FILE, str(file))
    publish([RATE])
    publish([MEMORY])
    assert published(file) == [RATE, MEMORY]


def test_figures_of_a_measurement_alone_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(FILE, raising=False)
    publish([MEMORY])
    assert "memory, core" in capsys.readouterr().out
