"""The address of the embedded broker.

The keeper (`runtime/keeper.py`) imports this module: it needs the standard library only.
"""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

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
