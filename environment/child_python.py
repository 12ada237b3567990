"""The Python of processes that handle people's files: it obeys no PYTHON… variable and looks into no current folder.

`-I` would do so as well, and leave out the packages that `pip install --user` puts into the account's home: where
Interlock is installed so, no file could be read. HOME is passed on for the same reason; no other variable of ours is.
"""

import os
import sys

COMMAND = (sys.executable, "-E", "-P", "-X", "utf8")
# Besides the home: variables of the dynamic linker, which finds the libraries of the packages.
PASSED_ON = ("HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def variables() -> dict[str, str]:
    """Return the environment for such a process: no secret of this process is in it."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}
