from typing import Any

import pytest
from django.urls import reverse

from ledger.models import Batch
from tests.desk import client_of
from tests.factories import MembershipFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Instruction, Market, MarketChange
from trading.orders.rules import change_market

OPEN = "/admin/trading/market/open/"
SESSIONS = [
    {"pre_open": "09:15", "open": "09:30", "close": "11:30"},
    {"open": "13:00", "closing": "14:57", "close": "15:00"},
]


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 100)


@pytest.fixture
def market(who: People, batch: Batch) -> Market:
    return market_for(who, batch)


def step(name: str, market: Market) -> str:
    return reverse(f"admin:trading_market_{name}", args=[market.pk])


def rules(batch: Batch, **changed: Any) -> dict[str, Any]:
    return {
        "asset": batch.asset_id,
        "symbol": "TH-1",
        "reference_price_fen": "40.00",
        "tick_size_fen": "0.05",
        "lot_size_t": "10",
        "band_percent": "10",
        "maker_fee_bps": "5",
        "taker_fee_bps": "20",
    } | changed


def test_registrar_opens_a_market(who: People, batch: Batch) -> None:
    done = client_of(who.registrar).post(OPEN, rules(batch))
    market = Market.objects.get()
    assert done["Location"] == reverse("admin:trading_market_change", args=[market.pk])
    assert (market.asset, market.symbol, market.lot_size_t) == (batch.asset, "TH-1", 10)
    assert (market.reference_price_fen, market.tick_size_fen) == (4_000, 5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("asset", "0"),
        ("symbol", ""),
        ("symbol", "two words"),
        ("symbol", "x" * 41),
        ("reference_price_fen", "0"),
        ("reference_price_fen", "100000000.01"),
        ("tick_size_fen", "0.001"),
        ("lot_size_t", "0"),
        ("lot_size_t", "1.5"),
        ("lot_size_t", "9" * 30),
        ("band_percent", "100"),
        ("maker_fee_bps", "-1"),
        ("maker_fee_bps", "21"),
        ("taker_fee_bps", "1001"),
    ],
)
def test_a_rule_out_of_bounds_is_refused_beside_its_field(field: str, value: str, who: People, batch: Batch) -> None:
    answer = client_of(who.registrar).post(OPEN, rules(batch, **{field: value}))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Market.objects.exists()


def test_credits_have_one_market(who: People, batch: Batch, market: Market) -> None:
    answer = client_of(who.registrar).post(OPEN, rules(batch))
    assert list(answer.context["form"].errors) == ["asset"]


def test_a_symbol_is_given_once(who: People, market: Market) -> None:
    answer = client_of(who.registrar).post(OPEN, rules(issue_to_cooperative(who, 10), symbol=market.symbol))
    assert answer.status_code == 409
    assert Market.objects.count() == 1


def test_registrar_halts_and_resumes(who: People, market: Market) -> None:
    client = client_of(who.registrar)
    client.post(step("halt", market), {"reason": "Somebody found an error."})
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.state, market.halt_reason) == (Market.State.HALTED, "Somebody found an error.")
    client.post(step("resume", market))
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.state, market.halt_reason) == (Market.State.OPEN, "")


def test_halting_without_a_reason_is_refused_beside_the_field(who: People, market: Market) -> None:
    answer = client_of(who.registrar).post(step("halt", market), {"reason": ""})
    assert list(answer.context["form"].errors) == ["reason"]
    assert not Instruction.objects.exists()


def test_a_market_resumes_by_a_call_auction_of_some_minutes(who: People, market: Market) -> None:
    client = client_of(who.registrar)
    client.post(step("halt", market), {"reason": "Somebody found an error."})
    assert client.post(step("resume", market), {"auction_minutes": "61"}).status_code == 422
    client.post(step("resume", market), {"auction_minutes": "5"})
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.state, market.auction_ends_at is None) == (Market.State.AUCTION, False)
    page = client.get(reverse("admin:trading_market_change", args=[market.pk])).content.decode()
    assert "call auction" in page


