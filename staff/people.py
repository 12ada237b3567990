"""The pages of accounts with the erasure of people, which concerns the tables of every room."""

from collections import deque

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin import PersonAdmin
from accounts.models import User
from accounts.people import signed_in_person
from accounts.rank import AccountHasMoreRights
from pages.admin_pages import act_on_each_with_reason
from privacy.erasing import ErasureRefused, erase_person

admin.site.unregister(User)


@admin.register(User)
class ErasablePersonAdmin(PersonAdmin):
    """The pages of accounts; people can be erased, with a reason."""

    actions = [*PersonAdmin.actions, "erase_people"]

    @admin.action(
        description=gettext_lazy("Erase: names and addresses are deleted everywhere, for good"), permissions=["change"]
    )
    def erase_people(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        def act(person: User, reason: str) -> None:
            erase(person, by=signed_in_person(request), reason=reason)

        return act_on_each_with_reason(self, request, queryset, act, name="erase_people", done=_("Erased"))


def erase(person: User, *, by: User, reason: str) -> None:
    """Erase the person. Raises ErasureRefused, also for a person with rights that `by` lacks."""
    try:
        deque(erase_person(person, by=by, reason=reason), maxlen=0)
    except AccountHasMoreRights as error:
        raise ErasureRefused(str(error)) from error
