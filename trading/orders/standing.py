"""Where an organisation stands in a market. Every order asks this first: one query, by hand."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from ledger.errors import NotFound
from ledger.journal.models import Asset
from ledger.rows import columns_of, read_models
from trading.markets.models import Market


@dataclass(frozen=True, slots=True)
class Standing:
    """A market with its asset, an organisation's accounts for it where it has them, and the order that has an id already."""

    market: Market
    cash_id: int | None
    credit_id: int | None
    known_id: int | None


def standing_in(*, symbol: str, organisation_id: int, client_order_id: str | None = None) -> Standing:
    """Return where an organisation stands in the market of that symbol.

    Raises: NotFound, naming the field `market`.
    """
    return _read("market.symbol", symbol, organisation_id, client_order_id)


def standing_in_market(*, market_id: int, organisation_id: int) -> Standing:
    """Return where an organisation stands in a market.

    Raises: NotFound, naming the field `market`.
    """
    return _read("market.id", market_id, organisation_id, None)


def _read(key: str, value: Any, organisation_id: int, client_order_id: str | None) -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_STANDING} WHERE {key} = %(value)s",
            {"value": value, "organisation_id": organisation_id, "client_order_id": client_order_id},
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound(field="market")
    cash_id, credit_id, known_id, *columns = row
    market, asset = read_models(columns, Market, Asset)
    market.asset = asset
    return Standing(market, cash_id, credit_id, known_id)


_STANDING = f"""
SELECT cash.id, credit.id, known.id, {columns_of(Market, "market")}, {columns_of(Asset, "asset")}
  FROM trading_market market
  JOIN ledger_asset asset ON asset.id = market.asset_id
  LEFT JOIN ledger_asset cny ON cny.code = 'CNY'
  LEFT JOIN ledger_account cash ON cash.asset_id = cny.id AND cash.organisation_id = %(organisation_id)s
                               AND cash.purpose = 'holding'
  LEFT JOIN ledger_account credit ON credit.asset_id = asset.id AND credit.organisation_id = %(organisation_id)s
                                 AND credit.purpose = 'holding'
  LEFT JOIN trading_order known ON known.organisation_id = %(organisation_id)s
                               AND known.client_order_id = %(client_order_id)s
"""
