"""Read a market to trade in."""

from django.db import connection

from ledger.errors import NotFound
from ledger.journal.models import Asset
from ledger.rows import columns_of, read_models
from trading.markets.models import Market


def market_to_trade(symbol: str) -> Market:
    """Return a market with its asset. Every order asks this: one query, by hand.

    Raises: NotFound, naming the field `market`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MARKET_TO_TRADE, [symbol])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(field="market")
    market, asset = read_models(row, Market, Asset)
    market.asset = asset
    assert isinstance(market, Market)
    return market


_MARKET_TO_TRADE = f"""
SELECT {columns_of(Market, "market")}, {columns_of(Asset, "asset")}
  FROM trading_market market
  JOIN ledger_asset asset ON asset.id = market.asset_id
 WHERE market.symbol = %s
"""
