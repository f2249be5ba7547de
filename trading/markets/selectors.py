"""Read when markets trade."""

import datetime as dt

from django.utils import timezone

from trading.markets.calendar import SHANGHAI, is_trading_day
from trading.markets.models import ClosedDay, Market
from trading.markets.sessions import Timed, steps_of

LOOK_AHEAD = dt.timedelta(days=20)
"""Longer than any holiday."""


def steps_between(market: Market, after: dt.datetime, until: dt.datetime) -> list[Timed]:
    """Return what a market does later than one moment and until another, in order."""
    first, last = after.astimezone(SHANGHAI).date(), until.astimezone(SHANGHAI).date()
    days = [first + dt.timedelta(days=later) for later in range((last - first).days + 1)]
    if market.sessions:
        days = [day for day in days if is_trading_day(day)]
    steps = [timed for day in days for timed in steps_of(day, market.sessions) if after < timed.at <= until]
    if not steps or not market.sessions:
        return steps
    closed = closed_days(first, last)
    return [timed for timed in steps if timed.at.astimezone(SHANGHAI).date() not in closed]


def next_step(market: Market) -> Timed | None:
    """Return what a market with sessions does next, and when; None where it is always open."""
    if not market.sessions:
        return None
    now = timezone.now()
    return next(iter(steps_between(market, now, now + LOOK_AHEAD)), None)


def closed_days(first: dt.date, last: dt.date) -> set[dt.date]:
    """Return the days that the operator closes beyond weekends and public holidays."""
    return set(ClosedDay.objects.filter(day__range=(first, last)).values_list("day", flat=True))
