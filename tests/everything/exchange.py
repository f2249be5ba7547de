"""Credits are traded, offered and auctioned, and the trading is watched."""

import datetime as dt

import time_machine
from django.utils import timezone

from ledger.credits.services import retire_credits
from ledger.transparency.sequencer import sequence_log
from tests.factories import (
    ProjectFactory,
)
from tests.scenes import (
    bid_for,
    issue_to_cooperative,
    market_for,
    offer_block,
    put_up_lot,
)
from trading.auctions.closing import close_auctions
from trading.auctions.services import cancel_auction, withdraw_bid
from trading.blocks.services import accept_offer, counter_offer, decline_offer, expire_offers, withdraw_offer
from trading.blocks.terms import OfferTerms
from trading.execution.services import execute_market
from trading.markets.days import close_day
from trading.markets.limits import set_limit
from trading.models import Order
from trading.orders.cancels import cancel_order
from trading.orders.phases import halt_market, resume_market
from trading.orders.replaces import replace_order
from trading.orders.rules import change_market
from trading.orders.services import NewOrder, place_orders
from trading.surveillance.models import Rule
from trading.surveillance.rules import RULES
from trading.surveillance.services import (
    change_thresholds,
    close_alert,
    declare_relation,
    end_relation,
    escalate_alert,
    reopen_alert,
    take_up_alert,
)
from trading.surveillance.watching import run_rule


