"""What an organisation has, why any of it is held, and what it was worth before."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from ledger.journal.payments import request_withdrawal
from tests.factories import ProjectFactory
from tests.scenes import bid_for, issue_to_cooperative, market_for, offer_block, offer_credits, pay_in, put_up_lot, sell
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order
from trading.portfolio.history import worth_over_time
from trading.portfolio.holds import holds_of
from trading.portfolio.positions import keep_all
from trading.portfolio.selectors import by_project, by_vintage, portfolio_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(who):
    pay_in(who, who.buyer, 100_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000, vintage=2020), taker_fee_bps=10)


def test_a_portfolio_is_worth_its_cash_and_its_credits_at_the_last_price(who, market):
    sell(who, market, 100, price_fen=4_000)
    unpriced = issue_to_cooperative(who, 70, vintage=2021)
    found = portfolio_of(who.buyer.organisation)
    assert (found.cash.balance, found.sums.tonnes, found.sums.value_fen) == (100_000_000 - 400_400, 100, 400_000)
    assert (found.sums.cost_fen, found.sums.unrealised_fen, found.total_fen) == (400_400, -400, 99_999_600)
    (line,) = found.lines
    assert (line.price_fen, line.symbol, line.priced_at.date()) == (
        4_000,
        market.symbol,
        dt.datetime.now(dt.UTC).date(),
    )
    own = portfolio_of(who.cooperative.organisation)
    assert [each.code for each in own.lines] == [unpriced.asset.code, market.symbol]
    assert (own.sums.unpriced_t, own.sums.value_fen, own.sums.realised_fen) == (70, 900 * 4_000, 400_000)


def test_an_organisation_with_nothing_has_a_portfolio_of_nothing(who):
    found = portfolio_of(who.other_buyer.organisation)
    assert (found.cash, found.lines, found.total_fen, found.sums.tonnes) == (None, [], 0, 0)


def test_what_was_held_before_still_counts_for_what_was_gained(who, market):
    sell(who, market, 1_000, price_fen=4_000)
    found = portfolio_of(who.cooperative.organisation)
    assert (found.lines, len(found.former), found.sums.realised_fen) == ([], 1, 4_000_000)


def test_credits_are_grouped_by_project_and_by_vintage(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    for vintage, tonnes in ((2020, 10), (2021, 20)):
        issue_to_cooperative(who, tonnes, project=project, vintage=vintage)
    issue_to_cooperative(who, 5, vintage=2020)
    lines = portfolio_of(who.cooperative.organisation).lines
    assert [(share.key, share.sums.tonnes) for share in by_vintage(lines)] == [("2021", 20), ("2020", 15)]
    assert [share.sums.tonnes for share in by_project(lines)] == [5, 30]


def test_every_hold_leads_to_what_it_is_for(who, market):
    pay_in(who, who.other_buyer, 100_000_000)
    batch = market.asset.batch
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s1", "sell", 4_000, 10))
    execute_market(market.pk)
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s2", "sell", 4_000, 20))
    lot = put_up_lot(who.cooperative, market, "l1")
    offer = offer_block(who.buyer, who.cooperative, market, "o1")
    bid_for(who.other_buyer, lot, "b1")
    transfer = offer_credits(who.cooperative, who.buyer, batch, 30)
    request_withdrawal(actor=who.buyer, amount_fen=1_000)
    assert {(each.page, each.hold.purpose, each.hold.remaining) for each in holds_of(who.cooperative.organisation)} == {
        ("market", "order", 10),
        ("market", "order", 20),
        ("auction", "auction", 10),
        ("transfer", "transfer", 30),
    }
    assert [each.hold.purpose for each in holds_of(who.buyer.organisation)] == ["withdrawal", "block_offer"]
    assert [each.keys for each in holds_of(who.buyer.organisation)] == [{}, {"offer_id": offer.pk}]
    assert [each.hold.purpose for each in holds_of(who.other_buyer.organisation)] == ["sealed_bid"]
    held = holds_of(who.cooperative.organisation)
    assert sum(each.hold.remaining for each in held) == held[0].hold.account.held
    assert transfer.hold_id in {each.hold.pk for each in held}


def test_worth_over_time_is_what_was_held_at_the_price_of_then(who, market):
    start = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    with time_machine.travel(start, tick=False):
        sell(who, market, 100, price_fen=4_000)
    with time_machine.travel(start + dt.timedelta(days=2), tick=False):
        sell(who, market, 50, price_fen=4_100)
    with time_machine.travel(start + dt.timedelta(days=3), tick=False):
        accounts = [line.account_id for line in portfolio_of(who.buyer.organisation).lines]
        before = worth_over_time(accounts)
        midnights = [(each.tonnes, each.value_fen) for each in before]
        assert midnights == [(100, 400_000), (100, 400_000), (150, 615_000), (150, 615_000)]
        assert timezone.localtime(before[0].at).date() == (start + dt.timedelta(days=1)).date()
        # The days that were kept say the same.
        keep_all(before=timezone.localtime().replace(hour=0, minute=0))
        assert worth_over_time(accounts) == before


def test_nothing_was_worth_nothing(who):
    assert worth_over_time([]) == []


def test_a_portfolio_costs_as_many_queries_however_many_batches_it_has(who, market, django_assert_num_queries):
    for _ in range(5):
        issue_to_cooperative(who, 10)
    with django_assert_num_queries(3):
        portfolio_of(who.cooperative.organisation)
    with django_assert_num_queries(1):
        holds_of(who.cooperative.organisation)
    accounts = [line.account_id for line in portfolio_of(who.cooperative.organisation).lines]
    with django_assert_num_queries(2):
        worth_over_time(accounts)
