"""The random key of this machine, where SECRET_KEY names no other."""

import secrets
from pathlib import Path

from environment.once import write_once


def local_secret_key(data_dir: Path) -> str:
    """Return this machine's random key; the first call creates it in a file that only its owner can read.

    Raises InvalidVariable where that file cannot be written.
    """
    path = data_dir / "secret_key"
    if not path.exists():
        write_once(path, secrets.token_urlsafe(48), instead="SECRET_KEY")
    return path.read_text()
