"""Whether an organisation has language models asked, and within which budgets of its own."""

from collections.abc import Iterable
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from backlog.models import ModelSwitch
from backlog.work import ProjectWork


class ModelsRefused(Exception):
    """The switch cannot be set so; `field` is the budget that is at fault."""

    def __init__(self, message: str, field: str) -> None:
        self.field = field
        super().__init__(message)


def switches_of(work: ProjectWork, organisations: Iterable[int]) -> dict[int, ModelSwitch | None]:
    """Return the switch of each organisation, None for one that never set it; one query for those not known yet."""
    if missing := set(organisations) - work.model_switches.keys():
        found = {switch.pk: switch for switch in ModelSwitch.objects.filter(pk__in=missing)}
        work.model_switches |= {number: found.get(number) for number in missing}
    return work.model_switches


def are_models_on(work: ProjectWork, organisation: int) -> bool:
    """Return True if the environment names models, or the test mode, and the organisation has switched them on."""
    if not settings.MODELS.is_on:
        return False
    switch = switches_of(work, [organisation])[organisation]
    return switch is not None and switch.is_on


def switch_of(organisation: int) -> ModelSwitch:
    """Return the organisation's switch; an unsaved one that is off if it has none."""
    return ModelSwitch.objects.filter(pk=organisation).first() or ModelSwitch(organisation_id=organisation)


def set_models(organisation: int, *, is_on: bool, day_usd: Decimal | None, month_usd: Decimal | None) -> ModelSwitch:
    """Switch an organisation's language models on or off, and set its budgets; the audit log records the change.

    None leaves the budget to the environment. Raises ModelsRefused for one that is larger than the environment's.
    """
    access = settings.MODELS
    require_within(day_usd, access.day_usd, "day_usd")
    require_within(month_usd, access.organisation_usd, "month_usd")
    switch = switch_of(organisation)
    switch.is_on, switch.day_usd, switch.month_usd = is_on, day_usd, month_usd
    switch.save()
    return switch


def require_within(wanted: Decimal | None, most: Decimal, field: str) -> None:
    """Raise ModelsRefused if the budget is negative, or larger than the one that the environment sets."""
    if wanted is not None and not 0 <= wanted <= most:
        words = _("The settings of this installation allow at most %(most)s US dollars here, and at least 0.")
        raise ModelsRefused(words % {"most": most}, field)
