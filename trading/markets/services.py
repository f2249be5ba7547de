"""Open markets."""

import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.codes import CODE
from ledger.errors import InvalidValue, NotFound
from ledger.journal.models import Asset
from ledger.parties.access import require_kind, require_role
from ledger.parties.models import Membership, Organisation
from ledger.transparency.services import append_record
from trading.errors import MarketExists
from trading.markets.models import Market

MAX_PRICE_FEN = 100_000_000_00
"""A hundred million yuan a tonne: far above any price, low enough that price × quantity stays exact."""

SYMBOL = re.compile(rf"(?!-){CODE}")
BOUNDS = {
    "reference_price_fen": (1, MAX_PRICE_FEN),
    "tick_size_fen": (1, 1_000_000),
    "lot_size_t": (1, 1_000_000),
    "band_percent": (1, 99),
    "maker_fee_bps": (0, 1_000),
    "taker_fee_bps": (0, 1_000),
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
) -> Market:
    """Open a market for a batch of credits.

    Raises: NotAllowed, NotFound, InvalidValue, MarketExists.
    """
    _require_operator(actor)
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
    )
    _check_rules(market)
    try:
        with transaction.atomic():
            market.save()
    except IntegrityError as error:
        raise MarketExists() from error
    _record("market_opened", market, actor)
    return market


def _check_rules(market: Market) -> None:
    if not SYMBOL.fullmatch(market.symbol):
        raise InvalidValue(field="symbol", reason=_("A symbol has 1 to 40 letters, digits and hyphens."))
    for field, (least, most) in BOUNDS.items():
        if not least <= getattr(market, field) <= most:
            reason = _("This must be from %(least)s to %(most)s.") % {"least": least, "most": most}
            raise InvalidValue(field=field, reason=reason)
    if market.maker_fee_bps > market.taker_fee_bps:
        raise InvalidValue(field="maker_fee_bps", reason=_("Makers pay no more than takers."))


def _require_operator(actor: Membership) -> None:
    require_kind(actor, Organisation.Kind.OPERATOR)
    require_role(actor, Membership.Role.REGISTRAR)


def _record(kind: str, market: Market, actor: Membership) -> None:
    low, high = market.band_fen
    append_record(
        kind=kind,
        body={
            "market": str(market.pk),
            "symbol": market.symbol,
            "asset": market.asset.code,
            "tick_size_fen": market.tick_size_fen,
            "lot_size_t": market.lot_size_t,
            "reference_price_fen": market.reference_price_fen,
            "lowest_price_fen": low,
            "highest_price_fen": high,
            "band_percent": market.band_percent,
            "maker_fee_bps": market.maker_fee_bps,
            "taker_fee_bps": market.taker_fee_bps,
        },
        actor=f"user:{actor.user.public_id}",
        at=market.opened_at if kind == "market_opened" else None,
    )
