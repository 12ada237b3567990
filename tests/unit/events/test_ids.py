"""Ids of events: of version 7, growing, and never the same, in whatever thread or process."""

import os
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

from events.ids import FETCHED_IDS, new_id


def test_ids_are_of_version_7_and_grow_with_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}
    assert [one.int >> 80 for one in ids] == sorted(one.int >> 80 for one in ids)


def test_no_id_comes_twice_from_any_thread() -> None:
    with ThreadPoolExecutor(4) as threads:
        ids = [
            one for many in threads.map(lambda _: [new_id() for _ in range(3 * FETCHED_IDS)], range(8)) for one in many
        ]
    assert len({one.int & (1 << 62) - 1 for one in ids}) == len(ids) == 24 * FETCHED_IDS


def test_a_forked_process_does_not_use_the_random_bytes_of_its_parent() -> None:
    new_id()
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writer, new_id().bytes[8:])
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 8) != new_id().bytes[8:]
    os.close(reader)
    os.close(writer)
