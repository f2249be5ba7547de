"""Where a market stands in its day, as pages say it: since when, until when, and what comes then."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from trading.markets.models import ClosedDay, Market
from trading.markets.selectors import LOOK_AHEAD, steps_between
from trading.markets.sessions import Session, Step, Timed
from trading.web.words import moment_in_words

# What a market is after a step of its day.
_LEADS_TO = {
    Step.BEGIN_AUCTION: Market.Phase.AUCTION,
    Step.OPEN: Market.Phase.OPEN,
    Step.CLOSE: Market.Phase.CLOSED,
    Step.END_DAY: Market.Phase.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Since when a market is what it is, and what it does next; None where nobody can know."""

    market: Market
    since: dt.datetime | None
    following: Timed | None
    # Why the operator closes today, where it does.
    closed_because: str = ""

    @property
    def takes_orders(self) -> bool:
        return self.market.state in (Market.State.OPEN, Market.State.AUCTION)

    @property
    def until(self) -> dt.datetime | None:
        """When the market becomes something else; None where nobody can know, as of a halt."""
        if self.following is None or self.market.state == Market.State.HALTED:
            return None
        return self.following.at

    @property
    def words(self) -> str:
        """Since when, and what comes when; of a halt, which ends when somebody says so, nothing."""
        if self.market.state == Market.State.HALTED:
            return ""
        parts = []
        if self.closed_because:
            parts.append(_("Closed today: %(reason)s") % {"reason": self.closed_because})
        if self.since is not None:
            parts.append(_("Since %(moment)s.") % {"moment": moment_in_words(self.since)})
        if self.following is not None:
            parts.append(_words_of_step(self.following))
        return " ".join(parts)


def standing(market: Market) -> Standing:
    """Return where a market stands in its day: none but markets with sessions cost a query, closed ones two."""
    before, after = _around(market, timezone.now())
    return Standing(market, _since(market, before), _following(market, after), _closed_because(market))


def _closed_because(market: Market) -> str:
    if not market.sessions or market.state != Market.State.CLOSED:
        return ""
    return ClosedDay.objects.filter(day=timezone.localdate()).values_list("reason", flat=True).first() or ""


def _around(market: Market, now: dt.datetime) -> tuple[list[Timed], list[Timed]]:
    """Return what a market's sessions had it do lately, and what they will."""
    if not market.sessions:
        return [], []
    steps = steps_between(market, now - LOOK_AHEAD, now + LOOK_AHEAD)
    return [timed for timed in steps if timed.at <= now], [timed for timed in steps if timed.at > now]


def _since(market: Market, before: Sequence[Timed]) -> dt.datetime | None:
    # The end of a day changes nothing that its close has not changed.
    changes = [timed for timed in before if timed.step != Step.END_DAY]
    if not changes or changes[-1].at < market.opened_at or market.auction_ends_at is not None:
        return None
    # What the operator, or an interruption, has made of it has no time here.
    return changes[-1].at if _LEADS_TO[changes[-1].step] == market.phase else None


def _following(market: Market, after: Sequence[Timed]) -> Timed | None:
    """Return what comes next: what the sessions ask for, or before that the end of an auction that ends by itself."""
    following = next((timed for timed in after if timed.step != Step.END_DAY), None)
    ends_at = market.auction_ends_at
    if market.phase == Market.Phase.AUCTION and ends_at is not None and (following is None or ends_at < following.at):
        return Timed(ends_at, Step.OPEN)
    return following


def _words_of_step(timed: Timed) -> str:
    moment = {"moment": moment_in_words(timed.at)}
    if timed.step == Step.BEGIN_AUCTION:
        return _("A call auction begins at %(moment)s.") % moment
    if timed.step == Step.OPEN:
        return _("Trading begins at %(moment)s.") % moment
    return _("The market closes at %(moment)s.") % moment


def sessions_in_words(sessions: Sequence[Session]) -> list[tuple[str, str]]:
    """Return the parts of a trading day: from when to when, and what the market does then."""
    parts = []
    for session in sessions:
        opens, closes = session["open"], session["close"]
        closing = session.get("closing", closes)
        if "pre_open" in session:
            parts.append((f"{session['pre_open']}–{opens}", _("call auction")))
        parts.append((f"{opens}–{closing}", _("trading")))
        if closing != closes:
            parts.append((f"{closing}–{closes}", _("call auction")))
    return parts
