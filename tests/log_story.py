"""A whole story for a log: all that the journal knows, told by the services that people use."""

import datetime as dt
from typing import Any

import time_machine
from django.utils import timezone

from ledger.credits.cancellations.orders import confirm_cancellation, refuse_cancellation, request_cancellation
from ledger.credits.cancellations.services import cancel_credits
from ledger.credits.retiring import Use
from ledger.credits.reversals.services import confirm_reversal, refuse_reversal, replenish
from ledger.credits.services import issue_credits, retire_credits
from ledger.credits.sharing.distributing import share_waiting_proceeds
from ledger.credits.transfers.services import accept_transfer, decline_transfer
from ledger.journal.corrections import confirm_correction, refuse_correction, request_correction
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit, request_withdrawal
from ledger.journal.payouts import confirm_payout, refuse_payout, request_payout
from ledger.models import Batch, Membership, Transaction
from ledger.parties.households import leave_household
from tests.factories import MembershipFactory, ProjectFactory, ReportFactory
from tests.scenes import (
    People,
    bank_account,
    households_of,
    issue_to_cooperative,
    market_for,
    offer_credits,
    pay_in,
    plan_of,
    report_loss,
    sell,
)
from trading.auctions.closing import close_auctions
from trading.auctions.services import announce_auction, place_bid
from trading.auctions.terms import BidTerms, LotTerms
from trading.blocks.services import accept_offer, counter_offer, make_offer
from trading.blocks.terms import OfferTerms
from trading.execution.services import execute_market
from trading.models import Market
from trading.orders.services import NewOrder, place_order


def tell(who: People) -> None:
    """Issue, trade, pay, transfer, retire, cancel and correct."""
    rice = issue_to_cooperative(who, 1_000, buffer_t=100)
    for payer in (who.buyer, who.other_buyer):
        pay_in(who, payer, 10_000_000)
    _trade(who, rice)
    _agree(who, rice)
    for holder, tonnes in ((who.buyer, 12), (who.other_buyer, 3)):
        retire_credits(
            actor=holder, batch_id=rice.pk, quantity_t=tonnes, beneficiary_name="龙山米业", purpose="own_footprint"
        )
    _hand_on(who, rice)
    _lose(who, rice)
    _trade(who, _issue_in_parts(who))
    bank_account(who, who.cooperative)
    confirm_payment(
        actor=who.treasurer,
        payment_id=request_withdrawal(actor=who.cooperative, amount_fen=50_000).pk,
        bank_reference="OUT 1",
    )
    _share(who, rice)
    _correct(who)


def _share(who: People, batch: Batch) -> None:
    """Share a sale by a plan, and pay one payout out of two."""
    households = households_of(who, batch.project, ["1", "2"])
    plan_of(who)
    market = Market.objects.get(asset=batch.asset)
    for reference in ("HH 1", None):
        sell(who, market, 5)
        share_waiting_proceeds()
        (payout,) = request_payout(actor=who.cooperative)
        if reference:
            confirm_payout(actor=who.treasurer, payout_id=payout.pk, bank_reference=reference)
        else:
            refuse_payout(actor=who.treasurer, payout_id=payout.pk)
    leave_household(actor=who.cooperative, public_id=households[0].public_id)


