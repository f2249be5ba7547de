"""What an organisation may order at most: the operator's limits before the trade, in one market or in each."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound
from ledger.journal.posting import MAX_AMOUNT
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_text
from ledger.transparency.services import append_record
from trading.errors import OrderTooLarge, OverLimit
from trading.markets.models import Market, TradingLimit

FIGURES = ("largest_order_t", "largest_order_fen", "most_held_fen")
MAX_REASON = 200


class Limits(NamedTuple):
    """The narrower of an organisation's limits in a market and in all markets; None: no limit. Units: tonnes, fen."""

    largest_order_t: int | None = None
    largest_order_fen: int | None = None
    most_held_fen: int | None = None


NO_LIMITS = Limits()


def check_limits(limits: Limits, *, quantity_t: int, value_fen: int, held_fen: int) -> None:
    """Refuse an order beyond its organisation's limits; `held_fen` is what its buy orders would hold with it.

    Raises: OrderTooLarge, OverLimit.
    """
    if limits is NO_LIMITS:
        return
    if limits.largest_order_t is not None and quantity_t > limits.largest_order_t:
        raise OrderTooLarge(field="quantity_t", most=limits.largest_order_t)
    if limits.largest_order_fen is not None and value_fen > limits.largest_order_fen:
        raise OverLimit(field="quantity_t", most=limits.largest_order_fen, needed=value_fen)
    if limits.most_held_fen is not None and held_fen > limits.most_held_fen:
        raise OverLimit(field="quantity_t", most=limits.most_held_fen, needed=held_fen)


@transaction.atomic
def set_limit(
    *,
    actor: Membership,
    organisation_id: int,
    market_id: int | None,
    reason: str,
    largest_order_t: int | None = None,
    largest_order_fen: int | None = None,
    most_held_fen: int | None = None,
) -> TradingLimit:
    """Limit an organisation in a market, or (None) in each; what was said before for the same is replaced.

    Raises: NotAllowed, NotFound, InvalidValue.
    """
    require_registrar(actor)
    figures = dict(zip(FIGURES, (largest_order_t, largest_order_fen, most_held_fen), strict=True))
    _check(figures, reason)
    organisation = Organisation.objects.filter(pk=organisation_id, kind__in=Organisation.HOLDERS).first()
    if organisation is None:
        raise NotFound(field="organisation")
    market = None if market_id is None else Market.objects.filter(pk=market_id).first()
    if market is None and market_id is not None:
        raise NotFound(field="market")
    limit, _created = TradingLimit.objects.update_or_create(
        organisation=organisation, market=market, defaults=figures | {"reason": reason.strip()}
    )
    _record("organisation_limit_set", limit, figures | {"reason": limit.reason}, actor)
    return limit


@transaction.atomic
def lift_limit(*, actor: Membership, limit_id: int, reason: str) -> None:
    """Take a limit away.

    Raises: NotAllowed, NotFound, InvalidValue (no reason given).
    """
    require_registrar(actor)
    _check_reason(reason)
    limit = TradingLimit.objects.select_for_update(of=("self",)).filter(pk=limit_id).first()
    if limit is None:
        raise NotFound()
    _record("organisation_limit_lifted", limit, {"reason": reason.strip()}, actor)
    limit.delete()


def _check(figures: dict[str, int | None], reason: str) -> None:
    if all(value is None for value in figures.values()):
        raise InvalidValue(field="largest_order_t", reason=_("Give at least one limit."))
    for name, value in figures.items():
        if value is not None and not 0 < value <= MAX_AMOUNT:
            raise InvalidValue(field=name, reason=_("A limit is above nothing."))
    _check_reason(reason)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is kept in the log."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)


def _record(kind: str, limit: TradingLimit, body: dict[str, object], actor: Membership) -> None:
    append_record(
        kind=kind,
        body={
            "organisation": str(limit.organisation.public_id),
            "market": None if limit.market_id is None else str(limit.market_id),
            **body,
        },
        actor=log_name(actor),
    )
