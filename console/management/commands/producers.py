"""Add, list and revoke producers: other programs, with the key by which their entries on the stream are known."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from console.operator import OperatorCommand, current_operator
from events.models import Producer
from events.producer_keys import UnacceptableProducer, make_producer, revoke_producer


class Command(OperatorCommand):
    help = "Add, list and revoke producers, which sign what they put on the stream. A new private key is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a producer with a new key, or with one that it has")
        add.add_argument("name", help="what its events name as their source, `source.service`")
        add.add_argument("--type", action="append", required=True, metavar="TYPE", help="an event type that it may say")
        add.add_argument(
            "--agent", action="append", default=[], metavar="AGENT", help="an agent for which it may speak; * for all"
        )
        add.add_argument("--days", type=int, default=0, help="days until the key expires; 0: never (default: 0)")
        add.add_argument("--public-key", type=Path, metavar="FILE", help="its public key, PEM or base64, in a file")
        actions.add_parser("list", help="list the producers")
        revoke = actions.add_parser("revoke", help="end a key at once")
        revoke.add_argument("kid", help=f"the name of the key; see `{settings.COMMAND} producers list`")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, f"do_{action}")(**options)

    def do_add(
        self, *, name: str, type: list[str], agent: list[str], days: int, public_key: Path | None, **_: Any
    ) -> None:
        """Add a producer; the private key goes alone to stdout, so that a script can read it. Raises CommandError."""
        if days < 0:
            raise CommandError("--days is 0 or more.")
        try:
            given = public_key.read_text() if public_key else ""
            producer, private_key = make_producer(
                name=name, types=type, agents=agent, days=days, public_key=given, by=current_operator()
            )
        except (UnacceptableProducer, OSError) as error:
            raise CommandError(str(error)) from error
        if private_key:
            self.stdout.write(private_key)
        self.stderr.write(f"{producer} may say {', '.join(producer.types)}. A private key is not shown again.")

    def do_list(self, **_: Any) -> None:
        """Write a line for each producer."""
        for producer in Producer.objects.all():
            until = f"until {producer.expires_at:%Y-%m-%d}" if producer.expires_at else "without end"
            state = f"revoked {producer.revoked_at:%Y-%m-%d}" if producer.revoked_at else until
            said = f"{', '.join(producer.types)}  agents: {', '.join(producer.agents) or 'none'}"
            self.stdout.write(f"{producer.kid}  {producer.name}  {said}  {state}")

    def do_revoke(self, *, kid: str, **_: Any) -> None:
        """Revoke a key. Raises CommandError."""
        producer = Producer.objects.filter(kid=kid).first()
        if producer is None:
            raise CommandError(f"There is no key {kid}; see `{settings.COMMAND} producers list`.")
        revoke_producer(producer)
        self.stdout.write(f"{producer} is revoked.")
