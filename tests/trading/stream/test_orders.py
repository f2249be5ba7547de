"""The private stream: each organisation its own orders and trades, by a token or a ticket, and nobody else's."""

import asyncio
import datetime as dt

import pytest
import redis
from django.utils import timezone

from ledger.models import Membership
from ledger.parties.services import issue_token, revoke_token
from tests.factories import MembershipFactory, UserFactory
from tests.scenes import issue_to_cooperative, market_for, pay_in, people
from tests.streaming import REDIS_URL, Client, listening, order_entry, publish
from trading.execution.services import execute_market
from trading.marketdata import access
from trading.marketdata.access import issue_ticket
from trading.orders.cancels import cancel_order
from trading.orders.services import NewOrder, place_order
from trading.stream import app, broadcast, orders, reader

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def who(transactional_db):
    return people()


def scene(play, monkeypatch):
    async def run():
        async with listening(monkeypatch) as there:
            await play(there)

    asyncio.run(run())


def token_of(member):
    return issue_token(user=member.user, name="stream")[1]


def follow(token="", **asked):
    return Client("/stream/orders", token=token, **asked)


def in_thread(function, *arguments, **named):
    """Do what works with the database beside the loop, as another process would."""

    def do():
        from django.db import connection

        try:
            return function(*arguments, **named)
        finally:
            connection.close()

    return asyncio.to_thread(do)


def seen(client):
    """Return the orders that a client was told of, as (client's id, what became of it, filled)."""
    return [
        (order["client_order_id"], order["change"], order["filled_t"])
        for event in client.named("orders")
        for order in event.data["orders"]
    ]


def trades_seen(client):
    return [trade for event in client.named("snapshot", "orders") for trade in event.data["trades"]]


# What is told


def test_an_organisation_is_told_what_becomes_of_its_orders_and_of_nobody_elses(who, monkeypatch):
    market = market_for(who, issue_to_cooperative(who, 100), taker_fee_bps=10)
    pay_in(who, who.buyer, 10_000_000)
    buyers, sellers = token_of(who.buyer), token_of(who.cooperative)

    def enter(actor, name, side, price, quantity, **terms):
        placed = place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price, quantity, **terms))
        execute_market(market.pk)
        return placed

    async def play(_there):
        buyer, seller = follow(buyers), follow(sellers)
        for client in (buyer, seller):
            client.run()
            await client.sees("event: snapshot")
        resting = await in_thread(enter, who.buyer, "b1", "buy", 4_000, 5)
        await in_thread(enter, who.cooperative, "s1", "sell", 4_000, 2)
        await in_thread(enter, who.buyer, "b2", "buy", 4_000, 1, post_only=True)
        await in_thread(enter, who.buyer, "b3", "buy", 3_990, 1, time_in_force="ioc")
        await in_thread(cancel_order, actor=who.buyer, order_id=resting.pk)
        await in_thread(execute_market, market.pk)
        await buyer.sees("by_request")
        assert seen(buyer) == [
            ("b1", "accepted", 0),
            ("b1", "partially_filled", 2),
            ("b2", "accepted", 0),
            ("b3", "canceled", 0),
            ("b1", "canceled", 2),
        ]
        assert seen(seller) == [("s1", "filled", 2)]
        (bought,), (sold,) = trades_seen(buyer), trades_seen(seller)
        assert (bought["side"], bought["fee_fen"], bought["order"]) == ("buy", 0, resting.pk)
        assert (sold["side"], sold["fee_fen"]) == ("sell", 8)
        assert bought["id"] == sold["id"]
        assert '"s1"' not in buyer.text
        assert '"b1"' not in seller.text

    scene(play, monkeypatch)


def test_a_snapshot_has_the_open_orders_and_who_was_away_for_long_what_ended_and_was_traded_meanwhile(who, monkeypatch):
    market = market_for(who, issue_to_cooperative(who, 100))
    pay_in(who, who.buyer, 10_000_000)
    token = token_of(who.buyer)
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("kept", "buy", 3_990, 5))
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("done", "buy", 4_000, 5))
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 5))
    execute_market(market.pk)
    hour_ago = int((timezone.now() - dt.timedelta(hours=1)).timestamp() * 1000)

    async def play(_there):
        fresh, away, ages = (
            follow(token),
            follow(token, last_event_id=f"00000000.7.{hour_ago}"),
            follow(token, last_event_id="00000000.7.1"),
        )
        for client in (fresh, away, ages):
            client.run()
            await client.sees("event: snapshot")
        (first,), (second,), (third,) = (client.named("snapshot") for client in (fresh, away, ages))
        assert [order["client_order_id"] for order in first.data["orders"]] == ["kept"]
        assert (first.data["reason"], first.data["trades"]) == ("connected", [])
        assert [order["client_order_id"] for order in second.data["orders"]] == ["kept", "done"]
        assert [trade["quantity_t"] for trade in second.data["trades"]] == [5]
        assert second.data["reason"] == "missed"
        assert second.data["trades_complete"] is True
        assert third.data["trades_complete"] is False

    scene(play, monkeypatch)