def _issue_in_parts(who: People) -> Batch:
    """Issue a report in three parts, and return the first."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    report = ReportFactory(project=project, net_t=500, buffer_t=33)
    first, *_later = (
        issue_credits(actor=who.registrar, report_id=report.pk, quantity_t=part) for part in (300, 7, None)
    )
    return first


def _trade(who: People, batch: Any) -> None:
    market = market_for(who, batch, taker_fee_bps=35)
    sell = NewOrder(f"sell {market.pk}", "sell", 4_000, 90)
    place_order(actor=who.cooperative, market_id=market.pk, order=sell)
    for buyer, quantity in ((who.buyer, 30), (who.other_buyer, 20), (who.buyer, 11)):
        order = NewOrder(f"buy {market.pk} {quantity}", "buy", 4_010, quantity)
        place_order(actor=buyer, market_id=market.pk, order=order)
    execute_market(market.pk)


def _agree(who: People, batch: Any) -> None:
    """Trade a block after one answer, sell a lot to two of three bidders, and leave an offer open."""
    soon = timezone.now() + dt.timedelta(hours=1)
    place = {"market": batch.asset.code, "side": "buy", "counterparty": who.cooperative.organisation.name}
    first = make_offer(actor=who.buyer, terms=OfferTerms("o1", 4_100, 40, soon), **place).offer
    answer = counter_offer(actor=who.cooperative, offer_id=first.pk, terms=OfferTerms("o2", 4_200, 30, soon)).offer
    accept_offer(actor=who.buyer, offer_id=answer.pk)
    make_offer(actor=who.buyer, terms=OfferTerms("o3", 4_000, 1, soon), **place)
    lot = LotTerms("l1", 50, 4_000, soon)
    auction = announce_auction(actor=who.cooperative, market=batch.asset.code, terms=lot).auction
    for bidder, price_fen, quantity_t in ((who.buyer, 4_300, 30), (who.other_buyer, 4_500, 30), (who.buyer, 4_200, 5)):
        terms = BidTerms(f"b{price_fen}", price_fen, quantity_t)
        place_bid(actor=bidder, auction_id=auction.pk, terms=terms)
    with time_machine.travel(soon):
        close_auctions()
        execute_market(auction.market_id)


def _hand_on(who: People, batch: Any) -> None:
    """Transfer outside the market, once in vain, and retire for somebody else."""
    declined, accepted = (
        offer_credits(who.cooperative, who.buyer, batch, tonnes, price_fen=4_000) for tonnes in (7, 5)
    )
    decline_transfer(actor=who.buyer, public_id=declined.public_id)
    accept_transfer(actor=who.buyer, public_id=accepted.public_id)
    retire_credits(
        actor=who.buyer,
        batch_id=batch.pk,
        quantity_t=1,
        beneficiary_name="榕江公司",
        purpose="on_behalf_of",
        use=Use(dt.date(2023, 1, 1), dt.date(2023, 12, 31), beneficiary_place="福州"),
    )


def _lose(who: People, batch: Any) -> None:
    """Cancel as a holder and as the operator, and lose more than the buffer pool covers."""
    cancel_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=2, reason="no_claim")
    second = MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)
    for decide in (confirm_cancellation, refuse_cancellation):
        order = request_cancellation(
            actor=who.registrar,
            batch_id=batch.pk,
            organisation=who.cooperative.organisation,
            quantity_t=3,
            reason="mistake",
            note="Counted twice.",
        )
        decide(actor=second, order_id=order.pk)
    lost = report_loss(who.cooperative, batch.project, 104)
    confirm_reversal(actor=who.registrar, public_id=lost.public_id)
    for tonnes in (1, 3):
        replenish(actor=who.cooperative, public_id=lost.public_id, batch_id=batch.pk, quantity_t=tonnes)
    doubtful = report_loss(who.verifier, batch.project, 5, cause="fire")
    refuse_reversal(actor=who.registrar, public_id=doubtful.public_id, reason="Nothing burned.")


def _correct(who: People) -> None:
    """Take back a deposit and a transfer that were wrong; refuse a payment and a correction."""
    pay_in(who, who.other_buyer, 777)
    refused = request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=5, bank_reference="TYPO"
    )
    refuse_payment(actor=who.second_treasurer, payment_id=refused.pk)
    wrong = [Transaction.objects.filter(kind=kind).latest("pk") for kind in ("deposit", "transfer")]
    for posted in wrong:
        correction = request_correction(actor=who.treasurer, transaction_id=posted.pk, reason="To the wrong one.")
        confirm_correction(actor=who.second_treasurer, correction_id=correction.pk)
    first = Transaction.objects.filter(kind="deposit").earliest("pk")
    correction = request_correction(actor=who.treasurer, transaction_id=first.pk, reason="Perhaps wrong.")
    refuse_correction(actor=who.second_treasurer, correction_id=correction.pk)
