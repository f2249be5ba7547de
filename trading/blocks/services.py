"""Offer, counter, accept, decline and withdraw block trades, and let offers expire.

Every step locks the offer first and the accounts after it: of two decisions about one offer the first wins, and the other
sees it.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from ledger.errors import NotAllowed, OrganisationNotApproved
from ledger.journal.locks import lock_accounts
from ledger.journal.models import Hold
from ledger.journal.services import HoldChange, release_holds
from ledger.parties.access import log_name
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right
from trading.blocks.entries import record_decided, record_offered
from trading.blocks.locks import lock_offer, lock_overdue
from trading.blocks.models import BlockOffer
from trading.blocks.selectors import find_party, overdue_offers
from trading.blocks.terms import OfferTerms, check_offer, check_side, check_terms
from trading.errors import DuplicateProposal, OfferNotOpen, TooManyProposals
from trading.markets.models import Market, TradingMode
from trading.orders.agreed import (
    AgreedOrder,
    AgreedTrade,
    Agreement,
    enter_agreed,
    hold_for,
    needed,
    open_trading_accounts,
)
from trading.orders.models import Order
from trading.orders.proposals import check_client_id, market_of
from trading.orders.services import require_trader

MOST_OPEN = 200
"""Open offers of an organisation at a time."""
State = BlockOffer.State


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer that was made, now or (replayed) by an earlier call with the same id."""

    offer: BlockOffer
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an offer stands: who makes it to whom, in which market, on which side, and which one it answers."""

    market: Market
    proposer: Organisation
    counterparty: Organisation
    side: str
    fee_bps: int
    answers: BlockOffer | None = None


@transaction.atomic
def make_offer(*, actor: Membership, market: str, counterparty: str, side: str, terms: OfferTerms) -> Offered:
    """Offer a named party a block trade; what it needs of one's own is held until it is decided.

    Locks: the proposer's cash and credit accounts.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, UnknownParty, DuplicateProposal, TooManyProposals,
        InsufficientFunds, InsufficientCredits, and what `check_offer` refuses.
    """
    require_trader(actor)
    check_side(side)
    found = market_of(market)
    party = find_party(counterparty, actor=actor)
    return _offer(actor, _Place(found, actor.organisation, party, side, found.taker_fee_bps), terms)


@transaction.atomic
def counter_offer(*, actor: Membership, offer_id: int, terms: OfferTerms) -> Offered:
    """Answer an offer with other terms: it is over then, and one's own stands instead, to be decided by the other party.

    Locks: the offer, then the accounts.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, OfferNotOpen, and what `make_offer` refuses.
    """
    require_trader(actor)
    offer = lock_offer(offer_id=offer_id, actor=actor)
    _require_counterparty(offer, actor)
    place = _Place(offer.market, actor.organisation, offer.proposer, offer.answer_side, offer.fee_bps, answers=offer)
    return _offer(actor, place, terms)


def _offer(actor: Membership, place: _Place, terms: OfferTerms) -> Offered:
    accounts = open_trading_accounts(place.proposer, place.market)
    freed = _freed(place.answers) if place.answers else {}
    lock_accounts({*accounts, *(change.account_id for change in freed.values())})
    # Read after the locks: whoever makes the same offer at the same moment waits there, and is seen here.
    if (known := _known(place, terms)) is not None:
        return Offered(known, replayed=True)
    now = timezone.now()
    if place.answers is not None:
        _require_open(place.answers, now)
    check_offer(terms, place.market, place.fee_bps, now)
    if BlockOffer.objects.filter(proposer=place.proposer, state=State.OPEN).count() >= MOST_OPEN:
        raise TooManyProposals(most=MOST_OPEN)
    if place.answers is not None:
        release_holds(freed)
        _decide(place.answers, State.COUNTERED, now, actor)
    hold = hold_for(
        accounts=accounts,
        side=place.side,
        amount=needed(place.side, terms.price_fen, terms.quantity_t, place.fee_bps),
        purpose=Hold.Purpose.BLOCK_OFFER,
    )
    offer = BlockOffer.objects.create(
        market=place.market,
        proposer=place.proposer,
        counterparty=place.counterparty,
        proposed_by=actor.user,
        client_offer_id=terms.client_offer_id,
        side=place.side,
        price_fen=terms.price_fen,
        quantity_t=terms.quantity_t,
        fee_bps=place.fee_bps,
        expires_at=terms.expires_at.astimezone(dt.UTC),
        replaces=place.answers,
        hold=hold,
        offered_at=now,
    )
    record_offered(offer, actor=log_name(actor))
    return Offered(offer)


def _known(place: _Place, terms: OfferTerms) -> BlockOffer | None:
    """Return the offer that was made with this id before.

    Raises: InvalidValue for an id that is none, DuplicateProposal where it was for something else.
    """
    check_client_id(terms.client_offer_id, field="client_offer_id")
    offers = BlockOffer.objects.select_related("market", "proposer", "counterparty", "sell_order")
    known = offers.filter(proposer=place.proposer, client_offer_id=terms.client_offer_id).first()
    if known is None:
        return None
    is_same_place = (known.market_id, known.counterparty_id, known.side, known.replaces_id) == (
        place.market.pk,
        place.counterparty.pk,
        place.side,
        place.answers.pk if place.answers else None,
    )
    if not is_same_place or not terms.is_like(known):
        raise DuplicateProposal(field="client_offer_id", client_id=terms.client_offer_id)
    return known


@transaction.atomic
def accept_offer(*, actor: Membership, offer_id: int) -> BlockOffer:
    """Accept an offer as it stands: the market settles it in its turn, delivery against payment.

    Locks: the offer, then the accounts of both parties.
    Raises: NotAllowed, OrganisationNotApproved (either party), NotFound, OfferNotOpen, InsufficientFunds,
        InsufficientCredits, and what `check_terms` refuses of the terms by the market's rules of now.
    """
    require_trader(actor)
    offer = lock_offer(offer_id=offer_id, actor=actor)
    _require_counterparty(offer, actor)
    now = timezone.now()
    _require_open(offer, now)
    if not offer.proposer.is_approved:
        raise OrganisationNotApproved(organisation=offer.proposer.name)
    check_terms(offer.price_fen, offer.quantity_t, offer.market)
    orders = enter_agreed(_agreement(offer, actor), freed=_freed(offer), actor=log_name(actor), now=now)
    offer.buy_order, offer.sell_order = orders
    _decide(offer, State.ACCEPTED, now, actor)
    return offer


def _agreement(offer: BlockOffer, acceptor: Membership) -> Agreement:
    theirs = (offer.proposer, offer.proposed_by_id)
    ours = (acceptor.organisation, acceptor.user_id)
    parties = {offer.side: theirs, offer.answer_side: ours}
    orders = [
        AgreedOrder(*parties[side], side, offer.price_fen, offer.quantity_t, f"block-{offer.pk}")
        for side in (Order.Side.BUY, Order.Side.SELL)
    ]
    trade = AgreedTrade(0, 1, offer.price_fen, offer.quantity_t)
    return Agreement(offer.market, TradingMode.BLOCK_TRADE, offer.fee_bps, offer.side, orders, [trade])


@transaction.atomic
def decline_offer(*, actor: Membership, offer_id: int) -> BlockOffer:
    """Refuse an offer; what it held is released.

    Locks: the offer, then the account that it holds on.
    Raises: NotAllowed, NotFound, OfferNotOpen.
    """
    require_right(actor, Right.TRADE)
    offer = lock_offer(offer_id=offer_id, actor=actor)
    _require_counterparty(offer, actor)
    return _give_up(offer, State.DECLINED, actor)


@transaction.atomic
def withdraw_offer(*, actor: Membership, offer_id: int) -> BlockOffer:
    """Take one's own offer back; what it held is released.

    Locks: the offer, then the account that it holds on.
    Raises: NotAllowed, NotFound, OfferNotOpen.
    """
    require_right(actor, Right.TRADE)
    offer = lock_offer(offer_id=offer_id, actor=actor)
    if offer.proposer_id != actor.organisation_id:
        raise NotAllowed()
    return _give_up(offer, State.WITHDRAWN, actor)


def expire_offers() -> int:
    """Mark offers whose time is over, and release what they held; return how many. Done twice, it is done once.

    Locks: one offer at a time, then the account that it holds on.
    """
    return sum(_expire(offer_id) for offer_id in overdue_offers(timezone.now()))


@transaction.atomic
def _expire(offer_id: int) -> bool:
    offer = lock_overdue(offer_id)
    now = timezone.now()
    if offer is None or now < offer.expires_at:
        return False
    release_holds(_freed(offer))
    _decide(offer, State.EXPIRED, now, None)
    return True


def _require_counterparty(offer: BlockOffer, actor: Membership) -> None:
    if offer.counterparty_id != actor.organisation_id:
        raise NotAllowed()


def _require_open(offer: BlockOffer, now: dt.datetime) -> None:
    if not offer.is_open_at(now):
        raise OfferNotOpen(state=offer.get_outcome_display())


def _give_up(offer: BlockOffer, state: State, actor: Membership) -> BlockOffer:
    now = timezone.now()
    _require_open(offer, now)
    release_holds(_freed(offer))
    _decide(offer, state, now, actor)
    return offer


def _freed(offer: BlockOffer) -> dict[int, HoldChange]:
    return {offer.hold_id: HoldChange(offer.hold.account_id, offer.hold.remaining, 0)}


def _decide(offer: BlockOffer, state: State, now: dt.datetime, actor: Membership | None) -> None:
    """Write what became of an offer; `actor` is None where its time was over."""
    offer.state, offer.decided_at = state, now
    offer.decided_by = actor.user if actor else None
    offer.save(update_fields=["state", "decided_at", "decided_by", "buy_order", "sell_order"])
    record_decided(offer, actor=log_name(actor) if actor else "system")
