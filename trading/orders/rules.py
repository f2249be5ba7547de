"""Change the rules of a market that is open: an instruction like any other, taken in its turn among the orders."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.texts import check_text
from ledger.transparency.services import append_record
from trading.errors import NothingToChange
from trading.markets.models import Market
from trading.markets.rules import RULES, Rules, rules_in
from trading.markets.services import check_rules
from trading.orders.models import Instruction
from trading.orders.phases import MAX_REASON, instruct


@transaction.atomic
def change_market(
    *,
    actor: Membership,
    market_id: int,
    reason: str,
    expect: Callable[[Market, bool], None] | None = None,
    **changes: Any,
) -> Market:
    """Give a market other rules (of `markets.rules.RULES`), with the reason that the log keeps. No door calls this: changes.py
    has two people do it.

    Orders on the book that the new rules do not allow expire when they take effect; new fees end all orders that rest, since
    each holds what its fee can come to. `expect` looks at the market first, and whether another change of its rules waits to be
    taken; it raises where that is not what its reader saw.

    Locks: with `expect`, the market.
    Raises: NotAllowed, NotFound, InvalidValue, NothingToChange.
    """
    require_registrar(actor)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is kept in the log."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    assert set(changes) <= set(RULES), "no rule of a market"
    market = _market(market_id, is_locked=expect is not None)
    kind = Instruction.Kind.CHANGE_RULES
    if expect is not None:
        expect(market, Instruction.objects.filter(market=market, kind=kind).exists())
    order_change(market, changed_rules(market, changes), reason=reason.strip(), actor=log_name(actor))
    return market


def order_change(market: Market, changed: Rules, *, reason: str, actor: str) -> None:
    """Have a market take other rules in its turn, within the transaction of whoever may decide that."""
    append_record(
        kind="market_change_ordered",
        body={"market": str(market.pk), "symbol": market.symbol, "rules": changed, "reason": reason},
        actor=actor,
    )
    instruct(market, [Instruction.Kind.CHANGE_RULES], actor=actor, note=reason, content=changed)


def _market(market_id: int, *, is_locked: bool) -> Market:
    markets = Market.objects.select_for_update(of=("self",)) if is_locked else Market.objects
    market = markets.filter(pk=market_id).first()
    if market is None:
        raise NotFound()
    return market


def changed_rules(market: Market, changes: Rules) -> Rules:
    """Return those rules that become other ones.

    Raises: InvalidValue, NothingToChange.
    """
    before = rules_in(market)
    for name, value in changes.items():
        setattr(market, name, value)
    check_rules(market)
    changed = {name: value for name, value in rules_in(market).items() if value != before[name]}
    for name, value in before.items():
        setattr(market, name, value)
    if not changed:
        raise NothingToChange()
    return changed
