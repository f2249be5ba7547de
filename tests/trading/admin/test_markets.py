from typing import Any

import pytest
from django.urls import reverse

from ledger.models import Batch
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, market_for
from trading.execution.services import execute_market
from trading.models import Instruction, Market

OPEN = "/admin/trading/market/open/"


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


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "cooperative", "buyer", "verifier"])
def test_nobody_else_opens_halts_or_resumes(kind: str, who: People, market: Market) -> None:
    client = client_of(getattr(who, kind))
    other = issue_to_cooperative(who, 10)
    assert client.post(OPEN, rules(other)).status_code == 403
    assert client.post(step("halt", market), {"reason": "no"}).status_code == 403
    assert client.post(step("resume", market)).status_code == 403
    assert Market.objects.count() == 1
    assert not Instruction.objects.exists()


def test_the_step_that_is_due_is_offered(who: People, market: Market) -> None:
    client = client_of(who.registrar)
    address = reverse("admin:trading_market_change", args=[market.pk])
    assert [url for _label, url, _grave in client.get(address).context["offered"]] == [step("halt", market)]
    Market.objects.update(state=Market.State.HALTED)
    assert [url for _label, url, _grave in client.get(address).context["offered"]] == [step("resume", market)]
    assert [url for _label, url, _grave in client.get("/admin/trading/market/").context["offered"]] == [OPEN]
