"""Read the contents of deliverables, which may come from anybody's agent and have any shape: nothing raises."""

from collections.abc import Mapping
from typing import Any

from pages.admin_pages import bounded_text
from reports.figures import is_number, rows_of

Content = Mapping[str, Any]


def as_object(content: Any) -> Content:
    """Return the content if it is a JSON object; any other content as the only value, without a name, of an object."""
    return content if isinstance(content, dict) else {"": content}


def number_at(content: Content, *keys: str) -> float | None:
    """Return the number at this path of keys; None if there is none."""
    value: Any = content
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return float(value) if is_number(value) else None


def count_at(content: Content, *keys: str) -> int | None:
    """Return the number at this path as a whole number; None if there is none."""
    number = number_at(content, *keys)
    return None if number is None else round(number)


def text_at(content: Content, key: str) -> str:
    """Return the text under the key, of bounded length; empty if there is none."""
    value = content.get(key)
    return bounded_text(value.strip()) if isinstance(value, str) else ""


def flag_at(content: Content, key: str) -> bool | None:
    """Return the value under the key if it is true or false; otherwise None."""
    value = content.get(key)
    return value if isinstance(value, bool) else None


def object_at(content: Content, key: str) -> Content:
    """Return the object under the key; an empty one if there is none."""
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def objects_at(content: Content, key: str) -> list[Content]:
    """Return the list of objects under the key; empty if there is none, or if an entry is no object."""
    return list(rows_of(content.get(key)))
