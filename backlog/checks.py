"""System checks (`manage.py check`) for the settings that requests use."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from schemas.currencies import is_currency, not_a_currency


@register("settings")
def currency_is_known(**_: Any) -> list[CheckMessage]:
    """backlog.E001: the setting CURRENCY is empty or the code of a currency."""
    if not settings.CURRENCY or is_currency(settings.CURRENCY):
        return []
    hint = "Leave CURRENCY empty if requests are in several currencies: then each names its own, or a person is asked."
    return [Error(f"CURRENCY: {not_a_currency(settings.CURRENCY)}", hint=hint, id="backlog.E001")]
