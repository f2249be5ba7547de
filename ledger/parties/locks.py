"""Locks on who acts for an organisation: its row, for whatever changes there, so that such changes come one after another."""

from django.db import connection

from ledger.errors import NotAllowed, NotFound
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right

_OPERATORS = 0x7469_616E_6875_6911


def lock_operators() -> None:
    """Hold, until the transaction ends, whoever else would bring the operator into being."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_OPERATORS])


def lock_organisation(organisation_id: int) -> Organisation:
    """Lock an organisation.

    Raises: NotFound.
    """
    organisation = Organisation.objects.select_for_update(of=("self",)).filter(pk=organisation_id).first()
    if organisation is None:
        raise NotFound()
    return organisation


def lock_for_owner(actor: Membership) -> Organisation:
    """Lock the actor's organisation, for who may change who acts for it, and is still one when the lock is there.

    Raises: NotAllowed.
    """
    organisation = lock_organisation(actor.organisation_id)
    require_right(read_again(actor), Right.MEMBERS)
    return organisation


def read_again(actor: Membership) -> Membership:
    """Return a membership as it is now: whoever waited for a lock may have been removed meanwhile.

    Raises: NotAllowed where it is no more.
    """
    now = Membership.objects.select_related("user", "organisation").filter(pk=actor.pk).first()
    if now is None:
        raise NotAllowed()
    return now
