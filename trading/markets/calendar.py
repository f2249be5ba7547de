"""On which days markets trade: Monday to Friday, without China's public holidays. The operator closes further days.

A weekend on which China works in exchange for a holiday is no trading day, as at China's exchanges.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")
SATURDAY = 5


def is_trading_day(day: dt.date) -> bool:
    """Return whether markets trade on a day. Source: the holidays of the State Council, as the package `holidays` has them."""
    return day.weekday() < SATURDAY and day not in _public_holidays(day.year)


def public_holidays(year: int, language: str) -> list[tuple[dt.date, str]]:
    """Return the public holidays of a year that are no weekend, with their names in `zh_CN` or `en_US`.

    Of a year that the State Council has not announced yet these are the holidays themselves, without days off in exchange.
    """
    named = holidays.country_holidays("CN", years=year, language=language)
    return [(day, name) for day, name in sorted(named.items()) if day.weekday() < SATURDAY]


@lru_cache(maxsize=8)
def _public_holidays(year: int) -> frozenset[dt.date]:
    return frozenset(holidays.country_holidays("CN", years=year))
