"""The names and addresses of one person, and texts and documents without them.

A field that holds the name of an account is compared as a whole. In what people wrote only the mail address and the
full name are looked for, with what the caller adds: an account's name may be an ordinary word, such as finance.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from accounts.models import User

# Keys of documents that hold the name of an account: of payloads, of provenance, of notes.
NAME_KEY = re.compile(r"(.*_)?by|requester|assigned_to|holder|actor|owner")
SHORTEST_PHRASE = 3


class Words:
    """What names the person, and the tombstone that takes its place."""

    def __init__(self, person: User, also: Iterable[str] = ()) -> None:
        """`also` are further texts by which the person is named in what people wrote."""
        self.name, self.tombstone = person.get_username(), tombstone_of(person)
        given = [person.email, person.get_full_name(), f"{person.last_name}, {person.first_name}"]
        phrases = {*also, *(given if person.first_name and person.last_name else given[:1])}
        phrases |= {self.name} if "@" in self.name else set()
        self.phrases = sorted((p for p in phrases if len(p) >= SHORTEST_PHRASE), key=len, reverse=True)
        parts = [part for part in (person.first_name, person.last_name, self.name) if part]
        self.mentions = [*self.phrases, *sorted(parts, key=len, reverse=True)]
        self.in_texts, self.in_mentions = pattern_of(self.phrases), pattern_of(self.mentions)

    @property
    def needles(self) -> list[str]:
        """Return the texts of which one stands in every row that names the person, in each way that JSON writes it."""
        return list(dict.fromkeys([*self.mentions, *(json.dumps(text)[1:-1] for text in self.mentions)]))

    def in_name(self, text: str) -> str:
        """Return the field of a name without this person's: “dana”, or “dana (key 1a2b)”."""
        name, rest = text[: len(self.name)], text[len(self.name) :]
        is_named = name.casefold() == self.name.casefold() and (not rest or rest.startswith(" ("))
        return self.tombstone + rest if is_named else self.in_text(text)

    def in_text(self, text: str) -> str:
        """Return what people wrote without the person's mail address and full name."""
        return self.in_texts.sub(self.tombstone, text) if self.in_texts else text

    def in_mention(self, text: str) -> str:
        """Return what Interlock wrote about an act without the person's names, that of the account included."""
        return self.in_mentions.sub(self.tombstone, text) if self.in_mentions else text

    def in_document(self, document: Any, key: str = "") -> Any:
        """Return the JSON document without the person's names, in its values and in its keys."""
        if isinstance(document, str):
            return self.in_name(document) if NAME_KEY.fullmatch(key) else self.in_text(document)
        if isinstance(document, list):
            return [self.in_document(part, key) for part in document]
        if isinstance(document, dict):
            return {self.in_text(name): self.in_document(part, name) for name, part in document.items()}
        return document


def tombstone_of(person: User) -> str:
    """Return what stands in place of the person's name: the number of the account stays."""
    return f"erased-{person.pk}"


def pattern_of(phrases: list[str]) -> re.Pattern[str] | None:
    """Return the pattern of these phrases as whole words, in capitals or not; None without phrases."""
    if not phrases:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)", re.IGNORECASE)
