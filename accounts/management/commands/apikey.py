"""Make, list, rotate and revoke the keys by which machines come in."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import keys, scopes
from accounts.models import ApiKey, User


class Command(BaseCommand):
    help = "Make, list, rotate and revoke API keys. A key's text is shown once: keep it where secrets are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="a new key of an account")
        make.add_argument("account", help="whose key it is; see `manage.py person --service`")
        make.add_argument("--name", required=True, help="what it is for")
        make.add_argument("--scope", action="append", required=True, metavar="SCOPE", help=scopes.offered())
        make.add_argument("--days", type=int, default=365, help="how long it is good for; 0 for ever (default: 365)")
        listing = actions.add_parser("list", help="the keys there are")
        listing.add_argument("account", nargs="?", default="")
        rotate = actions.add_parser("rotate", help="a successor; the old key goes on for a day")
        rotate.add_argument("prefix")
        rotate.add_argument("--at-once", action="store_true", help="the old key ends now")
        actions.add_parser("revoke", help="the key opens nothing any more").add_argument("prefix")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, action)(**options)

    def make(self, *, account: str, name: str, scope: list[str], days: int, **options: Any) -> None:
        """Make a key and show it."""
        user = User.objects.filter(username=account, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no account {account}: make it with `manage.py person {account} --service`.")
        if days < 0:
            raise CommandError("--days is 0 or more.")
        try:
            made = keys.make(user, name=name, scopes=scope, lifetime=timedelta(days=days) if days else None)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.show(*made)

    def list(self, *, account: str, **options: Any) -> None:
        """A line a key."""
        found = ApiKey.objects.select_related("user")
        for key in found.filter(user__username=account) if account else found:
            until = f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "without end"
            used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            state = until if key.is_live else "ended"
            self.stdout.write(f"{key.prefix}  {key.user}  {key.name}  {' '.join(key.scopes)}  {state}, {used}")

    def rotate(self, *, prefix: str, at_once: bool, **options: Any) -> None:
        """Make the successor and show it."""
        try:
            self.show(*keys.rotate(self.key(prefix), at_once=at_once))
        except keys.NoSuchKey as error:
            raise CommandError(str(error)) from error

    def revoke(self, *, prefix: str, **options: Any) -> None:
        """End a key."""
        key = self.key(prefix)
        keys.revoke(key)
        self.stdout.write(f"{key} is revoked.")

    def key(self, prefix: str) -> ApiKey:
        """The key with this prefix. Raises CommandError."""
        if key := ApiKey.objects.filter(prefix=prefix).select_related("user").first():
            return key
        raise CommandError(f"There is no key {prefix}; see `manage.py apikey list`.")

    def show(self, key: ApiKey, text: str) -> None:
        """The key's text alone on the first line, so that a script can take it."""
        self.stdout.write(text)
        self.stderr.write(f"{key} of {key.user}, scopes {' '.join(key.scopes)}. It is not shown again.")
