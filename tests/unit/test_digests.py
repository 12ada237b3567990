"""No digest of ours is SHA-1 or MD5, but for the codes of authenticator apps, which know no other."""

import ast
from collections.abc import Iterator

from tests.house import ROOT, sources

WEAK = {"md5", "sha1"}
# RFC 6238, as every app computes it.
CODES_OF_APPS = "signin/totp.py"


def weak_digests(tree: ast.AST) -> Iterator[int]:
    """The lines that name a weak digest, or leave the choice to `salted_hmac`, which takes SHA-1."""
    for node in ast.walk(tree):
        words = {getattr(node, "value", None), getattr(node, "attr", None), getattr(node, "id", None)}
        if not WEAK.isdisjoint(word for word in words if isinstance(word, str)):
            yield node.lineno  # type: ignore[attr-defined]
        is_hmac = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "salted_hmac"
        if is_hmac and "algorithm" not in {argument.arg for argument in node.keywords}:  # type: ignore[attr-defined]
            yield node.lineno  # type: ignore[attr-defined]


def test_no_module_computes_a_weak_digest() -> None:
    found = {str(path.relative_to(ROOT)): [*weak_digests(ast.parse(path.read_text()))] for path in sources()}
    assert len(found) > 300
    assert {name for name, lines in found.items() if lines} == {CODES_OF_APPS}
