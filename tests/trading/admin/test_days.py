import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from tests.desk import client_of
from tests.scenes import People
from trading.models import ClosedDay

CLOSE = "/admin/trading/closedday/close/"
LISTED = "/admin/trading/closedday/"
DAY = {"day": "2026-12-01", "reason": "Typhoon"}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(dt.datetime(2026, 11, 30, 4, tzinfo=dt.UTC), tick=False):
        yield


def open_again(closed: ClosedDay) -> str:
    return reverse("admin:trading_closedday_open", args=[closed.pk])


def test_registrar_closes_a_day_and_opens_it_again(who: People) -> None:
    client = client_of(who.registrar)
    client.post(CLOSE, DAY)
    closed = ClosedDay.objects.get()
    assert (closed.day, closed.reason) == (dt.date(2026, 12, 1), "Typhoon")
    page = client.get(reverse("admin:trading_closedday_change", args=[closed.pk]))
    assert [url for _label, url, _grave in page.context["offered"]] == [open_again(closed)]
    assert [row[1] for row in page.context["records"].rows] == ["market_day_closed"]
    assert client.post(open_again(closed))["Location"] == LISTED
    assert not ClosedDay.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": "2026-11-30"}, "day"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": ""}, "day"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
def test_a_day_that_cannot_be_closed_is_refused_beside_its_field(
    changes: dict[str, str], field: str, who: People
) -> None:
    answer = client_of(who.registrar).post(CLOSE, DAY | changes)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not ClosedDay.objects.exists()


def test_a_day_is_closed_once_and_one_that_has_come_stays_closed(who: People) -> None:
    client = client_of(who.registrar)
    client.post(CLOSE, DAY)
    assert list(client.post(CLOSE, DAY).context["form"].errors) == ["day"]
    closed = ClosedDay.objects.get()
    with time_machine.travel(dt.datetime(2026, 12, 1, 4, tzinfo=dt.UTC), tick=False):
        page = client.get(reverse("admin:trading_closedday_change", args=[closed.pk]))
        assert page.context["offered"] == []
        assert client.post(open_again(closed)).status_code == 422
    assert ClosedDay.objects.count() == 1


def test_the_list_names_the_public_holidays_of_this_and_the_next_year(who: People) -> None:
    table = client_of(who.auditor).get(LISTED).context["holidays"]
    days = [row[0] for row in table.rows]
    assert "2026-10-01" in days
    assert "2027-01-01" in days
    # A weekend is no trading day anyhow.
    assert "2026-10-03" not in days


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "cooperative", "buyer", "verifier"])
def test_nobody_else_closes_or_opens_days(kind: str, who: People) -> None:
    client_of(who.registrar).post(CLOSE, DAY)
    closed = ClosedDay.objects.get()
    client = client_of(getattr(who, kind))
    assert client.post(CLOSE, DAY | {"day": "2026-12-02"}).status_code == 403
    assert client.post(open_again(closed)).status_code == 403
    assert ClosedDay.objects.count() == 1
    assert client.get(LISTED).status_code == (200 if kind in ("treasurer", "auditor") else 403)