def trade(who):
    """Fill more than a tile of the log with trades, cancel, halt and resume, leave orders on the book and in the queue,
    and retire what was bought."""
    projects = [ProjectFactory(proponent=who.cooperative.organisation, number=number) for number in (901, 902)]
    batches = [
        issue_to_cooperative(who, tonnes, buffer_t=tonnes // 10, project=project)
        for tonnes, project in zip((2_000, 500), projects, strict=True)
    ]
    markets = [market_for(who, batch, taker_fee_bps=35) for batch in batches]
    for market, count in zip(markets, (120, 5), strict=True):
        sells = enter(who.cooperative, market, "sell", 4_000, count)
        for buyer in (who.buyer, who.other_buyer):
            enter(buyer, market, "buy", 4_010, count - 1)
            execute_market(market.pk)
            sequence_log()
        cancel_order(actor=who.cooperative, order_id=sells[-1].pk)
        execute_market(market.pk)
    halt_market(actor=who.registrar, market_id=markets[0].pk, reason="Fog.")
    resume_market(actor=who.registrar, market_id=markets[0].pk)
    halt_market(actor=who.registrar, market_id=markets[0].pk, reason="More fog.")
    execute_market(markets[0].pk)
    enter(who.cooperative, markets[1], "sell", 4_200, 2)
    enter(who.buyer, markets[1], "buy", 3_800, 2)
    execute_market(markets[1].pk)
    enter(who.buyer, markets[1], "buy", 3_900, 2)
    orders_with_an_end(who, markets[1])
    change_market(actor=who.registrar, market_id=markets[1].pk, reason="As announced.", band_percent=12)
    execute_market(markets[1].pk)
    for market, figures in ((None, {"largest_order_t": 900}), (markets[1], {"largest_order_fen": 10**9})):
        set_limit(
            actor=who.registrar,
            organisation_id=who.buyer.organisation_id,
            market_id=market and market.pk,
            reason=f"New here: {figures}.",
            **figures,
        )
    for day in (1, 2):
        close_day(actor=who.registrar, day=dt.date(2099, 1, day), reason=f"New Year, {day}.")
    ours = {"beneficiary_name": "甲", "purpose": "own_footprint"}
    retire_credits(
        actor=who.buyer, batch_id=batches[0].pk, quantity_t=5, note="For 2020.", idempotency_key="r1", **ours
    )
    hidden = {"is_beneficiary_public": False, "beneficiary_code": "91350000000000000C"}
    retire_credits(actor=who.other_buyer, batch_id=batches[1].pk, quantity_t=2, **hidden, **ours)


def orders_with_an_end(who, market):
    """Leave orders that end by themselves, and one that was replaced."""
    for at in (1, 2):
        ends_at = timezone.now() + dt.timedelta(days=at)
        new = NewOrder(f"gtd-{at}", "buy", 3_900, 3, time_in_force="gtd", expires_at=ends_at)
        place_orders(actor=who.buyer, market_id=market.pk, orders=[new])
    execute_market(market.pk)
    replaced = Order.objects.get(client_order_id="gtd-1")
    replace_order(actor=who.buyer, order_id=replaced.pk, price_fen=3_910, quantity_t=4)
    execute_market(market.pk)


def agree(who):
    """Take offers of block trades, lots and bids through their lives: open and decided in every way."""
    batch = issue_to_cooperative(
        who, 1_000, project=ProjectFactory(proponent=who.cooperative.organisation, number=3_000)
    )
    market = market_for(who, batch, taker_fee_bps=35)
    offers = [offer_block(who.buyer, who.cooperative, market, f"o{at}", price_fen=4_500 + at) for at in range(7)]
    terms = OfferTerms("answer", 4_600, 20, timezone.now() + dt.timedelta(hours=2))
    answer = counter_offer(actor=who.cooperative, offer_id=offers[0].pk, terms=terms).offer
    accept_offer(actor=who.buyer, offer_id=answer.pk)
    decline_offer(actor=who.cooperative, offer_id=offers[1].pk)
    withdraw_offer(actor=who.buyer, offer_id=offers[2].pk)
    accept_offer(actor=who.cooperative, offer_id=offers[3].pk)
    offer_block(who.cooperative, who.other_buyer, market, "sell", side="sell")
    lots = [put_up_lot(who.cooperative, market, f"l{at}", is_sealed=at < 3) for at in range(5)]
    for lot in lots[:4]:
        for at, bidder in enumerate((who.buyer, who.other_buyer, who.buyer)):
            bid = bid_for(bidder, lot, f"b{lot.pk}-{at}", price_fen=4_500 + at)
        if lot.is_sealed:
            withdraw_bid(actor=who.buyer, bid_id=bid_for(who.buyer, lot, f"w{lot.pk}").pk)
    cancel_auction(actor=who.registrar, auction_id=lots[0].pk, reason="Disputed.")
    with time_machine.travel(bid.auction.closes_at + dt.timedelta(minutes=1)):
        later = [offer_block(who.buyer, who.cooperative, market, f"later{at}") for at in range(2)]
        expire_offers()
        close_auctions()
        lot = put_up_lot(who.cooperative, market, "late")
        bid_for(who.other_buyer, lot, "late")
        bid_for(who.buyer, lot, "late")
        execute_market(market.pk)
        retire_credits(
            actor=who.cooperative,
            batch_id=batch.pk,
            quantity_t=1,
            note="",
            idempotency_key="own",
            beneficiary_name="甲",
            purpose="own_footprint",
        )
        # What is awarded last waits for its turn.
        accept_offer(actor=who.cooperative, offer_id=later[0].pk)


def watch_and_review(who):
    """Raise alerts about both buyers in both markets; leave some, take up, close, escalate and reopen others."""
    parties = [each.organisation for each in (who.buyer, who.other_buyer, who.cooperative)]
    first, _second = (
        declare_relation(
            actor=who.registrar, one=parties[0], other=other, kind=kind, reason=f"Company register: {kind}."
        )
        for other, kind in zip(parties[1:], ("shareholder", "same_controller"), strict=True)
    )
    end_relation(actor=who.registrar, relation_id=first.pk, reason="Sold.")
    for rule, thresholds in (
        ("holding", {"percent": 45, "least_t": 1}),
        ("holding", {"percent": 40, "least_t": 1}),
        ("band_hit", {"hits": 9}),
    ):
        change_thresholds(actor=who.registrar, rule=rule, thresholds=thresholds, reason=f"As {thresholds} is.")
    raised = run_rule(RULES[Rule.HOLDING])
    with time_machine.travel(timezone.now() + dt.timedelta(days=40)):
        raised += run_rule(RULES[Rule.HOLDING])
    assert len(raised) == 6
    take_up_alert(actor=who.registrar, alert_id=raised[0].id)
    close_alert(actor=who.registrar, alert_id=raised[0].id, reason="A market maker.")
    reopen_alert(actor=who.registrar, alert_id=raised[0].id, reason="It is none.")
    escalate_alert(actor=who.registrar, alert_id=raised[1].id, reason="To the supervisor.")


def enter(actor, market, side, price_fen, count):
    """Enter orders of 2 t to sell, or of 1 t to buy."""
    quantity_t = 2 if side == "sell" else 1
    orders = [NewOrder(f"{market.pk}-{price_fen}-{at}", side, price_fen, quantity_t) for at in range(count)]
    return [result.order for result in place_orders(actor=actor, market_id=market.pk, orders=orders)]
