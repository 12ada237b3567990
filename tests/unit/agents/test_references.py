"""What an agent is given by reference is unpacked within a bound, whatever the small file claims to hold."""

import gzip
import tracemalloc
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from events import artifacts
from events.envelope import Envelope, Source
from intake.spreadsheets.rows import Rows
from intake.spreadsheets.unpacking import TooLarge, unpacked_content
from workers.agents import AGENTS
from workers.sdk import perform_item

MB = 1 << 20


def replies_to(context: dict[str, Any], agent: str = "generic_worker") -> list[Envelope]:
    """What the agent's worker says about an item with this context, but for that it began."""
    about = {"project_id": str(uuid4()), "backlog_item_id": str(uuid4())}
    payload = {**about, "agent_target": agent, "work_context": context}
    dispatch = Envelope("WORK.ITEM_DISPATCHED", payload, Source("interlock", "1"), uuid4())
    said: list[Envelope] = []
    perform_item(AGENTS[agent], dispatch, said.extend)
    return [reply for reply in said if reply.event_type != "WORK.ITEM_STARTED"]


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path) -> None:
    """A folder of artifacts of this test's own, and little room."""
    settings.ARTIFACTS_DIR, settings.MOST_UNPACKED_MB = tmp_path, 1


def test_deliverables_by_reference_are_known_to_the_agent() -> None:
    reference = artifacts.store([{"cost_analysis": {"total_hours": 1}}], media_type=artifacts.JSON)
    [delivered, completed] = replies_to({"deliverables_ref": reference})
    assert delivered.payload["deliverable"]["content"]["summary"] == "Made with these results: cost_analysis."
    assert completed.payload["evidence"]["rests_on"] == ["cost_analysis"]


def test_deliverables_that_are_larger_unpacked_than_a_worker_may_hold_fail_the_item_with_the_reason() -> None:
    reference = artifacts.store([{"pad": {"x": "0" * (2 * MB)}}], media_type=artifacts.JSON)
    [failed] = replies_to({"deliverables_ref": reference})
    assert (failed.event_type, failed.payload["category"]) == ("WORK.ITEM_FAILED", "DATA_INSUFFICIENCY")
    assert failed.payload["reason"] == "What earlier steps delivered takes more than 1,048,576 bytes unpacked."
    assert failed.payload["retryable"] is False


def test_no_more_than_the_bound_is_ever_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(b"0" * (64 * MB)))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        unpacked_content(path, 2 * MB)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * MB


def test_a_line_that_is_no_row_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(gzip.compress(b'{"text": "' + b"0" * (64 * MB) + b'"}\n'))
    tracemalloc.start()
    with pytest.raises(TooLarge, match="A row takes more than"):
        list(Rows.from_ndjson(path, 1))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * MB


def test_an_artifact_that_was_altered_fails_the_item() -> None:
    reference = artifacts.store([{"cost_analysis": {}}], media_type=artifacts.JSON)
    [failed] = replies_to({"deliverables_ref": {**reference, "sha256": "0" * 64}})
    assert "is not what was stored: its digest differs" in failed.payload["reason"]


def test_an_artifact_that_is_not_there_fails_the_item() -> None:
    [failed] = replies_to({"rows_ref": {"id": "0" * 64, "sha256": "0" * 64, "rows": 1, "media_type": artifacts.NDJSON}})
    assert "is DATA_DIR shared with this process?" in failed.payload["reason"]
