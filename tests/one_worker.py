"""A pytest plugin: one process of a parallel run gets all tests of a folder that shares a live system.

The `xdist_group` mark says the same, but xdist's `loadgroup` passes it on in the test's id, which pytest 9.2 keeps as
it is: https://github.com/pytest-dev/pytest-xdist/issues/1386.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# A minute of one process, or half of one: begun last, it would go on alone.
LONG = (
    "test_side_door_matrix.py", "test_readme.py", "test_demo.py", "test_long_work.py", "test_keeping.py",
    "test_chaos.py", "test_webhook_fairness.py", "test_cluster.py", "test_kill_consumer.py",
    "test_contract_of_the_api.py",
)  # fmt: skip
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of the files that take longest, in the order that chance gave to all."""
    items.sort(key=lambda item: item.path.name not in LONG)
