"""How the house stands, for everybody: whether markets trade, what was signed, witnessed and reconciled last."""

import datetime as dt
import time
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from ledger.freezes import STOPS, Scope, frozen
from ledger.journal.runs import ReconciliationRun
from ledger.transparency.models import Checkpoint, Cosignature
from trading.execution.selectors import oldest_instructions
from trading.markets.models import Market

KEPT_SECONDS = 3
"""For how long a process shows what it has read; not at all where pages are not kept (PUBLIC_PAGES_SECONDS=0)."""
LATE = dt.timedelta(seconds=30)
"""No batch takes as long: what waits for longer is not being executed."""
HALTS_SHOWN = 20


class Trading(StrEnum):
    """What one wants to know first."""

    FROZEN = "frozen"
    DELAYED = "delayed"
    OPEN = "open"
    HALTED = "halted"
    CLOSED = "closed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Halt:
    """A market that is halted, and why."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class HouseStatus:
    """How many markets stand how, since when what was entered waits (where it does), and when the proofs were last made."""

    markets: Counter[str]
    halts: tuple[Halt, ...]
    waiting_since: dt.datetime | None
    signed_at: dt.datetime | None
    witnessed_at: dt.datetime | None
    reconciled_at: dt.datetime | None
    books_hold: bool | None

    @property
    def trading(self) -> Trading:
        """The one word for it; what is frozen is known by the second, whatever else is kept for longer."""
        state = Market.State
        if any(each.scope in STOPS[Scope.TRADING] for each in frozen()):
            return Trading.FROZEN
        if not self.markets:
            return Trading.NONE
        if self.waiting_since is not None:
            return Trading.DELAYED
        if self.markets[state.OPEN] or self.markets[state.AUCTION]:
            return Trading.OPEN
        return Trading.CLOSED if self.markets[state.CLOSED] else Trading.HALTED


_kept: tuple[float, HouseStatus] | None = None


def house_status() -> HouseStatus:
    """Return how the house stands, as it was read a few seconds ago at most. In five queries, by an index each."""
    global _kept
    now = time.monotonic()
    if _kept is not None and now < _kept[0]:
        return _kept[1]
    found = _read()
    _kept = (now + min(KEPT_SECONDS, settings.PUBLIC_PAGES_SECONDS), found)
    return found


def _read() -> HouseStatus:
    rows = list(Market.objects.order_by("symbol").values_list("symbol", "state", "halt_reason"))
    waiting = oldest_instructions(older_than=LATE)
    run = ReconciliationRun.objects.order_by("-id").values_list("finished_at", "holds").first()
    return HouseStatus(
        Counter(state for _symbol, state, _reason in rows),
        tuple(Halt(symbol, reason) for symbol, state, reason in rows if state == Market.State.HALTED)[:HALTS_SHOWN],
        min((each.entered_at for each in waiting), default=None),
        Checkpoint.objects.order_by("-tree_size").values_list("signed_at", flat=True).first(),
        Cosignature.objects.order_by("-checkpoint_id").values_list("signed_at", flat=True).first(),
        None if run is None else run[0],
        None if run is None else run[1],
    )
