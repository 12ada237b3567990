"""A checkout and an installed copy: where each keeps its data, which file of variables it reads, what it is called."""

from pathlib import Path

import pytest

from environment import installation
from environment.variables import Environment, InvalidVariable


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed copy, with a `.env` that is not its own, in an account with a home."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    root = tmp_path / "site-packages" / "interlock"
    root.mkdir(parents=True)
    (root / ".env").write_text("NAMESPACE=of-another-project\n")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The folder of a checkout."""
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set, and what is read from a file is forgotten."""
    monkeypatch.setenv("NAMESPACE", "")
    for name in ("NAMESPACE", "INTERLOCK_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_the_command_is_called_as_a_person_types_it(checkout: Path) -> None:
    assert installation.command_name(checkout) == "./manage.py"
    assert installation.command_name(checkout / "interlock") == "interlock"


def test_data_is_kept_beside_a_checkout_and_never_beside_an_installed_copy(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Environment({})
    assert installation.data_dir(nothing, installed) == tmp_path / "home" / ".local" / "share" / "interlock"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert installation.data_dir(nothing, installed) == tmp_path / "home" / ".local" / "share" / "interlock"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert installation.data_dir(nothing, installed) == tmp_path / "data" / "interlock"
    (tmp_path / "pyproject.toml").touch()
    assert installation.data_dir(nothing, tmp_path) == tmp_path / "var"
    assert installation.data_dir(Environment({"DATA_DIR": "here"}), installed) == installed / "here"


def test_an_account_that_has_no_place_for_data_is_told_what_to_set(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/dev/null")
    with pytest.raises(InvalidVariable, match=r"DATA_DIR is not set, .* \(/dev/null/.local/share/interlock\)"):
        installation.data_dir(Environment({}), installed)


def test_an_installed_copy_reads_no_file_of_another_project(installed: Path) -> None:
    assert installation.environment(installed).str("NAMESPACE") == ""


def test_a_checkout_reads_its_own_file(checkout: Path) -> None:
    (checkout / ".env").write_text("NAMESPACE=mine\n")
    assert installation.environment(checkout).str("NAMESPACE") == "mine"


def test_the_file_that_the_variable_names_is_read_in_place_of_any_other(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".env").write_text("NAMESPACE=mine\n")
    (checkout / "production").write_text("NAMESPACE=named\n")
    monkeypatch.setenv("INTERLOCK_ENV_FILE", str(checkout / "production"))
    assert installation.environment(checkout).str("NAMESPACE") == "named"
    monkeypatch.setenv("INTERLOCK_ENV_FILE", str(checkout / "produktion"))
    with pytest.raises(InvalidVariable, match="INTERLOCK_ENV_FILE names .*produktion', and there is no such file"):
        installation.environment(checkout)
