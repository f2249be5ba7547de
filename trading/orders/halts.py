"""Halt and resume a market: instructions to its book like any other, so that a replay knows when they were taken."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound
from ledger.parties.access import require_kind, require_role
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_text
from ledger.transparency.services import append_record
from trading.markets.models import Market
from trading.orders.models import Instruction
from trading.orders.wakeups import wake_after_commit

MAX_REASON = 200


@transaction.atomic
def halt_market(*, actor: Membership, market_id: int, reason: str) -> Market:
    """Stop trading in a market; cancels are still taken. It takes effect in the order of the market's instructions.

    Raises: NotAllowed, NotFound, InvalidValue (no reason given).
    """
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is shown to everyone."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    return _instruct(actor, market_id, Instruction.Kind.HALT, reason.strip())


@transaction.atomic
def resume_market(*, actor: Membership, market_id: int) -> Market:
    """Let a halted market trade again.

    Raises: NotAllowed, NotFound.
    """
    return _instruct(actor, market_id, Instruction.Kind.RESUME, "")


def _instruct(actor: Membership, market_id: int, kind: Instruction.Kind, note: str) -> Market:
    require_kind(actor, Organisation.Kind.OPERATOR)
    require_role(actor, Membership.Role.REGISTRAR)
    market = Market.objects.filter(pk=market_id).first()
    if market is None:
        raise NotFound()
    name = f"user:{actor.user.public_id}"
    Instruction.objects.create(market=market, kind=kind, actor=name, note=note, entered_at=timezone.now())
    append_record(
        kind=f"market_{kind}_ordered",
        body={"market": str(market.pk), "symbol": market.symbol, "reason": note},
        actor=name,
    )
    wake_after_commit(market)
    return market
