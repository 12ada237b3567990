"""The hours of stored rows by week, weekday and hour of the day, by columns; equal to those of the rows one by one."""

import polars as pl

from intake.spreadsheets.rows import Columns
from workers.agents.analysis.stored_moments import DAY_MS, EPOCH_ORDINAL, add_spans, has_moment
from workers.agents.analysis.weeks import HOUR_MS, LONGEST_SPAN_MS, WeekFacts, hour_parts_of

BATCH_ROWS = 100_000
# Milliseconds × the longest span has at most 63 bits. A longer duration is of a row whose times contradict it.
MOST_MS_BY_COLUMNS = 2**63 // LONGEST_SPAN_MS - 1
EPOCH_WEEKDAY = 3


def add_rows(facts: WeekFacts, columns: Columns) -> None:
    """Add all stored rows that have a duration and a moment."""
    wanted = columns.scan().filter(pl.col("milliseconds").is_not_null(), has_moment())
    used = wanted.select("milliseconds", "started_at", "ended_at")
    for batch in used.collect_batches(chunk_size=BATCH_ROWS, maintain_order=False):
        rows = add_spans(batch)
        add_weeks(facts, rows)
        length = (pl.col("end") - pl.col("start")).alias("length")
        add_hours(facts, rows.with_columns(length).filter(pl.col("length") <= LONGEST_SPAN_MS))


def add_weeks(facts: WeekFacts, rows: pl.DataFrame) -> None:
    """Add the rows to the weeks in which they began."""
    day = pl.col("begun").floordiv(DAY_MS)
    monday = day - (day + EPOCH_WEEKDAY) % 7 + EPOCH_ORDINAL
    dated = rows.filter(pl.col("begun").is_not_null())
    facts.dated_rows += dated.height
    for week, milliseconds in dated.group_by(monday).agg(pl.col("milliseconds").sum()).iter_rows():
        facts.by_week[week] += milliseconds


def add_hours(facts: WeekFacts, rows: pl.DataFrame) -> None:
    """Add the rows to the hours that they cover: one round for each hour of the longest row, see `hour_parts`."""
    facts.timed_rows += rows.height
    is_large = pl.col("milliseconds") > MOST_MS_BY_COLUMNS
    for wall, length, milliseconds in rows.filter(is_large).select("wall", "length", "milliseconds").iter_rows():
        for hour, part in hour_parts_of(wall, length, milliseconds):
            facts.by_hour[hour] += part
    left = rows.filter(~is_large).select("milliseconds", "length", hour=pl.col("wall").floordiv(HOUR_MS))
    left = left.with_columns(
        passed=pl.min_horizontal("length", HOUR_MS - rows.filter(~is_large)["wall"] % HOUR_MS), spent=pl.lit(0)
    )
    while left.height:
        due = pl.col("milliseconds") * pl.col("passed") // pl.max_horizontal("length", 1)
        left = left.with_columns(due=pl.when(pl.col("length") > 0).then(due).otherwise("milliseconds"))
        sums = left.group_by(pl.col("hour") % (7 * 24)).agg((pl.col("due") - pl.col("spent")).sum())
        for hour, milliseconds in sums.iter_rows():
            days, hour_of_day = divmod(hour, 24)
            facts.by_hour[(days + EPOCH_WEEKDAY) % 7 + 1, hour_of_day] += milliseconds
        left = left.filter(pl.col("passed") < pl.col("length")).with_columns(
            hour=pl.col("hour") + 1,
            spent=pl.col("due"),
            passed=pl.min_horizontal("length", pl.col("passed") + HOUR_MS),
        )
