"""What each role may do, in each kind of organisation: the one table that services, pages and people go by.

Everybody of an organisation reads what is its own; rights are about the rest. Besides, an organisation acts only while it
is approved, and who checks another's work is never who made it: those rules are the services'.
"""

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.errors import NotAllowed
from ledger.parties.models import Membership, Organisation


class Right(models.TextChoices):
    RECORD = "record", _("Keep the field diary, and add documents")
    PREPARE = "prepare", _("Register projects and fields, report, keep the list of member households")
    JUDGE = "judge", _("Validate projects, verify reports, add documents")
    TRADE = "trade", _("Buy and sell, retire, transfer and cancel credits")
    WITHDRAW = "withdraw", _("Have money paid out, and pay households their shares")
    SHARE = "share", _("Decide how proceeds are shared among member households")
    APPROVE = "approve", _("Approve organisations and projects, issue credits, open and halt markets")
    PAY = "pay", _("Enter and confirm payments and corrections")
    MEMBERS = "members", _("Invite and remove people, and change their roles")


Kind, Role = Organisation.Kind, Membership.Role
RIGHTS: Mapping[str, Mapping[str, frozenset[Right]]] = {
    Kind.COOPERATIVE: {
        Role.OWNER: frozenset({Right.RECORD, Right.PREPARE, Right.TRADE, Right.WITHDRAW, Right.SHARE, Right.MEMBERS}),
        Role.TRADER: frozenset({Right.RECORD, Right.PREPARE, Right.TRADE}),
        Role.TREASURER: frozenset({Right.WITHDRAW}),
        Role.RECORDER: frozenset({Right.RECORD}),
        Role.VIEWER: frozenset(),
    },
    Kind.BUYER: {
        Role.OWNER: frozenset({Right.TRADE, Right.WITHDRAW, Right.MEMBERS}),
        Role.TRADER: frozenset({Right.TRADE}),
        Role.TREASURER: frozenset({Right.WITHDRAW}),
        Role.VIEWER: frozenset(),
    },
    Kind.VERIFIER: {
        Role.OWNER: frozenset({Right.JUDGE, Right.MEMBERS}),
        Role.TRADER: frozenset({Right.JUDGE}),
        Role.VIEWER: frozenset(),
    },
    Kind.OPERATOR: {
        Role.OWNER: frozenset({Right.MEMBERS}),
        Role.REGISTRAR: frozenset({Right.APPROVE}),
        Role.TREASURER: frozenset({Right.PAY}),
        Role.VIEWER: frozenset(),
    },
    Kind.AUDITOR: {
        Role.OWNER: frozenset({Right.MEMBERS}),
        Role.VIEWER: frozenset(),
    },
}


def roles_in(kind: str) -> list[str]:
    """Return the roles that there are in a kind of organisation, the one that may do most first."""
    return [str(role) for role in RIGHTS[kind]]


def has_right(membership: Membership | None, *rights: Right) -> bool:
    """Return whether somebody's role carries one of the rights; a role that the kind does not have carries none."""
    if membership is None:
        return False
    held = RIGHTS[membership.organisation.kind].get(membership.role, frozenset())
    return any(right in held for right in rights)


def require_right(actor: Membership, *rights: Right) -> None:
    """Refuse everyone whose role carries none of the rights.

    Raises: NotAllowed.
    """
    if not has_right(actor, *rights):
        raise NotAllowed()
