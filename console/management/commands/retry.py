"""Try a failed item again."""

from argparse import ArgumentParser
from typing import Any

from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.selectors import item_in
from backlog.services import retry_item
from console.operator import OperatorCommand, identified, operator


class Command(OperatorCommand):
    help = "Try failed items again at once, whatever is left of their budget."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("items", nargs="+", metavar="ITEM_ID", help="the id, or enough of its beginning")

    def handle(self, *args: Any, items: list[str], **options: Any) -> None:
        for chosen in [identified(Item.objects.all(), beginning, see="project ID") for beginning in items]:
            with project_work() as work:
                item = retry_item(work, item_in(work, chosen.pk), by=operator())
            self.stdout.write(f"{item} is tried again")
