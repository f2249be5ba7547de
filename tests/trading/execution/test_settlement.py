"""What a trade moves: tonnes, money and fees, to the fen, and what remains held."""

import orjson
import pytest

from ledger import ahead
from ledger.journal.payments import cash
from ledger.journal.selectors import cash_account, system_account
from ledger.models import Account, Record, Transaction
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.markets.services import open_market
from trading.models import ExecutedInstruction, Instruction, Order, Trade
from trading.orders.cancels import cancel_order
from trading.orders.services import NewOrder, place_order

PAID_IN = 10_000_000


@pytest.fixture
def market(who):
    """Return a market with a taker's fee of 0.35 % and a maker's of 0.1 %."""
    batch = issue_to_cooperative(who, 1_000)
    pay_in(who, who.buyer, PAID_IN)
    pay_in(who, who.other_buyer, PAID_IN)
    return open_market(
        actor=who.registrar,
        asset_id=batch.asset_id,
        symbol=batch.asset.code,
        reference_price_fen=4_000,
        maker_fee_bps=10,
        taker_fee_bps=35,
    )


@pytest.fixture(autouse=True)
def _books_are_in_order(db):
    yield
    assert [result for result in reconcile() if not result.holds] == []


def enter(actor, market, side, price_fen, quantity_t):
    order = NewOrder(f"{Order.objects.count()}", side, price_fen, quantity_t)
    return place_order(actor=actor, market_id=market.pk, order=order)


def tonnes(actor, market):
    return Account.objects.get(organisation=actor.organisation, asset=market.asset)


def legs(trade):
    return {
        (transfer.debit_account_id, transfer.credit_account_id): transfer.amount
        for transfer in trade.transaction.transfers.all()
    }


def test_delivery_is_versus_payment(who, market):
    sell = enter(who.cooperative, market, "sell", 3_987, 7)
    buy = enter(who.buyer, market, "buy", 4_013, 7)
    execute_market(market.pk)
    trade = Trade.objects.get()
    value = 3_987 * 7
    assert (trade.price_fen, trade.quantity_t, trade.taker_side, trade.value_fen) == (3_987, 7, "buy", value)
    assert (trade.buy_order, trade.sell_order) == (buy, sell)
    # 27,909 fen: 97.68 of the taker, 27.9 of the maker, each rounded down.
    assert (trade.buyer_fee_fen, trade.seller_fee_fen) == (97, 27)
    buyer_cash, seller_cash = cash_account(who.buyer.organisation), cash_account(who.cooperative.organisation)
    fees = system_account(cash(), Account.Purpose.FEES)
    assert legs(trade) == {
        (tonnes(who.cooperative, market).pk, tonnes(who.buyer, market).pk): 7,
        (buyer_cash.pk, seller_cash.pk): value,
        (buyer_cash.pk, fees.pk): 97,
        (seller_cash.pk, fees.pk): 27,
    }
    assert (buyer_cash.balance, buyer_cash.held) == (PAID_IN - value - 97, 0)
    assert (seller_cash.balance, fees.balance) == (value - 27, 124)
    assert tonnes(who.buyer, market).balance == 7


def test_the_seller_pays_as_taker_where_the_buyer_was_first(who, market):
    enter(who.buyer, market, "buy", 4_000, 10)
    enter(who.cooperative, market, "sell", 3_900, 10)
    execute_market(market.pk)
    trade = Trade.objects.get()
    assert (trade.price_fen, trade.taker_side) == (4_000, "sell")
    assert (trade.buyer_fee_fen, trade.seller_fee_fen) == (40, 140)


def test_a_fee_below_a_fen_is_none(who, market):
    enter(who.cooperative, market, "sell", 3_600, 1)
    enter(who.buyer, market, "buy", 3_600, 1)
    execute_market(market.pk)
    trade = Trade.objects.get()
    assert (trade.buyer_fee_fen, trade.seller_fee_fen) == (12, 3)


def test_a_market_without_fees_moves_two_legs(who):
    market = market_for(who, issue_to_cooperative(who, 10))
    pay_in(who, who.buyer, 40_000)
    enter(who.cooperative, market, "sell", 4_000, 10)
    enter(who.buyer, market, "buy", 4_000, 10)
    execute_market(market.pk)
    assert len(legs(Trade.objects.get())) == 2
    assert system_account(cash(), Account.Purpose.FEES) is None


def test_what_a_better_price_saves_is_released_with_the_fill(who, market):
    enter(who.cooperative, market, "sell", 3_700, 4)
    buy = enter(who.buyer, market, "buy", 4_400, 10)
    assert cash_account(who.buyer.organisation).held == 44_000 + 154
    execute_market(market.pk)
    buy.refresh_from_db()
    account = cash_account(who.buyer.organisation)
    # Six tonnes remain: 26,400 fen and 92.4 of fee.
    assert (buy.filled_t, buy.status, buy.hold.remaining, account.held) == (4, "partially_filled", 26_492, 26_492)
    assert account.balance == PAID_IN - 14_800 - 51
    cancel_order(actor=who.buyer, order_id=buy.pk)
    execute_market(market.pk)
    assert cash_account(who.buyer.organisation).held == 0


