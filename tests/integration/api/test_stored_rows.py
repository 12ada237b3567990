"""Rows too many for an event, by the signed address in the dispatch: no key, no lease, for a while."""

from datetime import timedelta
from typing import Any, cast

import orjson
import polars as pl
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from events import artifacts
from events.artifact_links import with_address
from intake.spreadsheets.parquet import frames_of, write_frames
from intake.spreadsheets.rows import Row
from tests.flows import dispatch_of, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

HOME = "https://interlock.example.org"
ROWS: list[dict[str, Any]] = [{"text": f"Task {number}", "estimated_minutes": number} for number in range(50)]


@pytest.fixture(autouse=True)
def small_claim_checks(settings: Settings) -> None:
    """Fifty rows are too many for an event, and the web has an address."""
    settings.CLAIM_CHECK_BYTES, settings.PUBLIC_URL = 100, HOME


def path_in(reference: dict[str, str]) -> str:
    """The path of the reference's address."""
    return reference["url"].removeprefix(HOME)


def test_a_worker_on_the_stream_fetches_large_rows_by_the_address_in_its_dispatch(client: Client) -> None:
    context = dispatch_of(opened(work_context={"rows": ROWS}))["payload"]["work_context"]
    assert context["rows"] == []
    answer = client.get(path_in(context["rows_ref"]))
    assert answer.status_code == 200
    assert [orjson.loads(line) for line in answer.getvalue().splitlines()] == ROWS
    assert answer["Cache-Control"] == "private, no-store"


def stored_as_parquet() -> dict[str, Any]:
    """The reference of the rows, stored as a large file's rows are."""
    found = [(cast(Row, {"category": "", **row}), row["estimated_minutes"] * 60_000) for row in ROWS]
    with artifacts.new_file() as file:
        write_frames(frames_of(found), cast(Any, file))
        return artifacts.keep_file(file, rows=len(ROWS), media_type=artifacts.PARQUET)


def test_rows_stored_as_parquet_come_as_lines_to_whoever_does_not_ask_otherwise(client: Client) -> None:
    path = path_in(with_address(stored_as_parquet(), now=timezone.now()))
    lines = [orjson.loads(line) for line in client.get(path).getvalue().splitlines()]
    assert [(row["text"], row["estimated_minutes"]) for row in lines] == [tuple(row.values()) for row in ROWS]


def test_rows_stored_as_parquet_come_as_parquet_to_whoever_asks(client: Client) -> None:
    path = path_in(with_address(stored_as_parquet(), now=timezone.now()))
    for answer in (client.get(f"{path}?format=parquet"), client.get(path, headers={"accept": artifacts.PARQUET})):
        assert answer["Content-Type"] == artifacts.PARQUET
        assert pl.read_parquet(answer.getvalue())["text"].to_list() == [row["text"] for row in ROWS]


def test_rows_stored_as_lines_are_not_made_into_parquet(client: Client) -> None:
    stored = artifacts.store(ROWS, media_type=artifacts.NDJSON)
    path = path_in(with_address(stored, now=timezone.now()))
    answer = client.get(f"{path}?format=parquet")
    assert (answer.status_code, b"without format=parquet" in answer.content) == (406, True)


def test_a_parquet_file_that_is_damaged_breaks_the_download_off(client: Client) -> None:
    reference = stored_as_parquet()
    path = artifacts.path_of(reference)
    path.write_bytes(path.read_bytes()[:-40])
    answer = client.get(path_in(with_address(reference, now=timezone.now())))
    with pytest.raises(OSError, match="could not be turned into lines"):
        answer.getvalue()


def test_an_address_that_has_expired_says_so(client: Client) -> None:
    stored = artifacts.store(ROWS, media_type=artifacts.NDJSON)
    long_ago = with_address(stored, now=timezone.now() - timedelta(days=3))
    answer = client.get(path_in(long_ago))
    assert (answer.status_code, b"expired" in answer.content) == (410, True)


@pytest.mark.parametrize("change", ["x", "", "/../secret_key"])
def test_an_address_that_was_changed_leads_nowhere(client: Client, change: str) -> None:
    stored = artifacts.store(ROWS, media_type=artifacts.NDJSON)
    path = path_in(with_address(stored, now=timezone.now()))
    assert client.get(path[:-3] + change).status_code == 404
    assert client.get("/artifacts/" + stored["id"]).status_code == 404
    assert client.post(path).status_code == 405


def test_without_a_public_address_the_reference_has_none(settings: Settings) -> None:
    settings.PUBLIC_URL = ""
    context = dispatch_of(opened(work_context={"rows": ROWS}))["payload"]["work_context"]
    assert set(context["rows_ref"]) == {"id", "sha256", "rows", "media_type"}
