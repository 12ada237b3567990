"""Rows in Parquet: written as a stream, read as a stream, with durations as whole milliseconds so that sums are exact.

Only processes that parse files and processes of agents import this module: polars takes memory that a web process
should not need.
"""

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import orjson
import polars as pl
from polars.io.plugins import register_io_source

from intake.spreadsheets import sums
from intake.spreadsheets.rows import TOLD_BY_SOME, Part, Row
from intake.spreadsheets.sheet import MS_PER_MINUTE

SCHEMA = pl.Schema(
    {
        "text": pl.String(),
        "category": pl.String(),
        "milliseconds": pl.Int64(),
        "row": pl.Int64(),
        **dict.fromkeys(TOLD_BY_SOME, pl.String()),
    }
)
# Few enough rows that a reader holds little in memory, enough for columns to be worth it.
GROUP_ROWS = 100_000
BATCH_ROWS, BATCH_LINES = 20_000, 2_000


def write_frames(frames: Iterator[pl.DataFrame], target: io.RawIOBase) -> None:
    """Write the frames, which have the columns of SCHEMA, as one Parquet file, holding a few of them in memory.

    Raises what the iteration of the frames raises.
    """
    failures: list[Exception] = []

    def produce(*_options: Any) -> Iterator[pl.DataFrame]:
        try:
            yield from frames
        except Exception as error:  # polars would make another error of it
            failures.append(error)

    source = register_io_source(produce, schema=SCHEMA)
    file = cast(IO[bytes], target)
    source.sink_parquet(file, compression="zstd", compression_level=1, row_group_size=GROUP_ROWS, statistics=False)
    if failures:
        raise failures[0]


def frames_of(rows: Iterable[tuple[Row, int]]) -> Iterator[pl.DataFrame]:
    """Yield rows that come with their exact milliseconds (negative for none) as frames."""
    batch: list[tuple[Any, ...]] = []
    for row, milliseconds in rows:
        told = (row.get(key) for key in ("row", *TOLD_BY_SOME))
        batch.append((row["text"], row["category"], milliseconds if milliseconds >= 0 else None, *told))
        if len(batch) >= BATCH_ROWS:
            yield pl.DataFrame(batch, SCHEMA, orient="row")
            batch = []
    yield pl.DataFrame(batch, SCHEMA, orient="row")


def batches_in(path: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows of a Parquet file in their order, some thousands at a time."""
    frame = pl.scan_parquet(path)
    yield from frame.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)


def rows_in(path: Path) -> Iterator[Row]:
    """Yield each row of a Parquet file, without the keys that it does not have."""
    for frame in batches_in(path):
        yield from rows_of(frame)


def rows_of(frame: pl.DataFrame) -> Iterator[Row]:
    """Yield each row of a frame with the columns of SCHEMA, without the keys that it does not have."""
    told = [name for name in ("row", *TOLD_BY_SOME) if frame[name].null_count() < frame.height]
    used = frame.select("text", "category", "milliseconds", *told)
    for text, category, milliseconds, *values in used.iter_rows():
        minutes = None if milliseconds is None else milliseconds / MS_PER_MINUTE
        row = Row(text=text, category=category, estimated_minutes=minutes)
        row.update({name: value for name, value in zip(told, values, strict=True) if value is not None})  # type: ignore[typeddict-item]
        yield row


def lines_in(path: Path) -> Iterator[bytes]:
    """Yield the rows of a Parquet file as JSON documents, a line each, some thousands of lines at a time.

    Keys without a value are left out, as in dispatches.
    """
    rows = rows_in(path)
    while batch := list(islice(rows, BATCH_LINES)):
        known = ({key: value for key, value in row.items() if value is not None} for row in batch)
        yield b"".join(orjson.dumps(document) + b"\n" for document in known)


class StoredColumns:
    """The rows of a Parquet file, or of several that a pattern names, as columns: sums without a loop over the rows."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def scan(self) -> pl.LazyFrame:
        """Return the rows as a table with the columns of SCHEMA."""
        return pl.scan_parquet(self._path)

    def parts_by(self, key: str) -> Iterator[Part]:
        """Yield the parts of each different text (`key` "text"), category or day, in the order of their first rows.

        The day is that of a start in ISO 8601; rows whose start is missing or of another form are in no part.
        """
        rows = self.scan().select("text", "category", "milliseconds", "started_at").with_row_index("place")
        rows = rows.filter(pl.col("started_at").str.contains(sums.MOMENT)) if key == "day" else rows
        parts = pl.SQLContext(stored=rows).execute(sums.parts_by(key)).collect(engine="streaming")
        in_order = parts.sort(pl.col("place").min().over("name"), "place")
        columns = in_order.select("name", "tasks", "own", "milliseconds", "summed")
        for name, count, own, total, is_summed in columns.iter_rows():
            yield Part(name, count, total if is_summed else own, 1 if is_summed else count)

    def rows_without_day(self) -> Iterator[Row]:
        """Yield each row that may name a day and is in no part by day."""
        has_day = pl.col("started_at").str.contains(sums.MOMENT).fill_null(value=False)
        may_name_one = pl.col("started_at").is_not_null() | pl.col("ended_at").is_not_null()
        rows = self.scan().filter(~has_day, may_name_one)
        for frame in rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=False):
            yield from rows_of(frame)

    def short_and_lasting(self, most: int) -> tuple[int, int, int]:
        """Return how many rows lasted less than so many milliseconds, the sum of theirs, and how many lasted at all."""
        statement = sums.SHORT_ROWS.format(most=most)
        short, milliseconds, lasting = (
            pl.SQLContext(stored=self.scan()).execute(statement).collect(engine="streaming").row(0)
        )
        return short or 0, milliseconds or 0, lasting or 0
