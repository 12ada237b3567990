"""Finds the broker's address: that of the embedded broker, or the one given by the REDIS_* variables."""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

from environment.variables import MACHINE, Environment

# The shortest limit of the systems we run on (macOS: 104 bytes with the closing zero; Linux: 108).
LONGEST_SOCKET_PATH = 103


def socket_path(data_dir: Path) -> Path:
    """Return the path of the embedded broker's socket for this data folder.

    It is inside the folder, or under /tmp where that path would be longer than systems allow.
    """
    inside = data_dir.resolve() / "valkey.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]
    return Path(f"/tmp/interlock-{os.getuid()}-{digest}/valkey.sock")  # noqa: S108 - make_private() checks whose it is


def broker_url(data_dir: Path, *, password: str = "") -> str:
    """Return the REDIS_URL of the embedded broker of this folder, whether it runs or not."""
    credentials = f":{quote(password, safe='')}@" if password else ""
    return f"unix://{credentials}{quote(str(socket_path(data_dir)))}?db=0"


def url_from_parts(env: Environment) -> str:
    """Return the REDIS_URL made of REDIS_HOST, _PORT, _DB, _USERNAME and _PASSWORD; empty without REDIS_HOST."""
    host = env.str("REDIS_HOST", kind=MACHINE)
    if not host:
        return ""
    name, password = (quote(env.str(key, default=""), safe="") for key in ("REDIS_USERNAME", "REDIS_PASSWORD"))
    credentials = f"{name}:{password}@" if name or password else ""
    port, database = env.int("REDIS_PORT", default=6379, most=65535), env.int("REDIS_DB", default=0, least=0)
    return f"redis://{credentials}{f'[{host}]' if ':' in host else host}:{port}/{database}"
