"""Other rules of a market, by two people: fees, bands, tick and lot decide what everybody pays, so nobody sets them alone.

One registrar proposes, another registrar or an owner of the operator confirms; then the market takes them in its turn (rules.py).
"""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound, SamePerson, WrongState
from ledger.parties.access import log_name, require_operator, require_registrar
from ledger.parties.models import Membership
from ledger.texts import check_text
from ledger.transparency.services import append_record
from trading.markets.models import Market, MarketChange
from trading.markets.rules import RULES
from trading.orders.models import Instruction
from trading.orders.phases import MAX_REASON
from trading.orders.rules import changed_rules, order_change

CONFIRMERS = (Membership.Role.REGISTRAR, Membership.Role.OWNER)
State = MarketChange.State


@transaction.atomic
def propose_market_change(
    *,
    actor: Membership,
    market_id: int,
    reason: str,
    expect: Callable[[Market, bool], None] | None = None,
    **changes: Any,
) -> MarketChange:
    """Propose other rules of a market (of `markets.rules.RULES`); nothing changes before a second person confirms them.

    `expect` looks at the market first, and whether another change waits; it raises where that is not what its reader saw.

    Locks: the market.
    Raises: NotAllowed, NotFound, InvalidValue, NothingToChange, WrongState where a change of the market waits already.
    """
    require_registrar(actor)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is kept in the log."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    assert set(changes) <= set(RULES), "no rule of a market"
    market = Market.objects.select_for_update(of=("self",)).filter(pk=market_id).first()
    if market is None:
        raise NotFound()
    waits = MarketChange.objects.filter(market=market, state=State.PROPOSED).exists()
    if expect is not None:
        is_ordered = Instruction.objects.filter(market=market, kind=Instruction.Kind.CHANGE_RULES).exists()
        expect(market, waits or is_ordered)
    rules = changed_rules(market, changes)
    try:
        with transaction.atomic():
            change = MarketChange.objects.create(
                market=market,
                rules=rules,
                reason=reason.strip(),
                proposed_by=actor.user,
                proposed_at=timezone.now(),
            )
    except IntegrityError as error:
        raise WrongState(state=_("waiting for another change of its rules to be decided")) from error
    _record("market_change_proposed", change, actor)
    return change


@transaction.atomic
def confirm_market_change(*, actor: Membership, change_id: int) -> MarketChange:
    """Confirm a change as the second person: the market takes it in its turn among the orders.

    Locks: the change.
    Raises: NotAllowed, NotFound, WrongState, SamePerson; InvalidValue, NothingToChange where the rules do not go together any more.
    """
    change = _lock_waiting(actor, change_id)
    if change.proposed_by_id == actor.user_id:
        raise SamePerson()
    rules = changed_rules(change.market, change.rules)
    _decide(change, State.CONFIRMED, actor)
    _record("market_change_confirmed", change, actor)
    order_change(change.market, rules, reason=change.reason, actor=log_name(actor))
    return change


@transaction.atomic
def refuse_market_change(*, actor: Membership, change_id: int) -> MarketChange:
    """Refuse a change, or take one's own back.

    Locks: the change.
    Raises: NotAllowed, NotFound, WrongState.
    """
    change = _lock_waiting(actor, change_id)
    _decide(change, State.REFUSED, actor)
    _record("market_change_refused", change, actor)
    return change


def _lock_waiting(actor: Membership, change_id: int) -> MarketChange:
    require_operator(actor, *CONFIRMERS)
    changes = MarketChange.objects.select_for_update(of=("self",)).select_related("market")
    change = changes.filter(pk=change_id).first()
    if change is None:
        raise NotFound()
    if change.state != State.PROPOSED:
        raise WrongState(state=change.get_state_display())
    return change


def _decide(change: MarketChange, state: MarketChange.State, actor: Membership) -> None:
    change.state, change.decided_by, change.decided_at = state, actor.user, timezone.now()
    change.save(update_fields=["state", "decided_by", "decided_at"])


def _record(kind: str, change: MarketChange, actor: Membership) -> None:
    append_record(
        kind=kind,
        body={
            "market_change": str(change.pk),
            "market": str(change.market_id),
            "symbol": change.market.symbol,
            "rules": change.rules,
            "reason": change.reason,
        },
        actor=log_name(actor),
        at=change.decided_at or change.proposed_at,
    )
