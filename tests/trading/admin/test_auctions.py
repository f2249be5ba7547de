"""What the desk shows of block trades and auctions, and what it does not of sealed bids."""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests.desk import client_of
from tests.scenes import People, bid_for, issue_to_cooperative, market_for, offer_block, pay_in, put_up_lot
from trading.auctions.closing import close_auctions
from trading.models import Bid, OneWayAuction


@pytest.fixture
def bid(who: People) -> Bid:
    """Return a sealed bid of 4 t at 45.67 yuan."""
    pay_in(who, who.buyer, 1_000_000)
    market = market_for(who, issue_to_cooperative(who, 100))
    return bid_for(who.buyer, put_up_lot(who.cooperative, market, "l"), "b", price_fen=4_567)


def pages_about(bid: Bid) -> list[str]:
    """Return the addresses of all that could tell a bid."""
    account = bid.hold.account
    return [
        "/admin/trading/bid/",
        f"/admin/trading/bid/{bid.pk}/change/",
        "/admin/trading/bid/export.csv",
        f"/admin/trading/onewayauction/{bid.auction_id}/change/",
        "/admin/ledger/hold/",
        "/admin/ledger/hold/export.csv",
        f"/admin/ledger/hold/{bid.hold_id}/change/",
        "/admin/ledger/account/",
        "/admin/ledger/account/export.csv",
        f"/admin/ledger/account/{account.pk}/change/",
        f"/admin/ledger/asset/{account.asset_id}/change/",
        f"/admin/ledger/organisation/{bid.bidder_id}/change/",
        "/admin/ledger/record/",
    ]


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode()


@pytest.mark.parametrize("reader", ["registrar", "treasurer", "auditor"])
def test_no_page_tells_a_sealed_bid_before_the_award(who: People, bid: Bid, reader: str) -> None:
    client = client_of(getattr(who, reader))
    # The price, the deposit, and what the deposit leaves.
    for address in pages_about(bid):
        page = text_of(client, address)
        assert not any(told in page for told in ("45.67", "182.68", "9,817.32", bid.nonce)), address
    with time_machine.travel(bid.auction.closes_at):
        close_auctions()
    assert "45.67" in text_of(client, f"/admin/trading/bid/{bid.pk}/change/")
    assert "45.67" in text_of(client, f"/admin/trading/onewayauction/{bid.auction_id}/change/")


@pytest.mark.parametrize(
    "query",
    [
        "trading/bid/?price_fen__gt=4000",
        "trading/bid/?quantity_t=4",
        "trading/bid/?nonce__startswith=0",
        "trading/bid/?hold__remaining__gt=1",
        "ledger/hold/?remaining__gt=100",
        "ledger/hold/?remaining=18268",
        "ledger/account/?held__gt=100",
    ],
)
def test_no_filter_tells_it_either(who: People, bid: Bid, query: str) -> None:
    assert client_of(who.auditor).get(f"/admin/{query}").status_code == 400


def test_a_registrar_calls_an_auction_off(who: People, bid: Bid) -> None:
    address = reverse("admin:trading_onewayauction_cancel", args=[bid.auction_id])
    for person in (who.treasurer, who.auditor):
        assert client_of(person).post(address, {"reason": "Disputed."}).status_code == 403
    client = client_of(who.registrar)
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "Disputed."}).status_code == 302
    assert OneWayAuction.objects.get().reason == "Disputed."
    assert "45.67" not in text_of(client, f"/admin/trading/bid/{bid.pk}/change/")


def test_an_offer_shows_its_terms_and_records(who: People) -> None:
    pay_in(who, who.buyer, 1_000_000)
    offer = offer_block(who.buyer, who.cooperative, market_for(who, issue_to_cooperative(who, 100)), "o")
    client = client_of(who.auditor)
    page = client.get(f"/admin/trading/blockoffer/{offer.pk}/change/")
    assert "45.00" in page.content.decode()
    assert [row[1] for row in page.context["records"].rows] == ["block_offered"]
    listed = client.get("/admin/trading/blockoffer/", {"q": who.cooperative.organisation.name}).context["cl"]
    assert list(listed.result_list) == [offer]
