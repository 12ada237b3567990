"""The random key of this machine, where SECRET_KEY names no other."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def local_secret_key(data_dir: Path) -> str:
    """Return this machine's random key; the first call creates it in a file that only its owner can read."""
    path = data_dir / "secret_key"
    if not path.exists():
        # The key is written to a file of this process, and then linked: nobody reads a key that is only half written.
        own_file = data_dir / f"secret_key.{os.getpid()}"
        own_file.write_text(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # another process was faster: all use its key
            os.link(own_file, path)
        own_file.unlink()
    return path.read_text()
