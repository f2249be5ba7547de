"""When markets trade: sessions of a day, weekends, public holidays and days that the operator closes."""

import datetime as dt

import pytest

from ledger.errors import InvalidValue, NotAllowed
from ledger.models import Record
from trading.markets.calendar import SHANGHAI, is_trading_day
from trading.markets.days import close_day, open_day
from trading.markets.models import ClosedDay
from trading.markets.selectors import steps_between
from trading.markets.sessions import Step, check_sessions, steps_of
from trading.models import Market

DAY = [
    {"pre_open": "09:15", "open": "09:30", "close": "11:30"},
    {"open": "13:00", "closing": "14:57", "close": "15:00"},
]


def at(day, time):
    return dt.datetime.combine(day, dt.time.fromisoformat(time), SHANGHAI)


def test_a_day_has_its_steps_in_order():
    monday = dt.date(2026, 11, 30)
    assert [(step.at.time().isoformat("minutes"), step.step, step.begins_day) for step in steps_of(monday, DAY)] == [
        ("09:15", Step.BEGIN_AUCTION, True),
        ("09:30", Step.OPEN, False),
        ("11:30", Step.CLOSE, False),
        ("13:00", Step.OPEN, False),
        ("14:57", Step.BEGIN_AUCTION, False),
        ("15:00", Step.CLOSE, False),
        ("15:00", Step.END_DAY, False),
    ]


def test_a_market_that_is_always_open_ends_its_days_at_midnight_in_shanghai():
    (only,) = steps_of(dt.date(2026, 11, 30), [])
    assert only.step == Step.END_DAY
    assert only.at == dt.datetime(2026, 11, 29, 16, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("day", "trades"),
    [
        ("2026-11-30", True),  # a Monday
        ("2026-11-28", False),  # a Saturday
        ("2026-10-01", False),  # National Day
        ("2026-10-06", False),  # a day off in exchange for a weekend
        ("2026-10-10", False),  # a Saturday on which China works: exchanges stay closed
        ("2026-02-17", False),  # Spring Festival
        ("2025-01-27", True),  # the last working day before it in 2025
        ("2025-01-28", False),
    ],
)
def test_markets_trade_on_weekdays_without_holidays(day, trades):
    assert is_trading_day(dt.date.fromisoformat(day)) is trades


def test_steps_leave_out_days_without_trading(who):
    close_day(actor=who.registrar, day=dt.date(2099, 12, 1), reason="The data centre moves.")
    market = Market(sessions=[{"open": "09:30", "close": "15:00"}])
    # A Friday, a weekend, a Monday, and the closed Tuesday.
    steps = steps_between(market, at(dt.date(2099, 11, 27), "15:00"), at(dt.date(2099, 12, 2), "09:30"))
    assert [(step.at.astimezone(SHANGHAI).date().day, step.step) for step in steps] == [
        (30, Step.OPEN),
        (30, Step.CLOSE),
        (30, Step.END_DAY),
        (2, Step.OPEN),
    ]
    # What is at the first moment is done, what is at the last is due.
    assert steps_between(market, at(dt.date(2099, 11, 30), "09:30"), at(dt.date(2099, 11, 30), "09:30")) == []


@pytest.mark.parametrize(
    "sessions",
    [
        None,
        {},
        "09:30",
        [[]],
        [{"open": "09:30"}],
        [{"close": "09:30"}],
        [{"open": "9:30", "close": "11:30"}],
        [{"open": "25:00", "close": "26:00"}],
        [{"open": "ab:cd", "close": "11:30"}],
        [{"open": 930, "close": 1130}],
        [{"open": "11:30", "close": "09:30"}],
        [{"open": "09:30", "close": "09:30"}],
        [{"open": "09:30", "pre_open": "09:45", "close": "11:30"}],
        [{"open": "09:30", "close": "11:30", "closing": "11:31"}],
        [{"open": "09:30", "close": "11:30", "lunch": "12:00"}],
        [{"open": "09:30", "close": "11:30"}, {"open": "11:00", "close": "15:00"}],
        [{"open": f"{hour:02}:00", "close": f"{hour:02}:30"} for hour in range(5)],
    ],
)
def test_sessions_that_make_no_sense_are_refused(sessions):
    with pytest.raises(InvalidValue) as refused:
        check_sessions(sessions)
    assert refused.value.field == "sessions"


def test_only_the_operator_closes_days_and_only_those_to_come(who):
    with pytest.raises(NotAllowed):
        close_day(actor=who.buyer, day=dt.date(2099, 12, 1), reason="Please.")
    today = dt.datetime.now(SHANGHAI).date()
    for day, reason, field in ((today, "Now.", "day"), (dt.date(2099, 12, 1), "  ", "reason")):
        with pytest.raises(InvalidValue) as refused:
            close_day(actor=who.registrar, day=day, reason=reason)
        assert refused.value.field == field
    closed = close_day(actor=who.registrar, day=dt.date(2099, 12, 1), reason="Moving.")
    with pytest.raises(InvalidValue):
        close_day(actor=who.registrar, day=dt.date(2099, 12, 1), reason="Twice.")
    open_day(actor=who.registrar, closed_day_id=closed.pk)
    assert not ClosedDay.objects.exists()
    assert Record.objects.filter(kind__in=["market_day_closed", "market_day_opened"]).count() == 2
