"""Creates files that several processes, also of several machines, share and that only the first of them writes."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from environment.variables import InvalidVariable


def write_once(path: Path, text: str, *, instead: str) -> None:
    """Create the file, which only its owner may read, with this text; one that is there already stays as it is.

    Nobody reads it half written: it gets its name when it is complete. Until then its name is one that no other process
    has, since processes of other containers may have the same number. Raises InvalidVariable where it cannot be
    written, which names the variable that may be set `instead`.
    """
    try:
        with NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.") as file:
            file.write(text)
            file.flush()
            with suppress(FileExistsError):  # another process was faster: all use its file
                os.link(file.name, path)
    except OSError as error:
        raise InvalidVariable(
            f"{path} cannot be written: {error.strerror}. Make room there, let this account write, or set {instead}."
        ) from error
