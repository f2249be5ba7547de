"""Open markets."""

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.codes import CODE
from ledger.errors import InvalidValue, NotFound
from ledger.journal.models import Asset
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.transparency.services import append_record
from trading.errors import MarketExists
from trading.markets.models import Market
from trading.markets.rules import entry_of
from trading.markets.sessions import check_sessions

MAX_PRICE_FEN = 100_000_000_00
"""A hundred million yuan a tonne: far above any price, low enough that price × quantity stays exact."""

LARGEST_T = 100_000_000
SYMBOL = re.compile(rf"(?!-){CODE}")
BOUNDS = {
    "reference_price_fen": (1, MAX_PRICE_FEN),
    "tick_size_fen": (1, 1_000_000),
    "lot_size_t": (1, 1_000_000),
    "band_percent": (1, 99),
    "maker_fee_bps": (0, 1_000),
    "taker_fee_bps": (0, 1_000),
    "volatility_percent": (0, 99),
    "volatility_minutes": (1, 60),
    "largest_order_t": (1, LARGEST_T),
    "block_band_percent": (1, 99),
    "block_minimum_t": (1, LARGEST_T),
}


@transaction.atomic
def open_market(
    *,
    actor: Membership,
    asset_id: int,
    symbol: str,
    reference_price_fen: int,
    tick_size_fen: int = 1,
    lot_size_t: int = 1,
    band_percent: int = 10,
    maker_fee_bps: int = 0,
    taker_fee_bps: int = 0,
    **rules: Any,
) -> Market:
    """Open a market for a batch of credits; `rules` are further ones of RULES, which are as usual where not given.

    A market with sessions is closed until the next one begins.

    Raises: NotAllowed, NotFound, InvalidValue, MarketExists.
    """
    require_registrar(actor)
    asset = Asset.objects.filter(pk=asset_id, kind=Asset.Kind.CREDIT).first()
    if asset is None:
        raise NotFound(field="asset")
    market = Market(
        asset=asset,
        symbol=symbol,
        reference_price_fen=reference_price_fen,
        tick_size_fen=tick_size_fen,
        lot_size_t=lot_size_t,
        band_percent=band_percent,
        maker_fee_bps=maker_fee_bps,
        taker_fee_bps=taker_fee_bps,
        **rules,
    )
    check_rules(market)
    if market.sessions:
        market.state = market.phase = Market.Phase.CLOSED
    try:
        with transaction.atomic():
            market.save()
    except IntegrityError as error:
        raise MarketExists() from error
    append_record(
        kind="market_opened",
        body=entry_of(market),
        actor=log_name(actor),
        at=market.opened_at,
    )
    return market


def check_rules(market: Market) -> None:
    """Refuse rules that make no sense.

    Raises: InvalidValue, naming the rule.
    """
    market.sessions = check_sessions(market.sessions)
    if not SYMBOL.fullmatch(market.symbol):
        raise InvalidValue(field="symbol", reason=_("A symbol has 1 to 40 letters, digits and hyphens."))
    for field, (least, most) in BOUNDS.items():
        if not least <= getattr(market, field) <= most:
            reason = _("This must be from %(least)s to %(most)s.") % {"least": least, "most": most}
            raise InvalidValue(field=field, reason=reason)
    if market.maker_fee_bps > market.taker_fee_bps:
        raise InvalidValue(field="maker_fee_bps", reason=_("Makers pay no more than takers."))
