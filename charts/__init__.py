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


def bars(title: str, rows: Sequence[tuple[str, float]], *, unit: str = "", description: str = "") -> SafeString:
    return SafeString("")


donut = bars


def stacked(title: str, columns: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], *, unit: str = "", description: str = "") -> SafeString:
    return SafeString("")


def line(title: str, points: Sequence[tuple[str, float | None]], *, unit: str = "", description: str = "") -> SafeString:
    return SafeString("")
