"""Moments and spans of stored rows by columns: `moments.span_of` for a table of rows.

Moments in the plain form of ISO 8601 are read by columns; each different text of another form by `moment_of`.
"""

import polars as pl

from intake.spreadsheets.sums import MOMENT
from workers.agents.analysis.moments import EPOCH, FIRST_YEAR, LAST_YEAR, LONGEST_DATE, in_milliseconds, moment_of

DAY_MS = 86_400_000
EPOCH_ORDINAL = EPOCH.toordinal()
MOMENT_SCHEMA = {"at": pl.String, "wall": pl.Int64, "instant": pl.Int64, "has_time": pl.Boolean}


def has_moment() -> pl.Expr:
    """Return the condition that a row names the moment of its start or its end."""
    return pl.col("started_at").is_not_null() | pl.col("ended_at").is_not_null()


def moments_of(texts: pl.Series) -> pl.DataFrame:
    """Return `wall` and `instant` (milliseconds since 1970) and `has_time` of each text's moment; null without one."""
    at = pl.col("at")
    length = at.str.len_bytes()
    full = at.str.replace(" ", "T", literal=True) + pl.when(length == LONGEST_DATE).then(pl.lit("T00:00:00")).when(
        length == LONGEST_DATE + 6
    ).then(pl.lit(":00")).otherwise(pl.lit(""))
    plain = pl.when(at.str.contains(MOMENT)).then(full)
    wall = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms", strict=False).cast(pl.Int64)
    frame = pl.DataFrame({"at": texts}).select(at, wall.alias("wall"))
    frame = frame.with_columns(instant=pl.col("wall"), has_time=pl.col("wall").is_not_null() & (length > LONGEST_DATE))
    others = frame.filter(pl.col("wall").is_null(), at.is_not_null())["at"].unique()
    if others.is_empty():
        return frame.drop("at")
    found = [(text, moment_of(text)) for text in others]
    lines = [(text, in_milliseconds(at.wall - EPOCH), at.instant, at.has_time) for text, at in found if at]
    read = pl.DataFrame(lines, MOMENT_SCHEMA, orient="row")
    joined = frame.join(read, on="at", how="left", maintain_order="left", suffix="_read")
    is_read = pl.col("wall").is_null()
    return joined.select(
        pl.when(is_read).then(pl.col(f"{name}_read")).otherwise(pl.col(name)).alias(name)
        for name in ("wall", "instant", "has_time")
    )


def add_spans(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `start` and `end` (instants), `wall` (of the start) and `day`, null where there is no span.

    `begun` is the moment on the wall at which the row began, or the day of a row without a span.
    """
    started, ended = moments_of(rows["started_at"]), moments_of(rows["ended_at"])
    frame = rows.with_columns(
        pl.DataFrame({f"s_{name}": started[name] for name in started.columns}).get_columns()
        + pl.DataFrame({f"e_{name}": ended[name] for name in ended.columns}).get_columns()
    )
    milliseconds = pl.col("milliseconds")
    end = pl.when(pl.col("e_has_time")).then(pl.col("e_instant"))
    earlier = pl.col("e_wall") - milliseconds
    year = pl.from_epoch(earlier, time_unit="ms").dt.year()
    from_end = pl.col("s_wall").is_null() & end.is_not_null() & year.is_between(FIRST_YEAR, LAST_YEAR)
    has_start = pl.col("s_wall").is_not_null() & pl.col("s_has_time")
    start = pl.when(has_start).then(pl.col("s_instant")).when(from_end).then(end - milliseconds)
    wall = pl.when(has_start).then(pl.col("s_wall")).when(from_end).then(earlier)
    framed = frame.with_columns(start=start, wall=wall, told_end=end)
    known_end = pl.when(pl.col("told_end") > pl.col("start")).then(pl.col("told_end"))
    begun = pl.coalesce("wall", "s_wall", "e_wall")
    return framed.with_columns(
        end=pl.when(pl.col("start").is_not_null()).then(pl.coalesce(known_end, pl.col("start") + milliseconds)),
        day=pl.col("wall").floordiv(DAY_MS) + EPOCH_ORDINAL,
        begun=begun,
    ).drop("told_end", *(name for name in frame.columns if name[:2] in ("s_", "e_")))
