"""A pytest plugin: one process of a parallel run gets all tests of a folder that shares a live system.

The `xdist_group` mark says the same, but xdist's `loadgroup` passes it on in the test's id, which pytest 9.2 keeps as
it is: https://github.com/pytest-dev/pytest-xdist/issues/1386.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

FOLDERS = ("tests/browser/", "tests/acceptance/over_http/")
# What xdist would have split test by test.
SPLIT = ("load", "loadgroup")


class FoldersTogether(LoadScopeScheduling):
    """Each test by itself, as in `load`, but those of a folder as one; the longest piece of work begins first."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in FOLDERS if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FoldersTogether | None:
    """The scheduler, unless the run was told to split its tests in another way."""
    return FoldersTogether(config, log) if config.getoption("dist") in SPLIT else None
