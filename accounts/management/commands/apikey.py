"""Make, list, rotate and revoke API keys."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts import keys, scopes
from accounts.models import ApiKey, User


class Command(BaseCommand):
    help = "Make, list, rotate and revoke API keys. A key's text is shown once: keep it where secrets are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        make = actions.add_parser("make", help="make a new key for an account")
        make.add_argument(
            "account",
            help=f"the account that the key acts as; make a machine's with `{settings.COMMAND} person --service`",
        )
        make.add_argument("--name", required=True, help="what the key is for, such as the name of a program")
        make.add_argument("--scope", action="append", required=True, metavar="SCOPE", help=scopes.all_scope_names())
        make.add_argument("--days", type=int, default=365, help="days until it expires; 0: never (default: 365)")
        listing = actions.add_parser("list", help="list the keys")
        listing.add_argument("account", nargs="?", default="", help="only the keys of this account")
        rotate = actions.add_parser(
            "rotate", help="make a new key in place of an old one, which works for one more day"
        )
        rotate.add_argument("prefix", help=f"the prefix of the old key; see `{settings.COMMAND} apikey list`")
        rotate.add_argument("--at-once", action="store_true", help="the old key stops working now")
        revoke = actions.add_parser("revoke", help="end a key at once")
        revoke.add_argument("prefix", help=f"the prefix of the key; see `{settings.COMMAND} apikey list`")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, action)(**options)

    def make(self, *, account: str, name: str, scope: list[str], days: int, **options: Any) -> None:
        """Make a key and show its text. Raises CommandError."""
        user = User.objects.filter(username=account, is_active=True).first()
        if user is None:
            words = f"There is no account {account}: make it with `{settings.COMMAND} person {account} --service`."
            raise CommandError(words)
        if days < 0:
            raise CommandError("--days is 0 or more.")
        try:
            made = keys.make_key(user, name=name, scopes=scope, lifetime=timedelta(days=days) if days else None)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.show_text(*made)

    def list(self, *, account: str, **options: Any) -> None:
        """Write a line for each key."""
        found = ApiKey.objects.select_related("user")
        for key in found.filter(user__username=account) if account else found:
            until = f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "without end"
            used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            state = until if key.is_live else "ended"
            self.stdout.write(f"{key.prefix}  {key.user}  {key.name}  {' '.join(key.scopes)}  {state}, {used}")

    def rotate(self, *, prefix: str, at_once: bool, **options: Any) -> None:
        """Make the successor of a key and show its text. Raises CommandError."""
        try:
            self.show_text(*keys.rotate_key(self.find(prefix), at_once=at_once))
        except keys.NoSuchKey as error:
            raise CommandError(str(error)) from error

    def revoke(self, *, prefix: str, **options: Any) -> None:
        """Revoke a key. Raises CommandError."""
        key = self.find(prefix)
        keys.revoke_key(key)
        self.stdout.write(f"{key} is revoked.")

    def find(self, prefix: str) -> ApiKey:
        """Return the key with this prefix. Raises CommandError."""
        if key := ApiKey.objects.filter(prefix=prefix).select_related("user").first():
            return key
        raise CommandError(f"There is no key {prefix}; see `{settings.COMMAND} apikey list`.")

    def show_text(self, key: ApiKey, text: str) -> None:
        """Write the text of the key alone to stdout, so that a script can read it, and the rest to stderr."""
        self.stdout.write(text)
        self.stderr.write(f"{key} of {key.user}, scopes {' '.join(key.scopes)}. It is not shown again.")
