"""What was typed into a form that came without a session, or with a token that is no longer good.

It is neither lost nor sent: the form is shown again with it. Nothing is stored on this side. Until somebody has signed
in it travels in a hidden field of the sign-in form, signed, and it is given back to the account alone whose page it was
typed on: each form carries a mark of that account.
"""

from dataclasses import dataclass
from typing import Any, Self

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core import signing
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

# The hidden fields: whose page it was typed on, what was typed, and that a form is to be shown and not sent.
MARK, BEFORE, SHOW = "typed_by", "typed_before", "typed_again"
# The method by which a view is asked for its form with what was typed. No view changes anything by it.
AGAIN = "AGAIN"
# Where the names of files are noted that were not taken in, in `request.META`.
FILES_LEFT_OUT = "interlock.files_left_out"
SALT = "accounts.typed_text"
LONGEST, LONGEST_MARK = 300_000, 64
MOST_FIELDS = 950
KEPT_SECONDS = 24 * 3600

Account = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class TypedText:
    """What was typed on a page, the page's path, the mark of its account, and the names of files that came with it."""

    path: str
    mark: str
    fields: list[tuple[str, str]]
    files: list[str]

    @classmethod
    def of(cls, request: HttpRequest) -> Self | None:
        """What the refused form holds; nothing if no page of ours marked it, or it is too long to travel on."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or MARK not in request.POST:
            return None
        fields = [(name, value) for name, values in request.POST.lists() for value in values if is_kept(name)]
        if len(fields) > MOST_FIELDS or length_of(fields) > LONGEST or len(request.POST[MARK]) > LONGEST_MARK:
            return None
        return cls(request.get_full_path(), request.POST[MARK], fields, names_of_files(request))

    @classmethod
    def packed_in(cls, request: HttpRequest) -> Self | None:
        """What came along with the sign-in form, if something did."""
        try:
            path, mark, fields, files = signing.loads(request.POST.get(BEFORE, ""), salt=SALT, max_age=KEPT_SECONDS)
        except signing.BadSignature:
            return None
        return cls(path, mark, [(name, value) for name, value in fields], files)

    def packed(self) -> str:
        """It as one signed text."""
        return signing.dumps([self.path, self.mark, self.fields, self.files], salt=SALT, compress=True)

    def is_of(self, user: Account) -> bool:
        """Whether it was typed on a page of this account."""
        return user.is_authenticated and constant_time_compare(self.mark, mark_of(user))

    @property
    def words(self) -> str:
        """What a person is told above the form."""
        return words_for(self.files)

    @property
    def can_be_shown(self) -> bool:
        """Whether the page's view shows its form with what was typed; otherwise it is shown to be copied."""
        try:
            return shows_again(resolve(self.path.partition("?")[0]))
        except Resolver404:
            return False


def ask_again(request: HttpRequest, words: str) -> None:
    """Make the request one for the form with what was typed; `words` are shown above it."""
    request.method = AGAIN
    request.typed_again = words  # type: ignore[attr-defined]


def words_for(files: list[str]) -> str:
    """That nothing was sent, and which files are not kept."""
    words = [_("Nothing was sent yet. What you typed is here again: please look at it and send it.")]
    for name in filter(None, files):
        words.append(_("The file “%(name)s” is not kept: choose it again.") % {"name": name})
    return " ".join(words)


def shows_again(match: ResolverMatch) -> bool:
    """Whether the view has a way to show its form with what was typed."""
    view: Any = match.func
    is_page = hasattr(getattr(view, "view_class", None), "again")
    is_admin = getattr(getattr(view, "model_admin", None), "shows_typed_text", False)
    return is_page or (is_admin and str(match.url_name).endswith("_change"))


def names_of_files(request: HttpRequest) -> list[str]:
    """What the files are called that came with the form, taken in or not."""
    taken = [str(getattr(file, "name", "")) for file in request.FILES.values()]
    return [*request.META.get(FILES_LEFT_OUT, []), *taken]


def length_of(fields: list[tuple[str, str]]) -> int:
    """How many characters the fields have."""
    return sum(len(name) + len(value) for name, value in fields)


def mark_of(user: Account) -> str:
    """What stands for the account in its forms; it says nothing to anybody else."""
    return salted_hmac(SALT, str(user.pk)).hexdigest()


def is_kept(name: str) -> bool:
    """Whether a field's text travels on: no password does, and nothing of the forms' own."""
    return "password" not in name and name not in ("csrfmiddlewaretoken", MARK, BEFORE, SHOW)
