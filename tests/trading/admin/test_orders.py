import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledger.admin.display import moment
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import ExecutedInstruction, Order, Trade
from trading.orders.phases import halt_market
from trading.orders.replaces import replace_order
from trading.orders.services import NewOrder, place_order, place_orders


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


def test_an_order_shows_its_terms_and_as_what_it_was_entered(who: People, auditor: Client, traded: Trade) -> None:
    ends_at = timezone.now() + dt.timedelta(days=1)
    new = NewOrder("gtd", "buy", 3_900, 20, time_in_force="gtd", expires_at=ends_at, display_t=5, post_only=True)
    order = place_order(actor=who.buyer, market_id=traded.market_id, order=new)
    execute_market(traded.market_id)
    page = page_of(auditor, "order", order.pk)
    for shown in ("until a time", moment(ends_at), "cancel the new order", "listing", "limit"):
        assert shown in page
    assert "20 t × ¥39.00" not in page
    replace_order(actor=who.buyer, order_id=order.pk, quantity_t=15)
    execute_market(traded.market_id)
    assert "20 t × ¥39.00" in page_of(auditor, "order", order.pk)


def test_orders_are_filtered_by_their_terms(auditor: Client, traded: Trade) -> None:
    buy, sell = traded.buy_order, traded.sell_order
    for query, expected in (
        ({"status__exact": "filled"}, [buy]),
        ({"order_type__exact": "limit"}, [buy, sell]),
        ({"order_type__exact": "market"}, []),
        ({"time_in_force__exact": "gtc"}, [buy, sell]),
        ({"trading_mode__exact": "block_trade"}, []),
    ):
        assert list(auditor.get("/admin/trading/order/", query).context["cl"].result_list) == expected, query


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


def kinds(auditor: Client, name: str, pk: int) -> list[str]:
    """Return the kinds of the records that a page names, the newest first."""
    table = auditor.get(reverse(f"admin:trading_{name}_change", args=[pk])).context["records"]
    return [row[1] for row in table.rows]


def test_trades_instructions_and_markets_lead_to_their_records(who: People, auditor: Client, traded: Trade) -> None:
    halt_market(actor=who.registrar, market_id=traded.market_id, reason="looked into")
    executed = ExecutedInstruction.objects.earliest("id")
    assert kinds(auditor, "trade", traded.pk) == ["transaction_posted", "instructions_executed"]
    assert kinds(auditor, "executedinstruction", executed.pk) == ["instructions_executed"]
    assert kinds(auditor, "market", traded.market_id) == ["market_halt_ordered", "market_opened"]


def test_a_settlement_s_record_leads_to_all_that_it_proves(auditor: Client, traded: Trade) -> None:
    record = reverse("admin:ledger_record_change", args=[traded.transaction.record_id])
    page = auditor.get(record).content.decode()
    wanted: list[tuple[str, int]] = [
        ("ledger_transaction", traded.transaction_id),
        ("trading_trade", traded.pk),
        ("trading_market", traded.market_id),
        ("trading_order", traded.buy_order_id),
        ("trading_order", traded.sell_order_id),
        *(("ledger_transfer", transfer.pk) for transfer in traded.transaction.transfers.all()),
    ]
    assert len(wanted) == 8
    for name, pk in wanted:
        assert reverse(f"admin:{name}_change", args=[pk]) in page, name


def test_trades_and_settlements_are_found(who: People, auditor: Client, traded: Trade) -> None:
    batch_serial = traded.transaction.transfers.get(serials__isnull=False).serials[0].lower
    assert traded.buy_order is not None
    for query in (
        {"settlement": traded.transaction_id},
        {"account": traded.buy_order.cash_account_id},
        {"organisation": who.buyer.organisation.name},
        {"serial": batch_serial},
        {"since": "2020-01-01"},
    ):
        assert list(auditor.get("/admin/trading/trade/", query).context["cl"].result_list) == [traded], query
    for query in ({"settlement": 1}, {"organisation": who.other_buyer.organisation.name}, {"until": "2020-01-01"}):
        assert list(auditor.get("/admin/trading/trade/", query).context["cl"].result_list) == [], query
    by_trade = {"trade": traded.pk}
    [transaction] = auditor.get("/admin/ledger/transaction/", by_trade).context["cl"].result_list
    assert transaction.pk == traded.transaction_id
    assert auditor.get("/admin/ledger/transfer/", by_trade).context["cl"].result_count == 3
