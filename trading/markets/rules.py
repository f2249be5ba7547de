"""A market's rules, all of them: what the operator may change, and what the log says of them."""

from typing import Any

from trading.markets.models import Market

RULES = (
    "reference_price_fen",
    "tick_size_fen",
    "lot_size_t",
    "band_percent",
    "maker_fee_bps",
    "taker_fee_bps",
    "sessions",
    "volatility_percent",
    "volatility_minutes",
    "largest_order_t",
    "block_band_percent",
    "block_minimum_t",
)
FEES = ("maker_fee_bps", "taker_fee_bps")

Rules = dict[str, Any]


def rules_in(market: Market) -> Rules:
    """Return a market's rules as they are."""
    return {name: getattr(market, name) for name in RULES}


def entry_of(market: Market) -> dict[str, Any]:
    """Return what the log says of a market."""
    low, high = market.band_fen
    return {
        "market": str(market.pk),
        "symbol": market.symbol,
        "asset": market.asset.code,
        "lowest_price_fen": low,
        "highest_price_fen": high,
        **rules_in(market),
    }
