"""What kind of process this is: one that serves pages, or one that works in the background."""

from collections.abc import Sequence

# The commands whose processes serve no page.
IN_BACKGROUND = frozenset({"core", "consume", "work", "relay", "deliver", "notify"})


def serves_pages(argv: Sequence[str]) -> bool:
    """Return False for a process that runs one of the commands in the background, by its command line."""
    return not IN_BACKGROUND.intersection(argv[1:2])
