"""Where an organisation stands in a market. Every order asks this first: one query, by hand."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Min, Q

from ledger.errors import NotFound
from ledger.freezes import TRADING_FROZEN, Scope, refuse_frozen
from ledger.journal.models import Asset
from ledger.rows import columns_of, read_models
from trading.markets.limits import FIGURES, NO_LIMITS, Limits
from trading.markets.models import Market, TradingLimit


@dataclass(frozen=True, slots=True)
class Standing:
    """A market with its asset, what an organisation has and may do there, its order that has an id already, and any freeze."""

    market: Market
    cash_id: int | None
    credit_id: int | None
    known_id: int | None
    limits: Limits = NO_LIMITS
    is_frozen: bool = False

    def require_unfrozen(self) -> None:
        """Refuse what is new while trading is frozen.

        Raises: TradingFrozen, EverythingFrozen.
        """
        if self.is_frozen:
            raise refuse_frozen(Scope.TRADING)


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
    cash_id, credit_id, known_id, is_limited, is_frozen, *columns = row
    market, asset = read_models(columns, Market, Asset)
    market.asset = asset
    limits = _limits(organisation_id, market.pk) if is_limited else NO_LIMITS
    return Standing(market, cash_id, credit_id, known_id, limits, is_frozen)


def _limits(organisation_id: int, market_id: int) -> Limits:
    found = TradingLimit.objects.filter(Q(market=market_id) | Q(market=None), organisation=organisation_id)
    return Limits(**found.aggregate(**{name: Min(name) for name in FIGURES}))


_STANDING = f"""
SELECT cash.id, credit.id, known.id,
       EXISTS (SELECT FROM trading_tradinglimit WHERE organisation_id = %(organisation_id)s), {TRADING_FROZEN},
       {columns_of(Market, "market")}, {columns_of(Asset, "asset")}
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
