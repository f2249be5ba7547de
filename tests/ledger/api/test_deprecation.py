"""An operation that will go says so in every answer, and in the schema."""

import datetime as dt

import pytest

from ledger.api.deprecation import deprecated
from ledger.api.parties import Me
from tests.callers import Caller
from tests.scenes import People

SINCE, SUNSET = dt.date(2026, 1, 1), dt.date(2026, 12, 31)


def test_answers_and_refusals_say_since_when_until_when_and_what_instead(
    who: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = deprecated(since=SINCE, sunset=SUNSET, successor="/api/v1/self")
    method = Me.get_me

    def get_me(self: Me, request: object) -> object:
        return method(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(Me, "get_me", mark(get_me))
    for answer in (Caller(who.buyer).ask("/me"), Caller().ask("/me")):
        assert answer["deprecation"] == "@1767225600"
        assert answer["sunset"] == "Thu, 31 Dec 2026 00:00:00 GMT"
        assert 'rel="deprecation"' in answer["link"]
        assert '</api/v1/self>; rel="successor-version"' in answer["link"]


def test_what_stays_says_nothing(who: People) -> None:
    answer = Caller(who.buyer).ask("/me")
    assert not {"deprecation", "sunset", "link"} & {name.lower() for name in answer.headers}


def test_half_a_years_notice_is_given() -> None:
    with pytest.raises(AssertionError):
        deprecated(since=SINCE, sunset=SINCE + dt.timedelta(days=100))
