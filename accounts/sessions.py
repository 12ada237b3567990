"""How long a session lasts: it ends when nobody uses it, and a person ends each of theirs, or all.

However much it is used, it ends some time after the sign-in: an open page fetches itself again, so that a browser which
somebody left behind would otherwise stay signed in for ever. The end is stored with the session, so that every door
that reads it (pages, REST, live sockets) finds it ended.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.audit import AuditRecord, address_of, printable_text
from accounts.browsers import LONGEST_BROWSER, BrowserSession
from accounts.models import User
from accounts.people import signed_in_person
from accounts.rank import require_may_manage
from accounts.reach import unlimited

# A use is noted in the session at most once in this number of seconds, since each note is a write.
NOTED_EVERY_SECONDS = 600
NOTED, BEGAN = "used_at", "began_at"
# The sessions that a person is shown, the newest ones.
MOST_SHOWN = 50


def note_use(sender: Any, request: HttpRequest | None = None, **sent: Any) -> None:
    """Note the first use of a session, which is the sign-in; it is saved with it."""
    if request is not None:
        request.session[BEGAN] = int(time.time())
        restart_time_out(request.session)


def restart_time_out(session: Any) -> None:
    """Note a use: the session lasts for SESSION_COOKIE_AGE from now, but not beyond SESSION_LONGEST_SECONDS in all."""
    session[NOTED] = now = int(time.time())
    began = session.setdefault(BEGAN, now)
    end = min(now + settings.SESSION_COOKIE_AGE, began + settings.SESSION_LONGEST_SECONDS)
    session.set_expiry(datetime.fromtimestamp(end, UTC))


def forget_browser(sender: Any, request: HttpRequest | None = None, **sent: Any) -> None:
    """Delete what is kept of a session that its person ends by signing out."""
    if request is not None and request.session.session_key:
        BrowserSession.objects.filter(session_key=request.session.session_key).delete()


class SessionRenewal:
    """Middleware that restarts the time-out of a session when its person uses it, and keeps the list of sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the response; the use of the session is noted after it."""
        key = request.session.session_key
        response = self.get_response(request)
        if request.user.is_authenticated and SESSION_KEY in request.session:  # a key signs nobody in
            is_due = int(time.time()) - int(request.session.get(NOTED, 0)) >= NOTED_EVERY_SECONDS
            if is_due:
                restart_time_out(request.session)
            if is_due or request.session.session_key != key:
                with unlimited():  # a link may have limited the request to another organisation
                    note_browser(request, former_key=key)
        return response


def note_browser(request: HttpRequest, *, former_key: str | None) -> None:
    """Note that the session is used, under the key that it has now."""
    if request.session.session_key is None:
        request.session.create()
    if former_key and former_key != request.session.session_key:
        BrowserSession.objects.filter(session_key=former_key).update(session_key=request.session.session_key)
    browser = printable_text(request.headers.get("User-Agent", ""))[:LONGEST_BROWSER]
    seen = {"account": signed_in_person(request), "address": address_of(request), "browser": browser}
    BrowserSession.objects.update_or_create(
        session_key=str(request.session.session_key), defaults={**seen, "used_at": timezone.now()}
    )


def sessions_of(account: User) -> list[BrowserSession]:
    """Return the account's sessions that last, the one that was used last first."""
    newest = list(BrowserSession.objects.filter(account=account).order_by("-used_at")[:MOST_SHOWN])
    lasting = set(lasting_keys(account, [browser.session_key for browser in newest]))
    return [browser for browser in newest if browser.session_key in lasting]


def lasting_keys(account: User, keys: list[str]) -> Iterator[str]:
    """Yield those of the keys whose sessions are the account's and have not ended, by time, password or stamp."""
    expected = account.get_session_auth_hash()
    for session in Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()):
        content = session.get_decoded()
        is_own = content.get(SESSION_KEY) == str(account.pk)
        if is_own and constant_time_compare(content.get(HASH_SESSION_KEY, ""), expected):
            yield session.session_key


def end_session(account: User, browser_id: int) -> bool:
    """End this session of the account and record it; False if it is not one of the account's."""
    browser = BrowserSession.objects.filter(account=account, pk=browser_id).first()
    if browser is None:
        return False
    Session.objects.filter(session_key=browser.session_key).delete()
    browser.delete()
    account.entry(AuditRecord.Action.SIGNED_OUT, f"one session, of {browser.address}").save()
    return True


def sign_out_everywhere_else(request: HttpRequest, user: User) -> None:
    """End every session of the person but this one."""
    user.session_stamp = secrets.token_hex(8)
    user.save(update_fields=["session_stamp"])
    update_session_auth_hash(request, user)
    user.entry(AuditRecord.Action.SIGNED_OUT, "everywhere else").save()


def sign_out_everywhere(account: User, *, by: User | None = None) -> None:
    """End every session of an account: what others do, when it may have fallen into wrong hands.

    `by` is the acting person, None at the command line. Raises AccountRefused.
    """
    require_may_manage(by, account)
    account.session_stamp = secrets.token_hex(8)
    account.save(update_fields=["session_stamp"])
    account.entry(AuditRecord.Action.SIGNED_OUT, "everywhere").save()
