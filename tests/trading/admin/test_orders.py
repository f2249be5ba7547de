import pytest
from django.test import Client
from django.urls import reverse

from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import ExecutedInstruction, Order, Trade
from trading.orders.services import NewOrder, place_orders


@pytest.fixture
def traded(who: People) -> Trade:
    """Return the trade of 60 t at 40 yuan between the cooperative and the buyer."""
    pay_in(who, who.buyer, 1_000_000)
    market = market_for(who, issue_to_cooperative(who, 100), taker_fee_bps=20)
    place_orders(actor=who.cooperative, market_id=market.pk, orders=[NewOrder("s", "sell", 4_000, 100)])
    place_orders(actor=who.buyer, market_id=market.pk, orders=[NewOrder("b", "buy", 4_000, 60)])
    execute_market(market.pk)
    return Trade.objects.get()


@pytest.fixture
def auditor(who: People) -> Client:
    return client_of(who.auditor)


def page_of(auditor: Client, name: str, pk: int) -> str:
    return auditor.get(reverse(f"admin:trading_{name}_change", args=[pk])).content.decode()


def test_a_trade_shows_its_value_fees_and_settlement(auditor: Client, traded: Trade) -> None:
    page = page_of(auditor, "trade", traded.pk)
    assert "¥2,400.00" in page
    assert "¥4.80" in page
    assert reverse("admin:ledger_transaction_change", args=[traded.transaction_id]) in page


def test_a_settlement_leads_back_to_its_trade(auditor: Client, traded: Trade) -> None:
    page = auditor.get(reverse("admin:ledger_transaction_change", args=[traded.transaction_id]))
    assert reverse("admin:trading_trade_change", args=[traded.pk]) in page.content.decode()


def test_an_order_shows_what_remains_and_its_trades(auditor: Client, traded: Trade) -> None:
    page = auditor.get(reverse("admin:trading_order_change", args=[traded.sell_order_id]))
    assert page.context["original"].remaining_t == 40
    assert [row[1:] for row in page.context["tables"][0].rows] == [("40.00", "60", "2,400.00")]


def test_an_executed_instruction_shows_the_very_text_that_is_hashed(auditor: Client, traded: Trade) -> None:
    executed = ExecutedInstruction.objects.first()
    assert executed is not None
    assert executed.content.replace('"', "&quot;") in page_of(auditor, "executedinstruction", executed.pk)


def test_orders_are_found_by_number_and_by_organisation(auditor: Client, traded: Trade) -> None:
    buy, sell = traded.buy_order, traded.sell_order
    for term, expected in ((str(buy.pk), [buy]), (sell.organisation.name, [sell]), (sell.organisation.name_en, [sell])):
        listed = auditor.get("/admin/trading/order/", {"q": term}).context["cl"]
        assert list(listed.result_list) == expected, term
    assert Order.objects.count() == 2
