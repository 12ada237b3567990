"""Retry failed items."""

from argparse import ArgumentParser
from typing import Any

from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.selectors import item_in
from backlog.services import retry_item
from console.operator import OperatorCommand, current_operator, row_with_id


class Command(OperatorCommand):
    help = "Retry failed items at once, even if all their attempts are used up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("items", nargs="+", metavar="ITEM_ID", help="an item's id, or its first characters")

    def handle(self, *args: Any, items: list[str], **options: Any) -> None:
        for chosen in [row_with_id(Item.objects.all(), beginning, see="project ID") for beginning in items]:
            with project_work() as work:
                item = retry_item(work, item_in(work, chosen.pk), by=current_operator())
            self.stdout.write(f"{item} is tried again")
