"""For what money and credits of an organisation are held: each hold with what it is for.

They are found from what is open (orders on the book, offers, lots, bids, transfers, withdrawals), not from all holds that there
ever were: an organisation with a million orders behind it has a few open ones.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

from ledger.credits.cancellations.models import CancellationOrder
from ledger.credits.transfers.models import CreditTransfer
from ledger.journal.models import Hold, Payment
from ledger.parties.models import Organisation
from trading.auctions.models import Bid, OneWayAuction
from trading.blocks.models import BlockOffer
from trading.orders.models import Instruction, Order

MOST_OF_A_KIND = 200
"""So many of each purpose are listed; what is held on an account says how much there is in all."""


@dataclass(frozen=True, slots=True)
class HeldFor:
    """A hold and where the thing is that it is for. Units: fen or tonnes, as the asset has it."""

    hold: Hold
    page: str
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def placed_at(self) -> dt.datetime:
        return self.hold.placed_at

    @property
    def url(self) -> str:
        """Where people see what it is for."""
        return reverse(self.page, kwargs=dict(self.keys) or None)


# What there is at all, looked at once: most have something of one or two kinds, and each kind is a query of its own.
_OPEN_ORDERS = """
ARRAY(SELECT entry.order_id FROM trading_bookentry entry JOIN trading_order o ON o.id = entry.order_id
       WHERE o.organisation_id = %(organisation)s LIMIT %(most)s)
|| ARRAY(SELECT waiting.order_id FROM trading_instruction waiting JOIN trading_order o ON o.id = waiting.order_id
          WHERE o.organisation_id = %(organisation)s AND waiting.kind = 'submit' LIMIT %(most)s)
"""
_THERE_ARE = f"""
SELECT {_OPEN_ORDERS},
       EXISTS (SELECT FROM trading_instruction waiting JOIN trading_order o ON o.id = waiting.order_id
                WHERE o.organisation_id = %(organisation)s AND waiting.hold_id IS NOT NULL),
       EXISTS (SELECT FROM trading_blockoffer WHERE proposer_id = %(organisation)s AND state = 'open'),
       EXISTS (SELECT FROM trading_onewayauction WHERE seller_id = %(organisation)s AND state = 'open'),
       EXISTS (SELECT FROM trading_bid WHERE bidder_id = %(organisation)s AND state = 'standing'),
       EXISTS (SELECT FROM ledger_credittransfer WHERE sender_id = %(organisation)s AND state = 'offered'),
       EXISTS (SELECT FROM ledger_payment
                WHERE organisation_id = %(organisation)s AND status = 'requested' AND hold_id IS NOT NULL),
       EXISTS (SELECT FROM ledger_cancellationorder
                WHERE organisation_id = %(organisation)s AND status = 'requested')
"""


def holds_of(organisation: Organisation) -> list[HeldFor]:
    """Return the holds of an organisation, newest first, with their accounts; bounded, in a query and one for each purpose."""
    order_ids, *there_are = _looked_up(_THERE_ARE, organisation)
    sources = (
        _of_new_terms,
        _of_offers,
        _of_lots,
        _of_bids,
        _of_transfers,
        _of_withdrawals,
        _of_cancellations,
    )
    wanted = (source for source, is_there in zip(sources, there_are, strict=True) if is_there)
    found = chain(_of_orders(set(order_ids)), *(source(organisation) for source in wanted))
    return sorted(
        (each for each in found if each.hold.remaining), key=lambda each: (each.placed_at, each.hold.pk), reverse=True
    )


def open_order_ids(organisation: Organisation) -> set[int]:
    """Return the ids of orders that can still trade: those on the book, and those that wait to come there."""
    (ids,) = _looked_up(f"SELECT {_OPEN_ORDERS}", organisation)
    return set(ids)


def _looked_up(sql: str, organisation: Organisation) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"organisation": organisation.pk, "most": MOST_OF_A_KIND})
        row: Sequence[Any] = cursor.fetchone()
    return row


def _of_orders(ids: Collection[int]) -> Iterator[HeldFor]:
    if not ids:
        return
    for order in _with_holds(Order.objects.filter(pk__in=ids).select_related("market")):
        yield HeldFor(order.hold, "market", {"symbol": order.market.symbol})


def _of_new_terms(organisation: Organisation) -> Iterator[HeldFor]:
    waiting = Instruction.objects.filter(order__organisation=organisation, hold__isnull=False)
    for instruction in _with_holds(waiting.select_related("market")):
        assert instruction.hold is not None
        yield HeldFor(instruction.hold, "market", {"symbol": instruction.market.symbol})


def _of_offers(organisation: Organisation) -> Iterator[HeldFor]:
    for offer in _with_holds(BlockOffer.objects.filter(proposer=organisation, state=BlockOffer.State.OPEN)):
        yield HeldFor(offer.hold, "offer", {"offer_id": offer.pk})


def _of_lots(organisation: Organisation) -> Iterator[HeldFor]:
    for lot in _with_holds(OneWayAuction.objects.filter(seller=organisation, state=OneWayAuction.State.OPEN)):
        yield HeldFor(lot.hold, "auction", {"auction_id": lot.pk})


def _of_bids(organisation: Organisation) -> Iterator[HeldFor]:
    for bid in _with_holds(Bid.objects.filter(bidder=organisation, state=Bid.State.STANDING)):
        yield HeldFor(bid.hold, "auction", {"auction_id": bid.auction_id})


def _of_transfers(organisation: Organisation) -> Iterator[HeldFor]:
    offered = CreditTransfer.objects.filter(sender=organisation, state=CreditTransfer.State.OFFERED)
    for transfer in _with_holds(offered):
        yield HeldFor(transfer.hold, "transfer", {"public_id": transfer.public_id})


def _of_withdrawals(organisation: Organisation) -> Iterator[HeldFor]:
    asked = Payment.objects.filter(organisation=organisation, status=Payment.Status.REQUESTED, hold__isnull=False)
    for payment in _with_holds(asked):
        assert payment.hold is not None
        yield HeldFor(payment.hold, "withdraw")


def _of_cancellations(organisation: Organisation) -> Iterator[HeldFor]:
    ordered = CancellationOrder.objects.filter(
        organisation=organisation, status=CancellationOrder.Status.REQUESTED
    ).select_related("batch__asset")
    for order in _with_holds(ordered):
        yield HeldFor(order.hold, "batch", {"code": order.batch.asset.code})


def _with_holds(found: QuerySet[Any]) -> QuerySet[Any]:
    return found.select_related("hold__account__asset").order_by("-id")[:MOST_OF_A_KIND]
