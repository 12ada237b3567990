"""What a dispatch carries: nothing that older workers refuse."""

import gzip

import orjson
import pytest

from events import artifacts
from tests.flows import dispatch_of, opened

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


def test_a_dispatch_leaves_out_what_is_not_known() -> None:
    rows = [{"text": "Match payments", "estimated_minutes": None}, {"text": "Close the month"}]
    context = {"rows": rows, "period": {"type": "month", "working_days": None}, "hourly_rate": None}
    said = dispatch_of(opened(work_context=context))["payload"]["work_context"]
    assert said["rows"] == [{"text": "Match payments"}, {"text": "Close the month"}]
    assert said["period"] == {"type": "month"}
    assert "hourly_rate" not in said


def test_stored_rows_leave_it_out_too() -> None:
    stored = artifacts.store([{"text": "Match", "estimated_minutes": None}], media_type=artifacts.NDJSON)
    lines = gzip.decompress(artifacts.path_of(stored).read_bytes()).splitlines()
    assert [orjson.loads(line) for line in lines] == [{"text": "Match"}]
