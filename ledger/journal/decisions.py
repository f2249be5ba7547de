"""What two treasurers do: one enters, another one decides. The database refuses the same person as well."""

from typing import TypeVar

from django.utils import timezone

from ledger.errors import NotFound, SamePerson, WrongState
from ledger.journal.bank.models import BankAccount
from ledger.journal.models import Correction, Payment, Payout
from ledger.parties.access import require_kind, require_role
from ledger.parties.models import Membership, Organisation

Undecided = TypeVar("Undecided", Payment, Correction, Payout, BankAccount)


def require_treasurer(actor: Membership) -> None:
    """Refuse everyone but the operator's treasurers.

    Raises: NotAllowed.
    """
    require_kind(actor, Organisation.Kind.OPERATOR)
    require_role(actor, Membership.Role.TREASURER)


def lock_to_decide(model: type[Undecided], pk: int, *, actor: Membership) -> Undecided:
    """Return what waits for a second treasurer.

    Locks: the row.
    Raises: NotAllowed, NotFound, WrongState where it is decided, SamePerson.
    """
    require_treasurer(actor)
    waiting = model._default_manager.select_for_update(of=("self",)).filter(pk=pk).first()
    if waiting is None:
        raise NotFound()
    if waiting.status != model.Status.REQUESTED:
        raise WrongState(state=waiting.get_status_display())
    if waiting.requested_by_id == actor.user_id:
        raise SamePerson()
    return waiting


def decide(waiting: Payment | Correction | Payout | BankAccount, status: str, *, actor: Membership) -> None:
    """Note who has decided what, and when, on a row that the caller saves."""
    waiting.status = status
    waiting.decided_by = actor.user
    waiting.decided_at = timezone.now()
