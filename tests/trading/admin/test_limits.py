from typing import Any

import pytest
from django.urls import reverse

from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, market_for
from trading.models import Market, TradingLimit

SET = "/admin/trading/tradinglimit/set/"
LISTED = "/admin/trading/tradinglimit/"


@pytest.fixture
def market(who: People) -> Market:
    return market_for(who, issue_to_cooperative(who, 100))


def limit_of(who: People, **changed: Any) -> dict[str, Any]:
    return {
        "organisation": who.buyer.organisation_id,
        "market": "",
        "largest_order_t": "50",
        "largest_order_fen": "",
        "most_held_fen": "12,500.50",
        "reason": "New here.",
    } | changed


def lift(limit: TradingLimit) -> str:
    return reverse("admin:trading_tradinglimit_lift", args=[limit.pk])


def test_registrar_sets_replaces_and_lifts_a_limit(who: People, market: Market) -> None:
    client = client_of(who.registrar)
    client.post(SET, limit_of(who))
    limit = TradingLimit.objects.get()
    assert (limit.market, limit.largest_order_t, limit.largest_order_fen, limit.most_held_fen) == (
        None,
        50,
        None,
        1_250_050,
    )
    client.post(SET, limit_of(who, most_held_fen="", reason="Known by now."))
    client.post(SET, limit_of(who, market=market.pk))
    limit.refresh_from_db()
    assert (TradingLimit.objects.count(), limit.most_held_fen, limit.reason) == (2, None, "Known by now.")
    page = client.get(reverse("admin:trading_tradinglimit_change", args=[limit.pk]))
    assert "all markets" in page.content.decode()
    # What was said of one market is no part of what was said of all.
    assert [row[1] for row in page.context["records"].rows] == ["organisation_limit_set"] * 2
    done = client.post(lift(limit), {"reason": "Trusted."})
    assert done["Location"] == LISTED
    assert not TradingLimit.objects.filter(pk=limit.pk).exists()
    assert client.get(LISTED).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"organisation": "0"}, "organisation"),
        ({"market": "0"}, "market"),
        ({"largest_order_t": "0"}, "largest_order_t"),
        ({"largest_order_t": "9" * 30}, "largest_order_t"),
        ({"largest_order_t": "", "most_held_fen": ""}, "largest_order_t"),
        ({"largest_order_fen": "0"}, "largest_order_fen"),
        ({"most_held_fen": "1.234"}, "most_held_fen"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "a\0b"}, "reason"),
    ],
)
def test_a_limit_that_is_none_is_refused_beside_its_field(changes: dict[str, str], field: str, who: People) -> None:
    answer = client_of(who.registrar).post(SET, limit_of(who, **changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not TradingLimit.objects.exists()


def test_who_holds_nothing_is_not_offered(who: People) -> None:
    answer = client_of(who.registrar).post(SET, limit_of(who, organisation=who.verifier.organisation_id))
    assert list(answer.context["form"].errors) == ["organisation"]


def test_a_limit_is_not_lifted_without_a_reason(who: People) -> None:
    client = client_of(who.registrar)
    client.post(SET, limit_of(who))
    limit = TradingLimit.objects.get()
    assert list(client.post(lift(limit), {"reason": " "}).context["form"].errors) == ["reason"]
    assert TradingLimit.objects.count() == 1


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "cooperative", "buyer", "verifier"])
def test_nobody_else_sets_or_lifts_limits(kind: str, who: People) -> None:
    client_of(who.registrar).post(SET, limit_of(who))
    limit = TradingLimit.objects.get()
    client = client_of(getattr(who, kind))
    assert client.post(SET, limit_of(who, largest_order_t="1")).status_code == 403
    assert client.post(lift(limit), {"reason": "no"}).status_code == 403
    limit.refresh_from_db()
    assert limit.largest_order_t == 50
    assert client.get(LISTED).status_code == (200 if kind in ("treasurer", "auditor") else 403)
