"""Try a failed item again."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from backlog.selectors import item_in
from backlog.services import retry_item
from events.management.operator import OperatorCommand, operator
from events.work import unit_of_work


class Command(OperatorCommand):
    help = "Try failed items again at once, whatever is left of their budget."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("items", type=UUID, nargs="+", metavar="ITEM_ID")

    def handle(self, *args: Any, items: list[UUID], **options: Any) -> None:
        for pk in items:
            with unit_of_work() as work:
                item = retry_item(work, item_in(work, pk), by=operator())
            self.stdout.write(f"{item} is tried again")
