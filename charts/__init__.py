from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Node:
    key: str
    label: str
    state: str = ""
    words: str = ""
    href: str = ""

def graph(title: str, nodes: Sequence[Node], edges: Sequence[tuple[str, str]], *, description: str = "") -> SafeString:
    return SafeString("")
