"""What differs between a checkout and an installed copy: the command's name, the file of variables, the data folder.

In both, `root` is the folder of the rooms; only a checkout has a `pyproject.toml` there. An installed copy keeps
nothing in that folder, which may be replaced at any time and may not be writable. It acts on the same data in whatever
folder it is started, so it reads no `.env` of the current folder: in the folder of another project, that file would
silently name that project's database. A file of variables is named by INTERLOCK_ENV_FILE instead.
"""

import os
from pathlib import Path

from environment.variables import FOLDER, Environment, InvalidVariable, read_file

ENV_FILE = "INTERLOCK_ENV_FILE"


def is_checkout(root: Path) -> bool:
    """Return True if the rooms lie in the repository, False if they were installed as a package."""
    return (root / "pyproject.toml").exists()


def command_name(root: Path) -> str:
    """Return what a person types to start a command, for messages."""
    return "./manage.py" if is_checkout(root) else "interlock"


def env_file(root: Path) -> Path:
    """Return the file of variables: what INTERLOCK_ENV_FILE names, else `.env` in a checkout, else an empty file.

    Raises InvalidVariable for a named file that does not exist.
    """
    named = os.environ.get(ENV_FILE, "")
    if named and not Path(named).exists():
        raise InvalidVariable(f"{ENV_FILE} names {named!r}, and there is no such file.")
    return Path(named or (root / ".env" if is_checkout(root) else os.devnull))


def environment(root: Path) -> Environment:
    """Return the variables of this process, with those of the file. Raises InvalidVariable if it cannot be read."""
    read_file(env_file(root))
    return Environment()


def data_dir(env: Environment, root: Path) -> Path:
    """Return the folder for data: DATA_DIR, or else `var` in a checkout and a folder of the account where installed.

    Raises InvalidVariable if the folder cannot be written to.
    """
    try:
        folder = env.str("DATA_DIR", kind=FOLDER) or FOLDER.read(str(default_data_dir(root)))
    except (ValueError, RuntimeError) as error:
        words = f"DATA_DIR is not set, and its default cannot be written to ({error}): set it to a folder that can."
        raise InvalidVariable(words) from None
    return Path(folder).resolve()


def default_data_dir(root: Path) -> Path:
    """Return `var` in a checkout, else this account's folder for Interlock. Raises RuntimeError if it has no home."""
    if is_checkout(root):
        return root / "var"
    # The standard of XDG has programs ignore a relative path.
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".local" / "share") / "interlock"
