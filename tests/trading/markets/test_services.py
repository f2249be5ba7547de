"""Opening markets, their rules and their fees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidValue, NotAllowed, NotFound
from ledger.journal.payments import cash
from ledger.models import Record
from tests.scenes import issue_to_cooperative
from trading.errors import MarketExists
from trading.markets.fees import fee_fen, worst_cost_fen
from trading.markets.services import open_market
from trading.models import Market


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 10)


def open_for(who, batch, **changes):
    asked = {"asset_id": batch.asset_id, "symbol": batch.asset.code, "reference_price_fen": 4_000} | changes
    return open_market(actor=who.registrar, **asked)


def test_a_market_is_opened_with_its_rules(who, batch):
    market = open_for(who, batch, tick_size_fen=5, lot_size_t=10, band_percent=30, maker_fee_bps=1, taker_fee_bps=2)
    assert market.state == Market.State.OPEN
    assert market.band_fen == (2_800, 5_200)
    assert Record.objects.filter(kind="market_opened").count() == 1


@pytest.mark.parametrize(
    ("reference", "percent", "band"),
    [(4_000, 10, (3_600, 4_400)), (4_001, 10, (3_601, 4_401)), (1, 10, (1, 1)), (9, 99, (1, 17)), (101, 1, (100, 102))],
)
def test_the_band_lies_within_its_percentage(reference, percent, band):
    assert Market(reference_price_fen=reference, band_percent=percent).band_fen == band


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"symbol": ""}, "symbol"),
        ({"symbol": "s" * 41}, "symbol"),
        ({"symbol": "a/b"}, "symbol"),
        ({"symbol": "a b"}, "symbol"),
        ({"symbol": "a.b"}, "symbol"),
        ({"symbol": ".."}, "symbol"),
        ({"symbol": "a\x00"}, "symbol"),
        ({"symbol": "A\n"}, "symbol"),
        ({"reference_price_fen": 0}, "reference_price_fen"),
        ({"reference_price_fen": 10**30}, "reference_price_fen"),
        ({"tick_size_fen": 0}, "tick_size_fen"),
        ({"tick_size_fen": 10**12}, "tick_size_fen"),
        ({"lot_size_t": -1}, "lot_size_t"),
        ({"lot_size_t": 10**12}, "lot_size_t"),
        ({"band_percent": 0}, "band_percent"),
        ({"band_percent": 100}, "band_percent"),
        ({"band_percent": 10**6}, "band_percent"),
        ({"taker_fee_bps": 1_001}, "taker_fee_bps"),
        ({"maker_fee_bps": -1}, "maker_fee_bps"),
        ({"maker_fee_bps": 2, "taker_fee_bps": 1}, "maker_fee_bps"),
    ],
)
def test_rules_out_of_bounds_are_refused(who, batch, changes, field):
    with pytest.raises(InvalidValue) as refusal:
        open_for(who, batch, **changes)
    assert refusal.value.field == field
    assert not Market.objects.exists()


def test_credits_have_one_market_and_a_symbol_one_meaning(who, batch):
    open_for(who, batch)
    with pytest.raises(MarketExists):
        open_for(who, batch, symbol="ANOTHER")
    with pytest.raises(MarketExists):
        open_for(who, issue_to_cooperative(who, 10), symbol=batch.asset.code)


def test_only_credits_have_markets(who, batch):
    for asset_id in (cash().pk, 2**62):
        with pytest.raises(NotFound):
            open_for(who, batch, asset_id=asset_id)


@pytest.mark.parametrize("stranger", ["buyer", "cooperative", "verifier", "treasurer", "auditor"])
def test_only_registrars_open_markets(who, batch, stranger):
    with pytest.raises(NotAllowed):
        open_market(actor=getattr(who, stranger), asset_id=batch.asset_id, symbol="X", reference_price_fen=4_000)


# Fees


@pytest.mark.parametrize(
    ("value_fen", "bps", "fee"), [(10_000, 35, 35), (9_999, 35, 34), (285, 35, 0), (286, 35, 1), (0, 35, 0), (1, 0, 0)]
)
def test_a_fee_is_rounded_down_to_the_fen(value_fen, bps, fee):
    assert fee_fen(value_fen, bps) == fee


@given(
    price=st.integers(1, 10**10),
    bps=st.integers(0, 1_000),
    fills=st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**10)), min_size=1, max_size=20),
)
def test_what_is_held_at_entry_covers_every_way_of_being_filled(price, bps, fills):
    total = sum(quantity for quantity, _ in fills)
    held = remaining_hold = worst_cost_fen(price, total, bps)
    left = total
    for quantity, better in fills:
        value = max(price - better, 1) * quantity
        left -= quantity
        after = worst_cost_fen(price, left, bps)
        assert value + fee_fen(value, bps) <= remaining_hold - after
        remaining_hold = after
    assert remaining_hold == 0
    assert held >= 0