def test_a_market_is_opened_with_further_rules(who: People, batch: Batch) -> None:
    further = {
        "sessions": "09:15 09:30-11:30\r\n\r\n13：00－14:57 15:00\r\n",
        "volatility_percent": "5",
        "volatility_minutes": "3",
        "largest_order_t": "1000",
        "block_band_percent": "20",
        "block_minimum_t": "100",
    }
    client_of(who.registrar).post(OPEN, rules(batch, **further))
    market = Market.objects.get()
    assert market.sessions == SESSIONS
    assert (market.volatility_percent, market.volatility_minutes, market.largest_order_t) == (5, 3, 1_000)
    assert (market.block_band_percent, market.block_minimum_t, market.state) == (20, 100, "closed")


@pytest.mark.parametrize(
    "sessions",
    [
        "09:30",
        "9:30 to 11:30",
        "09:30-11:30 x",
        "25:00-26:00",
        "11:30-09:30",
        "09:30-11:30\n11:00-12:00",
        "9" * 300,
        "\0",
    ],
)
def test_sessions_that_are_none_are_refused_beside_their_field(sessions: str, who: People, batch: Batch) -> None:
    answer = client_of(who.registrar).post(OPEN, rules(batch, sessions=sessions))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["sessions"]
    assert not Market.objects.exists()


def form_of(answer: Any) -> dict[str, str]:
    """Return what a browser would send of a form as it was shown, hidden fields and all."""
    form = answer.context["form"]
    shown = {field.html_name: field.value() for field in form}
    initial = {field.html_initial_name: field.value() for field in form if field.field.show_hidden_initial}
    return {name: "" if value is None else str(value) for name, value in (shown | initial).items()}


@pytest.fixture
def day(who: People) -> Market:
    pay_in(who, who.buyer, 100)
    return market_for(who, issue_to_cooperative(who, 10), sessions=SESSIONS, taker_fee_bps=20)


def test_registrar_changes_what_differs_alone(who: People, day: Market) -> None:
    client = client_of(who.registrar)
    address = step("change-rules", day)
    sent = form_of(client.get(address))
    assert (sent["reference_price_fen"], sent["sessions"]) == ("40.00", "09:15 09:30-11:30\n13:00-14:57 15:00")
    # Somebody else was quicker with another rule, which stays as that one wants it.
    change_market(actor=who.registrar, market_id=day.pk, reason="wider", band_percent=20)
    execute_market(day.pk)
    done = client.post(address, sent | {"sessions": "09:30-15:00", "largest_order_t": "500", "reason": "A longer day."})
    change = MarketChange.objects.get()
    assert done["Location"] == reverse("admin:trading_marketchange_change", args=[change.pk])
    confirming = reverse("admin:trading_marketchange_confirm", args=[change.pk])
    said = client.get(done["Location"]).content.decode()
    assert "Largest order in tonnes: <strong>100000000 → 500</strong>" in said
    assert "Sessions: <strong>09:15 09:30-11:30, 13:00-14:57 15:00 → 09:30-15:00</strong>" in said
    assert "largest_order_t" not in said
    assert client.post(confirming).status_code == 403
    assert not Instruction.objects.exists()
    director = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    asked = client_of(director).get(confirming)
    assert ("Largest order in tonnes", "100000000 → 500") in asked.context["facts"]
    assert client_of(director).post(confirming).status_code == 302
    assert "Sessions: <strong>09:30-15:00</strong>" in client.get(done["Location"]).content.decode()
    done["Location"] = reverse("admin:trading_market_change", args=[day.pk])
    assert Instruction.objects.get().content == {
        "sessions": [{"open": "09:30", "close": "15:00"}],
        "largest_order_t": 500,
    }
    execute_market(day.pk)
    day.refresh_from_db()
    assert (day.band_percent, day.largest_order_t) == (20, 500)
    records = client.get(done["Location"]).context["records"]
    assert [row[1] for row in records.rows] == [
        "market_changed",
        "market_change_ordered",
        "market_change_confirmed",
        "market_change_proposed",
        "market_changed",
        "market_change_ordered",
        "market_opened",
    ]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reason": "why"}, ["__all__"]),
        ({"band_percent": "20"}, ["reason"]),
        ({"band_percent": "0", "reason": "why"}, ["band_percent"]),
        ({"maker_fee_bps": "30", "reason": "why"}, ["maker_fee_bps"]),
        ({"sessions": "now", "reason": "why"}, ["sessions"]),
        ({"sessions": "11:30-09:30", "reason": "why"}, ["sessions"]),
        ({"block_minimum_t": "", "reason": "why"}, ["block_minimum_t"]),
    ],
)
def test_a_change_that_is_none_is_refused_beside_its_field(
    changes: dict[str, str], fields: list[str], who: People, day: Market
) -> None:
    client = client_of(who.registrar)
    answer = client.post(step("change-rules", day), form_of(client.get(step("change-rules", day))) | changes)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == fields
    assert not Instruction.objects.exists()


