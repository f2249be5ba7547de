"""The stream of a market: a snapshot, then what changes; who comes back has missed nothing, and no gap goes unseen."""

import asyncio

import pytest
import redis

from tests.streaming import REDIS_URL, Client, listening, publish
from trading.execution import buffers
from trading.stream import app, broadcast, markets, reader
from trading.stream.inbox import MAX_BACKLOG


def scene(play, monkeypatch, **options):
    async def run():
        async with listening(monkeypatch, **options) as there:
            await play(there)

    asyncio.run(run())


def sequences(client, *names):
    return [event.data["sequence"] for event in client.named(*(names or ("snapshot", "delta")))]


def flush():
    with redis.Redis.from_url(REDIS_URL) as client:
        client.flushall()


def test_a_reader_gets_a_snapshot_and_then_what_changes_in_its_market_alone(monkeypatch):
    async def play(_there):
        publish("TH-1", 5)
        client = Client()
        client.run()
        await client.sees("event: snapshot")
        publish("TH-2", 1)
        publish("TH-1", 6, previous=5)
        publish("TH-1", 9, previous=6)
        await client.sees('"sequence":9')
        assert sequences(client) == [5, 6, 9]
        assert [event.name for event in client.events] == ["resumed", "snapshot", "delta", "delta"]
        assert client.named("snapshot")[0].data["reason"] == "connected"
        ids = [event.id for event in client.named("snapshot", "delta")]
        life = ids[0].partition("-")[0]
        assert ids == [f"{life}-5", f"{life}-6", f"{life}-9"]
        assert dict(client.sent[0]["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"

    scene(play, monkeypatch)


@pytest.mark.parametrize("by", ["header", "query"])
def test_who_comes_back_gets_exactly_what_was_missed(monkeypatch, by):
    async def play(_there):
        publish("TH-1", 1)
        first = Client()
        stream = first.run()
        publish("TH-1", 2, previous=1)
        await first.sees('"sequence":2')
        await first.leaves(stream)
        for sequence in range(3, 251):
            publish("TH-1", sequence, previous=sequence - 1)
        back = Client(
            **({"last_event_id": first.last_id} if by == "header" else {"query": f"last_event_id={first.last_id}"})
        )
        back.run()
        await back.sees('"sequence":250')
        publish("TH-1", 251, previous=250)
        await back.sees('"sequence":251')
        assert sequences(back) == list(range(3, 252))
        assert not back.named("snapshot")

    scene(play, monkeypatch)


def test_who_has_missed_nothing_gets_nothing(monkeypatch):
    async def play(_there):
        publish("TH-1", 1)
        first = Client()
        stream = first.run()
        await first.sees("event: snapshot")
        await first.leaves(stream)
        back = Client(last_event_id=first.last_id)
        back.run()
        publish("TH-1", 2, previous=1)
        await back.sees('"sequence":2')
        assert sequences(back) == [2]

    scene(play, monkeypatch)


def test_beyond_the_buffer_there_is_a_new_snapshot_that_says_so_with_the_trades_since(monkeypatch):
    monkeypatch.setattr(buffers, "EVENTS_KEPT", 1)

    async def play(_there):
        publish("TH-1", 1)
        first = Client()
        stream = first.run()
        await first.sees("event: snapshot")
        await first.leaves(stream)
        # Redis trims by whole nodes of about a hundred entries.
        for sequence in range(2, 300):
            trades = [{"id": each, "sequence": each} for each in range(1, sequence + 1)][-40:]
            publish("TH-1", sequence, previous=sequence - 1, trades=trades)
        back = Client(last_event_id=first.last_id.replace("-1", "-298"))
        back.run()
        await back.sees('"sequence":299')
        late = Client(last_event_id=first.last_id)
        late.run()
        await late.sees('"sequence":299')
        (snapshot,) = late.named("snapshot")
        assert snapshot.data["reason"] == "missed"
        assert len(snapshot.data["trades"]) == 40
        assert sequences(back, "delta") == [299]

    scene(play, monkeypatch)


def test_a_redis_that_was_emptied_is_another_life_and_nobody_goes_on_as_if_nothing_was(monkeypatch):
    async def play(_there):
        publish("TH-1", 7)
        there, away = Client(), Client()
        there.run()
        stream = away.run()
        for client in (there, away):
            await client.sees("event: snapshot")
        await away.leaves(stream)
        flush()
        publish("TH-1", 8, trades=[{"id": 1, "sequence": 7}, {"id": 2, "sequence": 8}])
        await there.sees('"sequence":8')
        back = Client(last_event_id=away.last_id)
        back.run()
        await back.sees("event: snapshot")
        for client in (there, back):
            snapshot = client.named("snapshot")[-1]
            assert (snapshot.data["reason"], snapshot.data["sequence"]) == ("reset", 8)
            assert [trade["id"] for trade in snapshot.data["trades"]] == [2]
            assert snapshot.id.partition("-")[0] != away.last_id.partition("-")[0]

    scene(play, monkeypatch)


def test_a_redis_that_went_back_in_time_is_seen(monkeypatch):
    async def play(_there):
        publish("TH-1", 3)
        ahead = Client(last_event_id="00000000-9")
        with redis.Redis.from_url(REDIS_URL) as client:
            client.hset("market:TH-1:head", "life", "00000000")
        ahead.run()
        await ahead.sees("event: snapshot")
        assert sequences(ahead) == [3]
        publish("TH-1", 4, previous=3)
        await ahead.sees('"sequence":4')

    scene(play, monkeypatch)


def test_what_a_reader_did_not_hear_it_asks_for(monkeypatch):
    """A message of Redis that never came: the next one does not follow, and what lies between is in the buffer."""

    async def play(there):
        publish("TH-1", 1)
        client = Client()
        client.run()
        await client.sees("event: snapshot")
        lost = there._markets.pop("TH-1")
        publish("TH-1", 2, previous=1)
        await asyncio.sleep(0.1)
        there._markets["TH-1"] = lost
        publish("TH-1", 3, previous=2)
        await client.sees('"sequence":3')
        assert sequences(client) == [1, 2, 3]

    scene(play, monkeypatch)


def test_of_two_who_publish_the_same_the_first_counts_and_a_gap_is_told_to_who_publishes():
    assert publish("TH-1", 5) == "added"
    assert publish("TH-1", 5, previous=4) == "known"
    assert publish("TH-1", 4) == "known"
    assert publish("TH-1", 8, previous=7) == "gap"
    assert publish("TH-1", 8, previous=5) == "added"
    assert publish("TH-2", 1, previous=0) == "added"
    assert publish("TH-3", 2, previous=1) == "gap"


@pytest.mark.parametrize(
    "bad", ["x", "00000000-", "-5", "00000000-" + "9" * 30, "0" * 5_000, "G0000000-1", "00000000-1 "]
)
def test_an_id_that_is_none_of_ours_is_as_good_as_none(monkeypatch, bad):
    async def play(_there):
        publish("TH-1", 5)
        client = Client(last_event_id=bad)
        client.run()
        await client.sees("event: snapshot")
        assert client.named("snapshot")[0].data["reason"] == "connected"

    scene(play, monkeypatch)


def test_where_nothing_happens_the_heart_beats(monkeypatch):
    monkeypatch.setattr(broadcast, "HEARTBEAT_SECONDS", 0.05)

    async def play(_there):
        publish("TH-1", 1)
        client = Client()
        client.run()
        await client.sees("event: heartbeat")

    scene(play, monkeypatch)


def test_readers_who_leave_leave_nothing_behind(monkeypatch):
    async def play(there):
        for number in range(3):
            publish(f"TH-{number}", 1)
        before = asyncio.all_tasks()
        clients = [Client(f"/stream/markets/TH-{number % 3}") for number in range(30)]
        streams = [client.run() for client in clients]
        for client in clients:
            await client.sees("event: snapshot")
        assert there.readers == 30
        for client in clients:
            client.left.set()
        await asyncio.gather(*streams)
        assert there.readers == 0
        assert not there._markets
        assert asyncio.all_tasks() == before

    scene(play, monkeypatch)


@pytest.mark.parametrize("is_dropped", [True, False])
def test_a_reader_that_is_slow_takes_no_memory_and_misses_nothing(monkeypatch, is_dropped):
    """What it was not given it gets from the buffer: where that happens too often, by coming back."""
    if is_dropped:
        monkeypatch.setattr(reader, "MAX_OVERRUNS", 0)

    async def play(there):
        publish("TH-1", 1)
        slow, quick = Client(), Client()
        stream = slow.run()
        quick.run()
        for client in (slow, quick):
            await client.sees("event: snapshot")
        slow.reads.clear()
        for sequence in range(2, 2 + 3 * MAX_BACKLOG):
            publish("TH-1", sequence, previous=sequence - 1)
        last = 1 + 3 * MAX_BACKLOG
        await quick.sees(f'"sequence":{last}')
        assert max(len(inbox) for inbox in there._markets["TH-1"]) <= MAX_BACKLOG
        slow.reads.set()
        if not is_dropped:
            await slow.sees(f'"sequence":{last}')
            assert sequences(slow) == sequences(quick)
            return
        await asyncio.wait_for(stream, 5)
        assert slow.events[-1].name == "too_slow"
        assert there.readers == 1
        back = Client(last_event_id=slow.last_id)
        back.run()
        await back.sees(f'"sequence":{last}')
        assert sequences(slow) + sequences(back) == sequences(quick)

    scene(play, monkeypatch)


def test_a_reader_that_takes_nothing_at_all_is_let_go(monkeypatch):
    monkeypatch.setattr(app, "SEND_SECONDS", 0.1)

    async def play(there):
        publish("TH-1", 1)
        stuck = Client()
        stream = stuck.run()
        await stuck.sees("event: snapshot")
        stuck.reads.clear()
        publish("TH-1", 2, previous=1)
        await asyncio.wait_for(stream, 5)
        assert there.readers == 0

    scene(play, monkeypatch)


def test_redis_lost_and_found_is_told_and_what_was_published_meanwhile_is_caught_up(monkeypatch):
    monkeypatch.setattr(broadcast, "RETRY_SECONDS", 0.3)

    async def play(_there):
        publish("TH-1", 1)
        client = Client()
        client.run()
        await client.sees("event: snapshot")
        with redis.Redis.from_url(REDIS_URL) as admin:
            admin.client_kill_filter(_type="pubsub")
        await client.sees("event: interrupted")
        publish("TH-1", 2, previous=1)
        await client.sees('"sequence":2')
        assert [event.name for event in client.events] == ["resumed", "snapshot", "interrupted", "resumed", "delta"]

    scene(play, monkeypatch)


def test_without_redis_a_reader_is_told_so(monkeypatch):
    async def play(there):
        client = Client()
        stream = client.run()
        await client.sees("event: interrupted")
        await client.leaves(stream)

    scene(play, monkeypatch, url="redis://127.0.0.1:1/0")


def test_a_snapshot_that_could_not_be_read_comes_later(monkeypatch):
    """Redis answers, but not this time: the reader asks again by itself."""
    monkeypatch.setattr(broadcast, "HEARTBEAT_SECONDS", 0.1)

    async def play(_there):
        publish("TH-1", 1)
        with redis.Redis.from_url(REDIS_URL) as client:
            snapshot = client.hgetall("market:TH-1:head")
            client.delete("market:TH-1:head")
            client.set("market:TH-1:head", "no hash")
            asking = Client()
            asking.run()
            await asking.sees("event: interrupted")
            client.delete("market:TH-1:head")
            client.hset("market:TH-1:head", mapping=snapshot)
            await asking.sees("event: snapshot")

    scene(play, monkeypatch)


def test_when_the_process_ends_every_stream_ends(monkeypatch):
    async def play(there):
        publish("TH-1", 1)
        client = Client()
        stream = client.run()
        await client.sees("event: snapshot")
        await there.close()
        await asyncio.wait_for(stream, 2)
        assert client.sent[-1] == {"type": "http.response.body", "body": b""}

    scene(play, monkeypatch)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/stream/markets/", "GET", 404),
        ("/stream/markets/TH-1/", "GET", 404),
        ("/stream/markets/TH-1\n", "GET", 404),
        ("/stream/markets/*", "GET", 404),
        ("/stream/markets/" + "A" * 41, "GET", 404),
        ("/stream/orders/", "GET", 404),
        ("/stream/markets/TH-1", "POST", 405),
        ("/stream/orders", "DELETE", 405),
    ],
)
def test_everything_else_is_refused(path, method, status):
    async def play():
        client = Client(path, method)
        await client.run()
        assert client.status == status
        assert len(client.sent) == 2

    asyncio.run(play())


def test_more_readers_than_a_process_takes_are_sent_away(monkeypatch):
    monkeypatch.setattr(app, "MAX_READERS", 1)

    async def play(_there):
        publish("TH-1", 1)
        first, second = Client(), Client()
        first.run()
        await first.sees("resumed")
        await second.run()
        assert second.status == 503

    scene(play, monkeypatch)


@pytest.mark.django_db(transaction=True)
def test_a_market_that_there_is_not_is_not_found(monkeypatch):
    async def play(there):
        client = Client("/stream/markets/NOTHING")
        await client.run()
        assert client.status == 404
        assert there.readers == 0

    scene(play, monkeypatch)


def test_pages_of_the_buffer_are_read_as_many_as_there_are(monkeypatch):
    monkeypatch.setattr(markets, "ENTRIES_A_TIME", 3)

    async def play(_there):
        publish("TH-1", 1)
        first = Client()
        stream = first.run()
        await first.sees("event: snapshot")
        await first.leaves(stream)
        for sequence in range(2, 12):
            publish("TH-1", sequence, previous=sequence - 1)
        back = Client(last_event_id=first.last_id)
        back.run()
        await back.sees('"sequence":11')
        assert sequences(back) == list(range(2, 12))

    scene(play, monkeypatch)
