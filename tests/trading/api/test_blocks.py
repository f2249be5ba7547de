"""Block trades over the API: offered, seen by two, decided, refused."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from ledger.models import Organisation
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory
from tests.scenes import People, issue_to_cooperative, market_for, offer_block, pay_in
from trading.execution.services import execute_market
from trading.models import BlockOffer, Market


@pytest.fixture
def market(who: People) -> Market:
    pay_in(who, who.buyer, 10_000_000)
    pay_in(who, who.other_buyer, 10_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=20)


def body(who: People, traded: Market, **changes: Any) -> dict[str, Any]:
    return terms() | {
        "market": traded.symbol,
        "counterparty": str(who.cooperative.organisation.public_id),
        "side": "buy",
    } | changes  # fmt: skip


def terms(**changes: Any) -> dict[str, Any]:
    expires_at = (timezone.now() + dt.timedelta(hours=1)).isoformat()
    return {"client_offer_id": "o-1", "price_fen": 4_500, "quantity_t": 100, "expires_at": expires_at} | changes


def test_an_offer_is_made_read_and_accepted(who: People, market: Market) -> None:
    sent = body(who, market)
    answer = Caller(who.buyer).send("/blocks", sent)
    assert answer.status_code == 201
    offer = answer.json()
    assert Caller(who.buyer).send("/blocks", sent).status_code == 200
    buyer, seller = who.buyer.organisation, who.cooperative.organisation
    assert offer == {
        "id": BlockOffer.objects.get().pk,
        "market": market.symbol,
        "client_offer_id": "o-1",
        "proposer": {"id": str(buyer.public_id), "name": buyer.name, "name_en": buyer.name_en},
        "counterparty": {"id": str(seller.public_id), "name": seller.name, "name_en": seller.name_en},
        "side": "buy",
        "price_fen": 4_500,
        "quantity_t": 100,
        "value_fen": 450_000,
        "fee_bps": 20,
        "fee_fen": 900,
        "expires_at": offer["expires_at"],
        "state": "open",
        "replaces": None,
        "buy_order": None,
        "sell_order": None,
        "offered_at": offer["offered_at"],
        "decided_at": None,
    }
    path = f"/blocks/{offer['id']}"
    assert Caller(who.cooperative).ask(path).json() == offer
    accepted = Caller(who.cooperative).send(f"{path}/accept")
    assert (accepted.status_code, accepted.json()["state"]) == (202, "accepted")
    execute_market(market.pk)
    assert Caller(who.buyer).ask(path).json()["state"] == "settled"
    assert is_problem(Caller(who.cooperative).send(f"{path}/accept"), 409, "offer_not_open")
    assert [row["id"] for row in Caller(who.buyer).ask("/blocks", state="settled").json()["results"]] == [offer["id"]]
    assert Caller(who.buyer).ask("/blocks", state="open").json()["results"] == []
    assert Caller(who.buyer).ask("/trades").json()["results"][0]["order"] == accepted.json()["buy_order"]


def test_an_offer_is_countered_declined_and_withdrawn(who: People, market: Market) -> None:
    first = offer_block(who.buyer, who.cooperative, market, "first")
    answer = Caller(who.cooperative).send(f"/blocks/{first.pk}/counter", terms(client_offer_id="c-1", quantity_t=20))
    assert (answer.status_code, answer.json()["replaces"], answer.json()["side"]) == (201, first.pk, "sell")
    declined = Caller(who.buyer).send(f"/blocks/{answer.json()['id']}/decline")
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    own = offer_block(who.buyer, who.cooperative, market, "own")
    withdrawn = Caller(who.buyer).send(f"/blocks/{own.pk}/withdraw")
    assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")


def test_who_may_do_what(who: People, market: Market) -> None:
    nobody = {"verifier": 403, "registrar": 403, "treasurer": 403, "auditor": 403, "stranger": 401}
    assert statuses(who, "POST", "/blocks", body(who, market)) == nobody | {"buyer": 201, "cooperative": 422}
    offer = offer_block(who.buyer, who.cooperative, market, "first")
    path = f"/blocks/{offer.pk}"
    unseen = dict.fromkeys(("verifier", "registrar", "treasurer", "auditor"), 404) | {"stranger": 401}
    assert statuses(who, "GET", path) == unseen | {"buyer": 200, "cooperative": 200}
    assert statuses(who, "POST", f"{path}/accept") == nobody | {"buyer": 403, "cooperative": 202}
    assert statuses(who, "POST", f"{path}/counter", terms()) == nobody | {"buyer": 403, "cooperative": 201}
    decide = nobody
    assert statuses(who, "POST", f"{path}/decline") == decide | {"buyer": 403, "cooperative": 200}
    assert statuses(who, "POST", f"{path}/withdraw") == decide | {"buyer": 200, "cooperative": 403}
    for person in (who.other_buyer, who.auditor, who.registrar):
        assert Caller(person).ask("/blocks").json()["results"] == []
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    assert Caller(viewer).ask(path).status_code == 200
    assert is_problem(Caller(viewer).send(f"{path}/accept"), 403, "not_allowed")


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"price_fen": 5_201}, 422, "outside_band", "/price_fen"),
        ({"price_fen": 0}, 400, "invalid_input", "/price_fen"),
        ({"quantity_t": 100_000_001}, 400, "invalid_input", "/quantity_t"),
        ({"quantity_t": 10_000}, 409, "insufficient_funds", "/quantity_t"),
        ({"counterparty": "nobody"}, 422, "unknown_party", "/counterparty"),
        ({"market": "NONE"}, 404, "not_found", "/market"),
        ({"side": "both"}, 400, "invalid_input", "/side"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "invalid_value", "/expires_at"),
        ({"expires_at": "2999-12-31T23:59:59Z"}, 422, "invalid_value", "/expires_at"),
        ({"expires_at": "soon"}, 400, "invalid_input", "/expires_at"),
        ({"expires_at": 5}, 400, "invalid_input", "/expires_at"),
        ({"client_offer_id": "x" * 65}, 400, "invalid_input", "/client_offer_id"),
        ({"hidden": True}, 400, "invalid_input", "/hidden"),
    ],
)
def test_what_is_wrong_is_named(
    who: People, market: Market, change: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    assert is_problem(Caller(who.buyer).send("/blocks", body(who, market, **change)), status, code, pointer)
    assert not BlockOffer.objects.exists()


def test_the_list_takes_as_many_queries_however_long_it_is(
    who: People, market: Market, django_assert_num_queries: Any
) -> None:
    caller = Caller(who.buyer)
    for count in (1, 4):
        for at in range(count):
            offer_block(who.buyer, who.cooperative, market, f"{count}-{at}")
        with django_assert_num_queries(2):
            assert caller.ask("/blocks", market=market.symbol).status_code == 200
    assert Organisation.objects.exists()
