"""Accept an item's finished work although it does not meet its definition of done."""

from argparse import ArgumentParser
from typing import Any

from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.selectors import item_in
from backlog.services import waive_criteria
from console.operator import OperatorCommand, current_operator, row_with_id


class Command(OperatorCommand):
    help = "Accept an item's finished work although it does not meet all criteria of its definition of done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("item", metavar="ITEM_ID", help="the item's id, or its first characters")
        parser.add_argument("--reason", required=True, help="why the work is accepted; stored with the item")

    def handle(self, *args: Any, item: str, reason: str, **options: Any) -> None:
        chosen = row_with_id(Item.objects.all(), item, see="project ID")
        with project_work() as work:
            accepted = waive_criteria(work, item_in(work, chosen.pk), reason=reason, by=current_operator())
        self.stdout.write(f"{accepted} is done; its unmet criteria are waived")