def test_who_comes_back_gets_exactly_the_entries_that_were_missed(who, monkeypatch):
    mine, others = who.buyer.organisation_id, who.cooperative.organisation_id
    token = token_of(who.buyer)

    async def play(_there):
        publish("TH-1", 1, orders=[order_entry(mine)])
        first = follow(token)
        stream = first.run()
        await first.sees("event: snapshot")
        publish("TH-1", 2, previous=1, orders=[order_entry(mine, order_id=2)])
        await first.sees('"id":2')
        await first.leaves(stream)
        for sequence in range(3, 120):
            entry = order_entry(mine if sequence % 10 == 0 else others, order_id=sequence)
            publish("TH-1", sequence, previous=sequence - 1, orders=[entry])
        back = follow(token, last_event_id=first.last_id)
        back.run()
        await back.sees('"id":110')
        assert [event.data["orders"][0]["id"] for event in back.named("orders")] == list(range(10, 120, 10))
        assert not back.named("snapshot")

    scene(play, monkeypatch)


def test_what_was_not_published_is_told_from_the_database(who, monkeypatch):
    """A batch whose publication was lost: the next one says so, and everybody's state is read anew."""
    token = token_of(who.buyer)

    async def play(_there):
        publish("TH-1", 1)
        client = follow(token)
        client.run()
        await client.sees("event: snapshot")
        publish("TH-1", 9, orders=[{"market": "TH-1", "missed": True}])
        await client.sees('"reason":"missed"')
        assert [event.data["reason"] for event in client.named("snapshot")] == ["connected", "missed"]

    scene(play, monkeypatch)


def test_a_redis_that_was_emptied_is_noticed(who, monkeypatch):
    token, mine = token_of(who.buyer), who.buyer.organisation_id

    async def play(_there):
        publish("TH-1", 1, orders=[order_entry(mine)])
        client = follow(token)
        client.run()
        await client.sees("event: snapshot")
        with redis.Redis.from_url(REDIS_URL) as admin:
            admin.flushall()
        publish("TH-1", 2, orders=[order_entry(mine)])
        await client.sees('"reason":"missed"')

    scene(play, monkeypatch)


def test_a_heartbeat_says_how_far_others_entries_were_passed_over(who, monkeypatch):
    monkeypatch.setattr(broadcast, "HEARTBEAT_SECONDS", 0.1)
    token = token_of(who.buyer)

    async def play(_there):
        publish("TH-1", 1, orders=[order_entry(1_000)])
        client = follow(token)
        client.run()
        await client.sees("event: heartbeat")
        for sequence in range(2, 5):
            publish("TH-1", sequence, previous=sequence - 1, orders=[order_entry(1_000)])
        await client.sees(lambda client: client.last_id.split(".")[1] == "4")
        assert not client.named("orders")

    scene(play, monkeypatch)


# Who may read


def test_everyone_of_an_organisation_may_follow_its_orders_and_nobody_without_one(who, monkeypatch):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    allowed = [token_of(member) for member in (who.buyer, viewer, who.auditor, who.registrar)]
    loner = issue_token(user=UserFactory(), name="nobody's")[1]

    async def play(there):
        for token in allowed:
            client = follow(token)
            stream = client.run()
            await client.sees("event: snapshot")
            await client.leaves(stream)
        for token in ("", "th_forged", loner, "x" * 500):
            client = follow(token)
            await client.run()
            assert client.status == 401
            assert client.sent[1]["body"].startswith(b"Send a token")
        assert there.readers == 0

    scene(play, monkeypatch)


def test_a_ticket_opens_one_stream_once(who, monkeypatch):
    ticket = issue_ticket(actor=who.buyer, token=None)

    async def play(_there):
        client = follow(query=f"ticket={ticket}")
        client.run()
        await client.sees("event: snapshot")
        again = follow(query=f"ticket={ticket}")
        await again.run()
        assert again.status == 401

    scene(play, monkeypatch)


def test_no_ticket_but_a_good_one_opens_anything(who, monkeypatch):
    """Forged, run out, of another purpose, or naming somebody else: what a ticket grants stands in Redis alone."""
    monkeypatch.setattr(access, "TICKET_SECONDS", 1)
    over = issue_ticket(actor=who.buyer, token=None)
    token = token_of(who.buyer)

    async def play(_there):
        await asyncio.sleep(0)
        with redis.Redis.from_url(REDIS_URL) as client:
            while client.exists(access.ticket_key(over)):
                await asyncio.sleep(0.05)
            keys = client.keys("stream-ticket:*")
        forged = [
            "x",
            "x" * 5_000,
            "%00",
            over,
            token,
            f"{over}&organisation={who.buyer.organisation_id}",
            *map(str, keys),
        ]
        for ticket in forged:
            client = follow(query=f"ticket={ticket}")
            await client.run()
            assert client.status == 401, ticket
        # A ticket is looked at alone, where there is one.
        client = follow(token, query="ticket=x")
        await client.run()
        assert client.status == 401

    scene(play, monkeypatch)


