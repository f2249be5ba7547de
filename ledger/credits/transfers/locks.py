"""Take a transfer's row, so that one of several decisions wins and the others see it."""

from uuid import UUID

from ledger.credits.transfers.models import CreditTransfer
from ledger.credits.transfers.selectors import transfers_of
from ledger.errors import NotFound
from ledger.parties.models import Membership

NAMED = ("batch__asset", "sender", "recipient", "hold__account")


def lock_transfer(*, public_id: UUID, actor: Membership) -> CreditTransfer:
    """Lock a transfer of one's own, or to oneself, until the transaction ends; accounts are locked after it.

    Locks: the transfer's row.
    Raises: NotFound, also where it is between others.
    """
    mine = transfers_of(actor.organisation).select_related(None).select_related(*NAMED)
    transfer = mine.select_for_update(of=("self",), no_key=True).filter(public_id=public_id).first()
    if transfer is None:
        raise NotFound()
    return transfer


def lock_overdue(transfer_id: int) -> CreditTransfer | None:
    """Lock a transfer that is still open; None where somebody has decided it, or is about to.

    Locks: the transfer's row.
    """
    return (
        CreditTransfer.objects.select_related(*NAMED)
        .select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=transfer_id, state=CreditTransfer.State.OFFERED)
        .first()
    )
