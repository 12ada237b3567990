"""The typed text of a form that was sent without a session, or with a CSRF token that is no longer valid.

The text is neither lost nor processed: the form is shown again with it. The server stores nothing. Until a person has
signed in, the text is in a hidden, signed field of the sign-in form. Only the account on whose page it was typed gets
it back: each form contains a mark of that account.
"""

from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core import signing
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

# Hidden fields: the mark of the account, the typed text, and the sign that a form has to be shown, not processed.
MARK_FIELD, TYPED_BEFORE_FIELD, TYPED_AGAIN_FIELD = "typed_by", "typed_before", "typed_again"
# The request method that asks a view for its form with the typed text. A view must not change anything then.
SHOW_AGAIN_METHOD = "AGAIN"
# The key in `request.META` of the names of files that were not read.
FILES_LEFT_OUT = "interlock.files_left_out"
SALT = "accounts.typed_text"
LONGEST, LONGEST_MARK = 300_000, 64
MOST_FIELDS = 950
KEPT_SECONDS = 24 * 3600

Account = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class TypedText:
    """The text of one form: the path of its page, the mark of the account, the fields, and the names of its files."""

    path: str
    mark: str
    fields: list[tuple[str, str]]
    files: list[str]

    @classmethod
    def of(cls, request: HttpRequest) -> Self | None:
        """Return the text of the refused form; None if it has no mark, is from another site, or is too long to keep."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or MARK_FIELD not in request.POST:
            return None
        fields = [(name, value) for name, values in request.POST.lists() for value in values if is_kept(name)]
        if (
            len(fields) > MOST_FIELDS
            or length_of_fields(fields) > LONGEST
            or len(request.POST[MARK_FIELD]) > LONGEST_MARK
        ):
            return None
        return cls(request.get_full_path(), request.POST[MARK_FIELD], fields, names_of_files(request))

    @classmethod
    def packed_in(cls, request: HttpRequest) -> Self | None:
        """Return the text that the sign-in form carries; None if it carries none."""
        try:
            path, mark, fields, files = signing.loads(
                request.POST.get(TYPED_BEFORE_FIELD, ""), salt=SALT, max_age=KEPT_SECONDS
            )
        except signing.BadSignature:
            return None
        return cls(path, mark, [(name, value) for name, value in fields], files)

    def packed(self) -> str:
        """Return the typed text as one signed text."""
        return signing.dumps([self.path, self.mark, self.fields, self.files], salt=SALT, compress=True)

    def is_of(self, user: Account) -> bool:
        """Return True if the text was typed on a page of this account."""
        return user.is_authenticated and constant_time_compare(self.mark, mark_of(user))

    @property
    def words(self) -> str:
        """Return the message above the form."""
        return nothing_sent_message(self.files)

    @property
    def can_be_shown(self) -> bool:
        """Return True if the view of the page can show its form with the text; otherwise people have to copy it."""
        try:
            return can_show_again(resolve(self.path.partition("?")[0]))
        except Resolver404:
            return False


def change_into_show_again(request: HttpRequest, words: str) -> None:
    """Change the request into one that shows the form with the typed text, and the message `words` above it."""
    request.method = SHOW_AGAIN_METHOD
    request.typed_again = words  # type: ignore[attr-defined]


def nothing_sent_message(files: list[str]) -> str:
    """Return the message that nothing was sent and which files have to be chosen again."""
    words = [_("Nothing was sent yet. What you typed is here again: please look at it and send it.")]
    for name in filter(None, files):
        words.append(_("The file “%(name)s” is not kept: choose it again.") % {"name": name})
    return " ".join(words)


def can_show_again(match: ResolverMatch) -> bool:
    """Return True if the view can show its form with the typed text."""
    view: Any = match.func
    is_page = hasattr(getattr(view, "view_class", None), "again")
    is_admin = getattr(getattr(view, "model_admin", None), "shows_typed_text", False)
    return is_page or (is_admin and str(match.url_name).endswith("_change"))


def names_of_files(request: HttpRequest) -> list[str]:
    """Return the names of the files of the form, whether they were read or not."""
    taken = [str(getattr(file, "name", "")) for file in request.FILES.values()]
    return [*request.META.get(FILES_LEFT_OUT, []), *taken]


def length_of_fields(fields: list[tuple[str, str]]) -> int:
    """Return the number of characters in the names and values of the fields."""
    return sum(len(name) + len(value) for name, value in fields)


def mark_of(user: Account) -> str:
    """Return the mark of the account in its forms: a keyed hash, from which nobody can tell the account."""
    return salted_hmac(SALT, str(user.pk), algorithm="sha256").hexdigest()


def is_kept(name: str) -> bool:
    """Return True if the text of this field is kept: not for passwords and the forms' own hidden fields."""
    return "password" not in name and name not in (
        "csrfmiddlewaretoken",
        MARK_FIELD,
        TYPED_BEFORE_FIELD,
        TYPED_AGAIN_FIELD,
    )
