"""Read offers of block trades: the two parties theirs, and nobody else any."""

import datetime as dt
import uuid

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.models import Membership, Organisation
from ledger.texts import is_storable
from trading.blocks.models import BlockOffer
from trading.errors import UnknownParty
from trading.orders.models import Order

Outcome = BlockOffer.Outcome


def seen_by(organisation: Organisation) -> QuerySet[BlockOffer]:
    """Return the offers that an organisation has made or got, newest first."""
    return (
        BlockOffer.objects.filter(Q(proposer=organisation) | Q(counterparty=organisation))
        .select_related("market__asset", "proposer", "counterparty", "hold", "sell_order", "countered_by")
        .order_by("-id")
    )


def access_offer_by_id(*, offer_id: int, actor: Membership) -> BlockOffer:
    """Return an offer of one's own, or to oneself.

    Raises: NotFound, also where the offer is between others.
    """
    offer = seen_by(actor.organisation).filter(pk=offer_id).first()
    if offer is None:
        raise NotFound()
    return offer


def filter_offers(offers: QuerySet[BlockOffer], *, symbol: str | None, outcome: str | None) -> QuerySet[BlockOffer]:
    """Return those offers that are for a market and show as this now."""
    if symbol is not None:
        offers = offers.filter(market__symbol=symbol)
    return offers if outcome is None else offers.filter(_shows_as(outcome))


def _shows_as(outcome: str) -> Q:
    now = timezone.now()
    accepted = Q(state=BlockOffer.State.ACCEPTED)
    is_open = Q(state=BlockOffer.State.OPEN)
    special = {
        Outcome.OPEN: is_open & Q(expires_at__gt=now),
        Outcome.EXPIRED: Q(state=BlockOffer.State.EXPIRED) | is_open & Q(expires_at__lte=now),
        Outcome.ACCEPTED: accepted & Q(sell_order__status__in=Order.OPEN_STATUSES),
        Outcome.SETTLED: accepted & Q(sell_order__status=Order.Status.FILLED),
        Outcome.REJECTED: accepted & Q(sell_order__status=Order.Status.REJECTED),
    }
    return special.get(Outcome(outcome), Q(state=outcome))


def overdue_offers(now: dt.datetime) -> list[int]:
    """Return the ids of open offers whose time is over, the oldest first."""
    overdue = BlockOffer.objects.filter(state=BlockOffer.State.OPEN, expires_at__lte=now).order_by("expires_at")
    return list(overdue.values_list("pk", flat=True))


def negotiation(offer: BlockOffer) -> list[BlockOffer]:
    """Return the offers that led to this one and that answered it, the first one first; all between the same two."""
    with connection.cursor() as cursor:
        cursor.execute(_NEGOTIATION, {"offer_id": offer.pk})
        ids = [row[0] for row in cursor.fetchall()]
    return list(BlockOffer.objects.filter(pk__in=ids).select_related("proposer", "sell_order").order_by("id"))


# An answer has a higher number than what it answers.
_NEGOTIATION = """
WITH RECURSIVE before AS (
    SELECT id, replaces_id FROM trading_blockoffer WHERE id = %(offer_id)s
     UNION ALL
    SELECT offer.id, offer.replaces_id FROM trading_blockoffer offer JOIN before ON offer.id = before.replaces_id
), after AS (
    SELECT id FROM trading_blockoffer WHERE replaces_id = %(offer_id)s
     UNION ALL
    SELECT offer.id FROM trading_blockoffer offer JOIN after ON offer.replaces_id = after.id
)
SELECT id FROM before UNION SELECT id FROM after
"""


def find_party(named: str, *, actor: Membership) -> Organisation:
    """Return the other party of a trade by its name, its unified social credit code or its public id.

    Raises: UnknownParty for one's own organisation, one that is not approved or holds nothing, and a name that two have.
    """
    named = named.strip()
    found = []
    if named and is_storable(named):
        holders = Organisation.objects.filter(kind__in=Organisation.HOLDERS, status=Organisation.Status.APPROVED)
        found = list(holders.filter(_is_named(named)).exclude(pk=actor.organisation_id)[:2])
    if len(found) != 1:
        raise UnknownParty(field="counterparty")
    return found[0]


def _is_named(named: str) -> Q:
    try:
        return Q(public_id=uuid.UUID(named))
    except ValueError:
        return Q(name=named) | Q(name_en=named) | Q(credit_code=named)