def test_an_order_of_many_fills_never_needs_more_than_was_held(who, market):
    for price in (3_601, 3_603, 3_607, 3_611, 3_613):
        enter(who.cooperative, market, "sell", price, 1)
    before = cash_account(who.buyer.organisation).available
    enter(who.buyer, market, "buy", 3_613, 5)
    execute_market(market.pk)
    account = cash_account(who.buyer.organisation)
    values = [3_601, 3_603, 3_607, 3_611, 3_613]
    assert account.balance == before - sum(values) - sum(value * 35 // 10_000 for value in values)
    assert account.held == 0


def test_orders_of_one_organisation_do_not_trade_with_each_other(who, market):
    pay_in(who, who.cooperative, 100_000)
    enter(who.cooperative, market, "sell", 4_000, 5)
    buy = enter(who.cooperative, market, "buy", 4_000, 5)
    execute_market(market.pk)
    buy.refresh_from_db()
    assert (buy.status, buy.reason, buy.hold.remaining) == ("canceled", "self_trade", 0)
    assert not Trade.objects.exists()


def test_time_goes_before_and_price_before_that(who, market):
    enter(who.cooperative, market, "sell", 4_000, 5)
    late = enter(who.cooperative, market, "sell", 4_000, 5)
    best = enter(who.cooperative, market, "sell", 3_999, 5)
    enter(who.buyer, market, "buy", 4_000, 12)
    execute_market(market.pk)
    assert list(Trade.objects.order_by("id").values_list("price_fen", "quantity_t")) == [
        (3_999, 5),
        (4_000, 5),
        (4_000, 2),
    ]
    late.refresh_from_db()
    best.refresh_from_db()
    assert (late.filled_t, late.status, best.status) == (2, "partially_filled", "filled")


def test_tonnes_bought_are_sold_on_in_a_later_batch(who, market):
    enter(who.cooperative, market, "sell", 4_000, 100)
    enter(who.buyer, market, "buy", 4_000, 100)
    execute_market(market.pk)
    enter(who.buyer, market, "sell", 4_100, 60)
    enter(who.other_buyer, market, "buy", 4_100, 60)
    execute_market(market.pk)
    assert tonnes(who.other_buyer, market).balance == 60
    assert tonnes(who.buyer, market).balance == 40


@pytest.mark.parametrize("worth_a_thread", [1, 200])
def test_a_batch_gives_the_same_as_one_instruction_after_the_other(who, monkeypatch, worth_a_thread):
    """Neither group commit nor writing ahead changes what is traded, at which price, and what everyone has after it."""
    monkeypatch.setattr(ahead, "WORTH_A_THREAD", worth_a_thread)

    def run(at_once):
        batch = issue_to_cooperative(who, 1_000)
        market = market_for(who, batch, taker_fee_bps=35)
        pay_in(who, who.buyer, PAID_IN)
        for at in range(30):
            side, actor = (("sell", who.cooperative), ("buy", who.buyer))[at % 2]
            order = NewOrder(f"{batch.pk}-{at}", side, 3_950 + at * 7 % 100, 1 + at % 5)
            placed = place_order(actor=actor, market_id=market.pk, order=order)
            if at % 7 == 0:
                cancel_order(actor=actor, order_id=placed.pk)
            if not at_once:
                execute_market(market.pk)
        execute_market(market.pk)
        trades = Trade.objects.filter(market=market).order_by("id")
        orders = Order.objects.filter(market=market).order_by("id")
        return (
            list(trades.values_list("sequence", "price_fen", "quantity_t", "taker_side", "buyer_fee_fen")),
            list(orders.values_list("side", "filled_t", "status", "reason", "sequence", "hold__remaining")),
        )

    together, apart = run(True), run(False)
    assert together == apart
    assert len(together[0]) > 5


def test_executed_instructions_are_kept_in_order_and_their_digest_recorded(who, market):
    enter(who.cooperative, market, "sell", 4_000, 5)
    order = enter(who.buyer, market, "buy", 4_000, 2)
    cancel_order(actor=who.buyer, order_id=order.pk)
    assert execute_market(market.pk) == 3
    assert not Instruction.objects.exists()
    log = ExecutedInstruction.objects.order_by("sequence")
    assert list(log.values_list("sequence", "kind")) == [(1, "submit"), (2, "submit"), (3, "cancel")]
    assert orjson.loads(log[0].content) == {
        "owner": who.cooperative.organisation_id,
        "side": "sell",
        "price_fen": 4_000,
        "quantity_t": 5,
    }
    body = orjson.loads(Record.objects.get(kind="instructions_executed").entry)["body"]
    assert (body["first_sequence"], body["last_sequence"]) == (1, 3)
    market.refresh_from_db()
    assert (market.last_sequence, market.book_sequence) == (3, 2)


def test_the_record_of_a_settlement_names_its_trade(who, market):
    enter(who.cooperative, market, "sell", 4_000, 5)
    enter(who.buyer, market, "buy", 4_000, 5)
    execute_market(market.pk)
    trade = Trade.objects.get()
    record = Record.objects.get(pk=Transaction.objects.get(pk=trade.transaction_id).record_id)
    assert orjson.loads(record.entry)["body"]["trade"] == {
        "trade": str(trade.pk),
        "market": str(market.pk),
        "price_fen": 4_000,
        "quantity_t": 5,
        "maker_order": str(trade.sell_order_id),
        "taker_order": str(trade.buy_order_id),
        "buyer_fee_fen": 70,
        "seller_fee_fen": 20,
    }


def test_a_large_batch_takes_as_many_queries_as_a_small_one(who, market, django_assert_max_num_queries):
    enter(who.cooperative, market, "sell", 4_000, 300)
    enter(who.buyer, market, "buy", 4_000, 1)
    execute_market(market.pk)
    for _ in range(100):
        enter(who.buyer, market, "buy", 4_000, 1)
    with django_assert_max_num_queries(35):
        assert execute_market(market.pk) == 100


def test_a_market_without_instructions_and_one_that_is_not_there_do_nothing(who, market):
    assert execute_market(market.pk) == 0
    assert execute_market(2**62) == 0