def test_a_market_s_page_says_all_of_its_rules(who: People, day: Market) -> None:
    Market.objects.update(volatility_percent=5)
    page = client_of(who.auditor).get(reverse("admin:trading_market_change", args=[day.pk])).content.decode()
    for shown in (
        "09:15 09:30-11:30<br>13:00-14:57 15:00",
        "±5 %, call auction of 5 minutes",
        "100,000,000",
        "(±30 %)",
    ):
        assert shown in page
    asked = client_of(who.registrar).get(step("halt", day)).content.decode()
    assert "<dt>Phase of the day</dt><dd>closed</dd>" in asked
    assert "begins</dd>" in asked


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "cooperative", "buyer", "verifier"])
def test_nobody_else_opens_halts_or_resumes(kind: str, who: People, market: Market) -> None:
    client = client_of(getattr(who, kind))
    other = issue_to_cooperative(who, 10)
    assert client.post(OPEN, rules(other)).status_code == 403
    assert client.post(step("halt", market), {"reason": "no"}).status_code == 403
    assert client.post(step("resume", market)).status_code == 403
    assert client.post(step("change-rules", market), {"reason": "no", "band_percent": "20"}).status_code == 403
    assert Market.objects.count() == 1
    assert not Instruction.objects.exists()


def test_the_step_that_is_due_is_offered(who: People, market: Market) -> None:
    client = client_of(who.registrar)
    address = reverse("admin:trading_market_change", args=[market.pk])
    changing = step("change-rules", market)
    assert [url for _label, url, _grave in client.get(address).context["offered"]] == [step("halt", market), changing]
    Market.objects.update(state=Market.State.HALTED)
    assert [url for _label, url, _grave in client.get(address).context["offered"]] == [step("resume", market), changing]
    assert [url for _label, url, _grave in client.get("/admin/trading/market/").context["offered"]] == [OPEN]


def test_registrar_moves_a_market_to_another_shard(who: People, market: Market, settings: Any) -> None:
    settings.MATCHING_SHARDS = 2
    client = client_of(who.registrar)
    page = client.get(reverse("admin:trading_market_change", args=[market.pk])).content.decode()
    assert "2 shards of markets" in page
    assert step("move", market) in page
    refused = client.post(step("move", market), {"shard": "2", "reason": "Balance"})
    assert list(refused.context["form"].errors) == ["shard"]
    client.post(step("move", market), {"shard": "1", "reason": "Balance"})
    market.refresh_from_db()
    assert market.shard == 1
    page = client.get(reverse("admin:trading_market_change", args=[market.pk]))
    assert next(row[1] for row in page.context["records"].rows) == "market_moved"


def test_with_one_shard_there_is_nowhere_to_move_to(who: People, market: Market) -> None:
    page = client_of(who.registrar).get(reverse("admin:trading_market_change", args=[market.pk]))
    assert step("move", market) not in page.content.decode()
    assert "shards of markets" not in page.content.decode()
