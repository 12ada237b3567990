"""The endpoints of people and groups: each reads the request, calls a service function and shows the result."""

from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from people.leaving import deactivate
from scim import groups, users
from scim.endpoint import CHANGE, LOOK, MAKE, ScimView, row_or_404
from scim.operations import as_text, lowered, steps


class Users(ScimView):
    """The list of people, and making one."""

    rules = {"GET": LOOK, "POST": MAKE}

    def get(self, request: Request) -> Response:
        """Return the people whom the filter finds, page by page."""
        found = users.found_people(self.account, request.query_params.get("filter", ""))
        return self.page(found.prefetch_related("groups"), lambda account: users.shown(account, request))

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Make an account."""
        account = users.make_person(users.read_person(self.body()), by=self.account)
        resource = users.shown(account, request)
        return Response(resource, status=201, headers={"Location": resource["meta"]["location"]})


class OneUser(ScimView):
    """One person."""

    rules = {"GET": LOOK, "PUT": CHANGE, "PATCH": CHANGE, "DELETE": CHANGE}

    def person(self, key: str) -> Any:
        """Return the account. Raises Http404."""
        return row_or_404(users.people_for(self.account).prefetch_related("groups"), key)

    def get(self, request: Request, key: str) -> Response:
        """Return the person."""
        return Response(self.chosen(users.shown(self.person(key), request)))

    @transaction.atomic
    def put(self, request: Request, key: str) -> Response:
        """Replace what the directory says of the person."""
        account = self.person(key)
        users.write_person(account, users.read_person(self.body(), active=account.is_active), by=self.account)
        return Response(users.shown(account, request))

    @transaction.atomic
    def patch(self, request: Request, key: str) -> Response:
        """Change a part of it, all steps or none."""
        account = self.person(key)
        person = users.person_of(account)
        for step in steps(self.body()):
            person = users.changed(person, step)
        users.write_person(account, person, by=self.account)
        return Response(users.shown(account, request))

    def delete(self, request: Request, key: str) -> Response:
        """Deactivate the account: it stays as the record of what its person did, and can be found again by its name."""
        deactivate(self.person(key), by=self.account)
        return Response(status=204)


class Groups(ScimView):
    """The list of groups, and making one."""

    rules = {"GET": LOOK, "POST": CHANGE}

    def get(self, request: Request) -> Response:
        """Return the groups that the filter finds, page by page."""
        found = groups.found_groups(self.account, request.query_params.get("filter", ""))
        if "members" not in self.names("excludedAttributes"):
            found = groups.with_members(found, self.account)
        return self.page(found, lambda group: groups.shown(group, request))

    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Make a group."""
        name, members = group_in(self.body())
        made = groups.make_group(name, members, by=self.account)
        resource = groups.shown(groups.with_members(made_only(made), self.account).get(), request)
        return Response(resource, status=201, headers={"Location": resource["meta"]["location"]})


class OneGroup(ScimView):
    """One group."""

    rules = {"GET": LOOK, "PUT": CHANGE, "PATCH": CHANGE, "DELETE": CHANGE}

    def get(self, request: Request, key: str) -> Response:
        """Return the group, with its members unless they are excluded."""
        found = groups.found_groups(self.account, "")
        if "members" not in self.names("excludedAttributes"):
            found = groups.with_members(found, self.account)
        return Response(self.chosen(groups.shown(row_or_404(found, key), request)))

    @transaction.atomic
    def put(self, request: Request, key: str) -> Response:
        """Replace the group's name and members."""
        group = row_or_404(groups.found_groups(self.account, ""), key)
        name, members = group_in(self.body())
        groups.replace_group(group, name, members, by=self.account)
        return Response(groups.shown(groups.with_members(made_only(group), self.account).get(), request))

    @transaction.atomic
    def patch(self, request: Request, key: str) -> Response:
        """Change a part of the group, all steps or none; the answer has no body, since members may be many."""
        group = row_or_404(groups.found_groups(self.account, ""), key)
        for step in steps(self.body()):
            groups.patch_group(group, step, by=self.account)
        return Response(status=204)

    @transaction.atomic
    def delete(self, request: Request, key: str) -> Response:
        """Delete the group; its members lose what it gave them."""
        groups.delete_group(row_or_404(groups.found_groups(self.account, ""), key), by=self.account)
        return Response(status=204)


def group_in(body: dict[str, Any]) -> tuple[str, set[int]]:
    """Return the name and the members of a complete resource. Raises ScimError."""
    said = lowered(body)
    name = as_text(said.get("displayname"), "displayName", longest=groups.LONGEST_NAME)
    return name, groups.member_numbers(said.get("members"))


def made_only(group: Any) -> Any:
    """Return a queryset of this group alone."""
    return type(group)._default_manager.filter(pk=group.pk)