def test_a_ticket_is_not_kept_as_it_is(who):
    ticket = issue_ticket(actor=who.buyer, token=token_of(who.buyer))
    with redis.Redis.from_url(REDIS_URL) as client:
        kept = {key: client.get(key) for key in client.keys("stream-ticket:*")}
    assert len(kept) == 1
    assert ticket.encode() not in b"".join([*kept, *kept.values()])


def test_naming_another_organisation_changes_nothing(who, monkeypatch):
    mine, others = who.buyer.organisation_id, who.other_buyer.organisation_id
    token = token_of(who.buyer)

    async def play(_there):
        publish("TH-1", 1, orders=[order_entry(1_000)])
        queries = [f"organisation={others}", f"organisation_id={others}", f"user={who.other_buyer.user_id}"]
        clients = [follow(token, query=query) for query in queries]
        for client in clients:
            client.run()
            await client.sees("event: snapshot")
        publish("TH-1", 2, previous=1, orders=[order_entry(others, mine)])
        for client in clients:
            await client.sees(f'"client_order_id":"c{mine}"')
            assert f'"client_order_id":"c{others}"' not in client.text

    scene(play, monkeypatch)


@pytest.mark.parametrize("how", ["token", "ticket of a token", "ticket of a session"])
@pytest.mark.parametrize("what", ["token revoked", "membership ended", "person locked"])
def test_what_a_stream_rests_on_ends_it(who, monkeypatch, how, what):
    monkeypatch.setattr(broadcast, "HEARTBEAT_SECONDS", 0.1)
    token, secret = issue_token(user=who.buyer.user, name="stream")
    match how:
        case "token":
            client = follow(secret)
        case "ticket of a token":
            client = follow(query=f"ticket={issue_ticket(actor=who.buyer, token=secret)}")
        case _:
            client = follow(query=f"ticket={issue_ticket(actor=who.buyer, token=None)}")

    def end():
        if what == "token revoked":
            revoke_token(user=who.buyer.user, token_id=token.pk)
        elif what == "membership ended":
            Membership.objects.filter(pk=who.buyer.pk).update(organisation=who.other_buyer.organisation)
        else:
            type(who.buyer.user).objects.filter(pk=who.buyer.user_id).update(is_active=False)

    async def play(_there):
        stream = client.run()
        await client.sees("event: heartbeat")
        await in_thread(end)
        if how == "ticket of a session" and what == "token revoked":
            heartbeats = len(client.named("heartbeat"))
            await client.sees(lambda client: len(client.named("heartbeat")) > heartbeats + 2)
            return
        await asyncio.wait_for(stream, 5)
        assert (client.events[-1].name, client.events[-1].data) == ("ended", {"reason": "not_allowed"})

    scene(play, monkeypatch)


def test_a_ticket_whose_right_has_ended_before_it_is_used_opens_nothing(who, monkeypatch):
    token, secret = issue_token(user=who.buyer.user, name="stream")
    ticket = issue_ticket(actor=who.buyer, token=secret)
    revoke_token(user=who.buyer.user, token_id=token.pk)

    async def play(_there):
        client = follow(query=f"ticket={ticket}")
        await client.run()
        assert client.status == 401

    scene(play, monkeypatch)


def test_what_a_ticket_has_opened_ends_after_a_while(who, monkeypatch):
    monkeypatch.setattr(broadcast, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(orders, "TICKET_STREAM_SECONDS", 0)
    ticket = issue_ticket(actor=who.buyer, token=None)

    async def play(_there):
        client = follow(query=f"ticket={ticket}")
        await asyncio.wait_for(client.run(), 5)
        assert client.events[-1].data == {"reason": "ticket_over"}

    scene(play, monkeypatch)


def test_an_organisation_has_so_many_streams_and_no_more(who, monkeypatch):
    monkeypatch.setattr(app, "MAX_READERS_OF_AN_ORGANISATION", 1)
    mine, others = token_of(who.buyer), token_of(who.other_buyer)

    async def play(_there):
        first, second, other = follow(mine), follow(mine), follow(others)
        first.run()
        await first.sees("event: snapshot")
        await second.run()
        assert second.status == 429
        other.run()
        await other.sees("event: snapshot")

    scene(play, monkeypatch)


def test_a_stream_that_always_has_something_to_send_ends_all_the_same(who, monkeypatch):
    """No heartbeat comes between."""
    monkeypatch.setattr(reader, "LOOK_SECONDS", 0)
    token, secret = issue_token(user=who.buyer.user, name="stream")
    mine = who.buyer.organisation_id

    async def play(_there):
        publish("TH-1", 1, orders=[order_entry(mine)])
        client = follow(secret)
        stream = client.run()
        await client.sees("event: snapshot")
        await in_thread(revoke_token, user=who.buyer.user, token_id=token.pk)
        publish("TH-1", 2, previous=1, orders=[order_entry(mine, order_id=77)])
        await asyncio.wait_for(stream, 5)
        assert client.events[-1].data == {"reason": "not_allowed"}
        assert '"id":77' not in client.text

    scene(play, monkeypatch)
