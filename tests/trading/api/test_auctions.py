"""One-way auctions over the API: put up, bid for, sealed, awarded."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from tests.callers import Caller, is_problem, statuses
from tests.scenes import People, bid_for, issue_to_cooperative, market_for, pay_in, put_up_lot
from trading.auctions.closing import close_auctions
from trading.execution.services import execute_market
from trading.models import Bid, Market, OneWayAuction


@pytest.fixture
def market(who: People) -> Market:
    pay_in(who, who.buyer, 10_000_000)
    pay_in(who, who.other_buyer, 10_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=20)


def lot(traded: Market, **changes: Any) -> dict[str, Any]:
    closes_at = (timezone.now() + dt.timedelta(hours=1)).isoformat()
    return {
        "market": traded.symbol,
        "client_auction_id": "l-1",
        "quantity_t": 10,
        "reserve_price_fen": 4_000,
        "closes_at": closes_at,
    } | changes


BID = {"client_bid_id": "b-1", "price_fen": 4_500, "quantity_t": 4}


def test_a_lot_is_put_up_and_read_by_everyone(who: People, market: Market) -> None:
    sent = lot(market)
    answer = Caller(who.cooperative).send("/auctions", sent)
    assert answer.status_code == 201
    assert Caller(who.cooperative).send("/auctions", sent).status_code == 200
    auction, seller = answer.json(), who.cooperative.organisation
    assert auction == {
        "id": OneWayAuction.objects.get().pk,
        "market": market.symbol,
        "seller": {"id": str(seller.public_id), "name": seller.name, "name_en": seller.name_en},
        "quantity_t": 10,
        "reserve_price_fen": 4_000,
        "least_bid_t": 1,
        "is_sealed": True,
        "pricing": "uniform",
        "fee_bps": 20,
        "opens_at": auction["opens_at"],
        "closes_at": auction["closes_at"],
        "state": "open",
        "reason": "",
        "decided_at": None,
    }
    everyone = dict.fromkeys(("cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor", "stranger"), 200)
    for path in ("/auctions", f"/auctions/{auction['id']}", f"/auctions/{auction['id']}/bids"):
        assert statuses(who, "GET", path) == everyone
    assert [row["id"] for row in Caller().ask("/auctions", state="open").json()["results"]] == [auction["id"]]
    assert Caller().ask("/auctions", market="NONE").json()["results"] == []


def test_nobody_but_the_bidder_reads_a_sealed_bid(who: People, market: Market) -> None:
    auction = put_up_lot(who.cooperative, market, "l")
    placed = Caller(who.buyer).send(f"/auctions/{auction.pk}/bids", BID)
    assert placed.status_code == 201
    assert Caller(who.buyer).send(f"/auctions/{auction.pk}/bids", BID).status_code == 200
    bid = placed.json()
    assert (bid["deposit_fen"], bid["state"], bid["market"]) == (18_000 + 36, "standing", market.symbol)
    path = f"/bids/{bid['id']}"
    assert Caller(who.buyer).ask(path).json() == bid
    unseen = dict.fromkeys(("cooperative", "verifier", "registrar", "treasurer", "auditor"), 404)
    assert statuses(who, "GET", path) == unseen | {"buyer": 200, "stranger": 401}
    for person in (None, who.cooperative, who.auditor, who.registrar, who.other_buyer, who.buyer):
        assert Caller(person).ask(f"/auctions/{auction.pk}/bids").json()["results"] == []
    accounts = {row["id"]: row for row in Caller(who.auditor).ask("/accounts").json()["results"]}
    cash = Bid.objects.get().hold.account_id
    assert (accounts[cash]["held"], accounts[cash]["available"]) == (None, None)
    own = {row["id"]: row for row in Caller(who.buyer).ask("/accounts").json()["results"]}
    assert own[cash]["held"] == 18_036
    with time_machine.travel(auction.closes_at):
        close_auctions()
    shown = Caller().ask(f"/auctions/{auction.pk}/bids").json()["results"]
    assert shown == [
        {
            "price_fen": 4_500,
            "quantity_t": 4,
            "awarded_t": 4,
            "awarded_price_fen": 4_500,
            "placed_at": bid["placed_at"],
        }
    ]
    execute_market(market.pk)
    won = Caller(who.buyer).ask("/bids").json()["results"][0]
    assert (won["state"], won["awarded_t"], won["deposit_fen"], won["commitment"]) == ("won", 4, 0, bid["commitment"])


def test_an_open_auction_shows_prices_and_no_names(who: People, market: Market) -> None:
    auction = put_up_lot(who.cooperative, market, "l", is_sealed=False)
    bid = bid_for(who.buyer, auction, "b")
    [shown] = Caller().ask(f"/auctions/{auction.pk}/bids").json()["results"]
    assert (shown["price_fen"], "bidder" in shown, "organisation" in shown) == (4_500, False, False)
    assert is_problem(Caller(who.buyer).send(f"/bids/{bid.pk}/withdraw"), 409, "bid_binds")


def test_who_may_do_what(who: People, market: Market) -> None:
    nobody = {"verifier": 403, "registrar": 403, "treasurer": 403, "auditor": 403, "stranger": 401}
    assert statuses(who, "POST", "/auctions", lot(market)) == nobody | {"cooperative": 201, "buyer": 409}
    auction = put_up_lot(who.cooperative, market, "l")
    path = f"/auctions/{auction.pk}"
    assert statuses(who, "POST", f"{path}/bids", BID) == nobody | {"cooperative": 403, "buyer": 201}
    reason = {"reason": "disputed"}
    cancel = nobody | {"cooperative": 409, "buyer": 403, "registrar": 200}
    assert statuses(who, "POST", f"{path}/cancel", reason) == cancel
    bid = bid_for(who.buyer, auction, "b")
    withdraw = nobody | {"cooperative": 404, "buyer": 200}
    assert statuses(who, "POST", f"/bids/{bid.pk}/withdraw") == withdraw


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"price_fen": 3_999}, 422, "below_reserve", "/price_fen"),
        ({"quantity_t": 11}, 422, "invalid_value", "/quantity_t"),
        ({"quantity_t": 0}, 400, "invalid_input", "/quantity_t"),
        ({"price_fen": 10_000_000}, 409, "insufficient_funds", "/quantity_t"),
        ({"price_fen": "4500"}, 400, "invalid_input", "/price_fen"),
    ],
)
def test_what_is_wrong_with_a_bid_is_named(
    who: People, market: Market, change: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    auction = put_up_lot(who.cooperative, market, "l")
    assert is_problem(Caller(who.buyer).send(f"/auctions/{auction.pk}/bids", BID | change), status, code, pointer)
    assert not Bid.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"quantity_t": 1_001}, 409, "insufficient_credits", "/quantity_t"),
        ({"closes_at": "2020-01-01T00:00:00Z"}, 422, "invalid_value", "/closes_at"),
        ({"opens_at": "2020-01-01T00:00:00Z"}, 422, "invalid_value", "/opens_at"),
        ({"least_bid_t": 11}, 422, "invalid_value", "/least_bid_t"),
        ({"pricing": "dutch"}, 400, "invalid_input", "/pricing"),
        ({"is_sealed": "yes"}, 400, "invalid_input", "/is_sealed"),
        ({"market": "NONE"}, 404, "not_found", "/market"),
    ],
)
def test_what_is_wrong_with_a_lot_is_named(
    who: People, market: Market, change: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    assert is_problem(Caller(who.cooperative).send("/auctions", lot(market, **change)), status, code, pointer)
    assert not OneWayAuction.objects.exists()


def test_lists_take_as_many_queries_however_long_they_are(
    who: People, market: Market, django_assert_num_queries: Any
) -> None:
    caller = Caller(who.buyer)
    for count in (1, 4):
        for at in range(count):
            bid_for(who.buyer, put_up_lot(who.cooperative, market, f"{count}-{at}"), f"{count}-{at}")
        for path in ("/auctions", "/bids"):
            with django_assert_num_queries(2):
                assert caller.ask(path).status_code == 200
