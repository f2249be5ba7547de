"""Take an offer's row, so that one of several decisions wins and the others see it."""

from ledger.errors import NotFound
from ledger.parties.models import Membership
from trading.blocks.models import BlockOffer
from trading.blocks.selectors import seen_by


def lock_offer(*, offer_id: int, actor: Membership) -> BlockOffer:
    """Lock an offer of one's own, or to oneself, until the transaction ends; accounts are locked after it.

    Locks: the offer's row.
    Raises: NotFound, also where the offer is between others.
    """
    offer = seen_by(actor.organisation).select_for_update(of=("self",), no_key=True).filter(pk=offer_id).first()
    if offer is None:
        raise NotFound()
    return offer


def lock_overdue(offer_id: int) -> BlockOffer | None:
    """Lock an offer that is still open; None where somebody has decided it, or is about to.

    Locks: the offer's row.
    """
    offers = BlockOffer.objects.select_related("market", "hold", "proposer", "counterparty")
    return (
        offers.select_for_update(of=("self",), no_key=True, skip_locked=True)
        .filter(pk=offer_id, state=BlockOffer.State.OPEN)
        .first()
    )
