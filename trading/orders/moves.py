"""Move a market to another shard, while it trades."""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.texts import check_text
from ledger.transparency.services import append_record
from trading.markets.models import Market
from trading.orders.phases import MAX_REASON
from trading.orders.wakeups import shard_of, wake_after_commit


@transaction.atomic
def move_market(*, actor: Membership, market_id: int, shard: int, reason: str) -> Market:
    """Let the worker of another shard execute a market from now on.

    Nothing stops: this waits for the batch under way, as the next batch waits for this. Wake-ups that are still in the old
    shard's queue do no harm. Whoever takes one executes what waits, by the same lock and in the same order, and whose book in
    memory is not the newest reads it anew.

    Locks: the market.
    Raises: NotAllowed, NotFound, InvalidValue.
    """
    require_registrar(actor)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is kept in the log."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    if not 0 <= shard < settings.MATCHING_SHARDS:
        last = settings.MATCHING_SHARDS - 1
        raise InvalidValue(field="shard", reason=_("The shards are numbered from 0 to %(last)s.") % {"last": last})
    market = Market.objects.select_for_update(of=("self",), no_key=True).filter(pk=market_id).first()
    if market is None:
        raise NotFound()
    if shard_of(market.shard) == shard:
        raise InvalidValue(field="shard", reason=_("The market is on this shard already."))
    append_record(
        kind="market_moved",
        body={
            "market": str(market.pk),
            "symbol": market.symbol,
            "from_shard": market.shard,
            "to_shard": shard,
            "reason": reason.strip(),
        },
        actor=log_name(actor),
    )
    market.shard = shard
    market.save(update_fields=["shard"])
    wake_after_commit(market)
    return market
