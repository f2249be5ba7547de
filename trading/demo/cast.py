"""The people of the demo, and the organisations that they act for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.models import Membership, Organisation, User
from ledger.parties.services import (
    add_member,
    apply_for_organisation,
    approve_organisation,
    create_operator,
    register_user,
)
from trading.demo.pilot import organisations


@dataclass(frozen=True, slots=True)
class Cast:
    """The demo's people by user name."""

    people: dict[str, Membership]

    def person(self, username: str) -> Membership:
        """Return a person."""
        return self.people[username]

    def owner(self, key: str) -> Membership:
        """Return the first person of the organisation that has this key in pilot.json."""
        return self.people[organisations()[key]["people"][0]["username"]]


def is_gathered() -> bool:
    """Tell whether this database has the demo: its operator, known by its people, whatever an edition calls it."""
    usernames = {person["username"] for person in organisations()["operator"]["people"]}
    members = Membership.objects.filter(organisation__kind=Organisation.Kind.OPERATOR, user__username__in=usernames)
    return members.count() == len(usernames)


def gather_cast(password: str) -> Cast:
    """Register everybody, found their organisations, and let the operator approve those that are to be.

    Raises: WrongState where the database has an operator already.
    """
    for key, entry in organisations().items():
        if key == "operator":
            _found_operator(entry, password)
        else:
            _found(entry, password)
    members = Membership.objects.select_related("user", "organisation")
    return Cast({member.user.username: member for member in members})


def _found_operator(entry: Mapping[str, Any], password: str) -> None:
    members = [(_register(person, password), person["role"]) for person in entry["people"]]
    create_operator(name=entry["name"], name_en=entry["name_en"], members=members)


def _found(entry: Mapping[str, Any], password: str) -> None:
    first, *others = entry["people"]
    organisation = apply_for_organisation(
        user=_register(first, password),
        kind=entry["kind"],
        name=entry["name"],
        name_en=entry["name_en"],
        # Made up, like the organisations: the code of the organisation within it is nobody's.
        credit_code=entry.get("credit_code", ""),
    )
    owner = organisation.memberships.get()
    for person in others:
        add_member(actor=owner, user=_register(person, password), role=person["role"])
    if not entry.get("waits_for_approval"):
        registrar = Membership.objects.get(user__username="registrar")
        approve_organisation(actor=registrar, organisation_id=organisation.pk)


def _register(person: Mapping[str, str], password: str) -> User:
    return register_user(username=person["username"], password=password, display_name=person["display_name"])
