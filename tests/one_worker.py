"""A pytest plugin: one process of a parallel run gets all tests of a file, or of a folder that shares a live system.

What a file or a folder makes once is made once a run, and not once in each process. The `xdist_group` mark says the
same, but xdist's `loadgroup` passes it on in the test's id, which pytest 9.2 keeps as it is:
https://github.com/pytest-dev/pytest-xdist/issues/1386.
"""

from collections import Counter

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

FOLDERS = ("tests/browser/", "tests/acceptance/over_http/", "tests/integration/signin/")
# Half a minute of one process or more, and nothing that is made once: these are handed out test by test.
LONG = (
    "test_side_door_matrix.py", "test_readme.py", "test_demo.py", "test_long_work.py", "test_keeping.py",
    "test_chaos.py", "test_webhook_fairness.py", "test_kill_consumer.py", "test_contract_of_the_api.py",
    "test_two_organisations.py", "test_row_security.py", "test_role_matrix.py", "test_hostile_uploads.py",
    "test_files_in_doubt.py", "test_kill_worker.py", "test_new_request.py",
)  # fmt: skip
# What xdist would have split test by test.
SPLIT = ("load", "loadgroup")


class FilesTogether(LoadScopeScheduling):
    """The tests of a folder of FOLDERS as one piece of work, those of a file of LONG each by itself, others by file."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def scope_of(nodeid: str) -> str:
    """The folder, the file, or the test itself that is one piece of work."""
    file = nodeid.partition("::")[0]
    folder = next((folder for folder in FOLDERS if file.startswith(folder)), "")
    return folder or (nodeid if file.endswith(LONG) else file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesTogether | None:
    """The scheduler, unless the run was told to split its tests in another way."""
    if config.getoption("dist") not in SPLIT:
        return None
    config.option.loadscopereorder = False  # the order below is the better one
    return FilesTogether(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: begun last, it would go on alone. Folders, then LONG, then files by their size."""
    size = Counter(scope_of(item.nodeid) for item in items)

    def place(item: pytest.Item) -> tuple[bool, bool, int]:
        scope = scope_of(item.nodeid)
        return scope not in FOLDERS, not scope.partition("::")[0].endswith(LONG), -size[scope]

    items.sort(key=place)
