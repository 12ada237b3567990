"""How what an agent wants is put into words for a person."""

import json
import re
from typing import Any

from interlock_client.client import Json

# The keys of an object that may hold the question, in the order in which they are looked for.
TITLE_KEYS = ("question", "title", "message")
UNTITLED = "An agent asks you to decide"
# Characters that nobody sees, some of which change the order in which the others are shown.
INVISIBLE = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def question_in(value: Any) -> Json:
    """Return title and details of a question. A text is the title.

    Of an object, the title is under one of TITLE_KEYS, and the rest is shown as details.
    """
    if isinstance(value, str) and value.strip():
        return {"title": value}
    key = next((key for key in TITLE_KEYS if isinstance(value, dict) and isinstance(value.get(key), str)), None)
    rest = {name: inner for name, inner in value.items() if name != key} if isinstance(value, dict) else value
    return {"title": value[key] if key and value[key].strip() else UNTITLED, "details": in_words(rest) if rest else ""}


def approval_of_call(tool: str, arguments: Any) -> dict[str, str]:
    """Return title and details of the approval of a tool's call: its name, and all of its arguments."""
    return {"title": f"May the agent call {tool}?", "details": in_words(arguments)}


def in_words(value: Any) -> str:
    """Return the value as JSON that people can read: the same text for the same value, nothing in it invisible."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    return INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
