"""The sums over stored rows, expressed once, in SQL that polars runs here and a distributed engine runs elsewhere.

`stored` is the table of the rows with the columns of `parquet.SCHEMA` and `place`, the place of a row among all, which
only decides the order of the result. Every row of the result is a part of the rows with one text or category (`name`).
Milliseconds that are a multiple of 3 are minutes with at most five decimals, and are summed up; the others come with
their own value and how often, so that the sum of minutes as rows state them is exact to the last digit.
"""

# What names a part, by key; `text` and `category` are columns.
KEYS = ("text", "category")
EXPRESSIONS = {**{key: key for key in KEYS}, "day": "SUBSTR(started_at, 1, 10)"}
# A moment in the plain form of ISO 8601: a date, alone or with a time of day.
MOMENT = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?$"
PARTS = """
SELECT {expression} AS name, milliseconds % 3 = 0 AS summed,
    CASE WHEN milliseconds % 3 <> 0 THEN milliseconds END AS own,
    COUNT(*) AS tasks, SUM(milliseconds) AS milliseconds, MIN(place) AS place
FROM stored GROUP BY name, summed, own
"""
SHORT_ROWS = """
SELECT SUM(CASE WHEN milliseconds < {most} THEN 1 ELSE 0 END) AS short,
    SUM(CASE WHEN milliseconds < {most} THEN milliseconds ELSE 0 END) AS milliseconds, COUNT(*) AS lasting
FROM stored WHERE milliseconds > 0
"""


def parts_by(key: str) -> str:
    """Return the statement for the parts of each text (`key` "text"), category or day. Raises ValueError for others."""
    if key not in EXPRESSIONS:
        raise ValueError(f"Rows are not summed up by {key}.")
    return PARTS.format(expression=EXPRESSIONS[key])
