import asyncio
import contextlib
import http.client
import os
import time

import pytest
import redis

from config import asgi
from tests.running import running, wait_until

REDIS_URL = os.environ["REDIS_URL"]


class Reader:
    """A client of the application: what it was sent, and a way to leave."""

    def __init__(self, path="/stream/markets/TH-1", method="GET", *, reads=True):
        self.scope = {"type": "http", "path": path, "method": method}
        self.sent = []
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        if reads:
            self.reads.set()

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        await self.reads.wait()
        self.sent.append(message)

    def run(self):
        return asyncio.create_task(asgi.application(self.scope, self.receive, self.send))

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    async def sees(self, what, seconds=5.0):
        async with asyncio.timeout(seconds):
            while what not in self.text:
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def listening(monkeypatch):
    """Replace the process's broadcast by one of this event loop, connected to the real Redis."""
    broadcast = asgi.Broadcast(REDIS_URL)
    monkeypatch.setattr(asgi, "broadcast", broadcast)
    broadcast.start()
    async with asyncio.timeout(5):
        while not broadcast.is_connected:
            await asyncio.sleep(0.01)
    yield broadcast
    await broadcast.close()


def publish(symbol, text):
    with redis.Redis.from_url(REDIS_URL) as client:
        client.publish(f"market:{symbol}", text)


def test_a_reader_sees_what_is_published_of_its_market_alone(monkeypatch):
    async def scene():
        async with listening(monkeypatch):
            reader = Reader()
            reader.run()
            await reader.sees("event: resumed")
            publish("TH-2", '{"sequence": 1}')
            publish("TH-1", '{"sequence": 2}')
            await reader.sees('event: book\ndata: {"sequence": 2}\n\n')
            assert '"sequence": 1' not in reader.text
            assert dict(reader.sent[0]["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"

    asyncio.run(scene())


def test_where_nothing_happens_the_heart_beats(monkeypatch):
    monkeypatch.setattr(asgi, "HEARTBEAT_SECONDS", 0.05)

    async def scene():
        async with listening(monkeypatch):
            reader = Reader()
            reader.run()
            await reader.sees("event: heartbeat")

    asyncio.run(scene())


def test_readers_who_leave_leave_nothing_behind(monkeypatch):
    async def scene():
        async with listening(monkeypatch) as broadcast:
            before = asyncio.all_tasks()
            readers = [Reader(f"/stream/markets/TH-{n % 3}") for n in range(30)]
            streams = [reader.run() for reader in readers]
            for reader in readers:
                await reader.sees("resumed")
            assert broadcast.readers == 30
            for reader in readers:
                reader.left.set()
            await asyncio.gather(*streams)
            assert broadcast.readers == 0
            assert not broadcast._inboxes
            assert asyncio.all_tasks() == before

    asyncio.run(scene())


def test_a_slow_reader_gets_the_newest_and_takes_no_memory(monkeypatch):
    async def scene():
        async with listening(monkeypatch) as broadcast:
            slow = Reader(reads=False)
            slow.run()
            await asyncio.sleep(0.05)
            for sequence in range(200):
                publish("TH-1", f'{{"sequence": {sequence}}}')
            await asyncio.sleep(0.3)
            assert [inbox.qsize() for inbox in broadcast._inboxes["TH-1"]] == [asgi.MAX_BACKLOG]
            slow.reads.set()
            await slow.sees('{"sequence": 199}')
            assert '{"sequence": 100}' not in slow.text

    asyncio.run(scene())


def test_a_reader_who_leaves_while_it_is_slow_is_let_go(monkeypatch):
    async def scene():
        async with listening(monkeypatch) as broadcast:
            slow = Reader(reads=False)
            stream = slow.run()
            await asyncio.sleep(0.05)
            slow.left.set()
            await asyncio.wait_for(stream, 2)
            assert broadcast.readers == 0

    asyncio.run(scene())


def test_redis_lost_and_found_is_told_and_the_stream_goes_on(monkeypatch):
    monkeypatch.setattr(asgi, "RETRY_SECONDS", 0.1)

    async def scene():
        async with listening(monkeypatch):
            reader = Reader()
            reader.run()
            await reader.sees("resumed")
            with redis.Redis.from_url(REDIS_URL) as client:
                client.client_kill_filter(_type="pubsub")
            await reader.sees("event: interrupted")
            async with asyncio.timeout(5):
                while reader.text.count("event: resumed") < 2:
                    await asyncio.sleep(0.01)
            publish("TH-1", '{"sequence": 7}')
            await reader.sees('{"sequence": 7}')

    asyncio.run(scene())


def test_without_redis_a_reader_is_told_so(monkeypatch):
    async def scene():
        broadcast = asgi.Broadcast("redis://127.0.0.1:1/0")
        monkeypatch.setattr(asgi, "broadcast", broadcast)
        reader = Reader()
        stream = reader.run()
        await reader.sees("event: interrupted")
        reader.left.set()
        await stream
        await broadcast.close()

    asyncio.run(scene())


def test_when_the_process_ends_every_stream_ends(monkeypatch):
    async def scene():
        async with listening(monkeypatch) as broadcast:
            reader = Reader()
            stream = reader.run()
            await reader.sees("resumed")
            await broadcast.close()
            await asyncio.wait_for(stream, 2)
            assert reader.sent[-1] == {"type": "http.response.body", "body": b""}

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/stream/markets/", "GET", 404),
        ("/stream/markets/TH-1/", "GET", 404),
        ("/stream/markets/TH-1\n", "GET", 404),
        ("/stream/markets/*", "GET", 404),
        ("/stream/markets/" + "A" * 41, "GET", 404),
        ("/stream/markets/TH-1", "POST", 405),
    ],
)
def test_everything_else_is_refused(path, method, status):
    async def scene():
        reader = Reader(path, method)
        await reader.run()
        assert reader.sent[0]["status"] == status
        assert len(reader.sent) == 2

    asyncio.run(scene())


def test_more_readers_than_a_process_takes_are_sent_away(monkeypatch):
    monkeypatch.setattr(asgi, "MAX_READERS", 1)

    async def scene():
        async with listening(monkeypatch):
            first, second = Reader(), Reader()
            first.run()
            await first.sees("resumed")
            await second.run()
            assert second.sent[0]["status"] == 503

    asyncio.run(scene())


@pytest.mark.django_db
def test_the_real_server_streams_with_one_subscription_and_stops_with_readers_connected():
    with running("stream") as (processes, environment), redis.Redis.from_url(REDIS_URL) as client:
        wait_until(lambda: client.pubsub_numpat() == 1)
        connections = [_connect(int(environment["STREAM_PORT"])) for _ in range(20)]
        answers = [connection.getresponse() for connection in connections]
        assert {answer.status for answer in answers} == {200}
        for answer in answers:
            _read_until(answer, b"event: resumed")
        client.publish("market:TH-1", '{"sequence": 3}')
        for answer in answers:
            _read_until(answer, b'data: {"sequence": 3}')
        assert client.pubsub_numpat() == 1
        for connection in connections[1:]:
            connection.close()
        client.publish("market:TH-1", '{"sequence": 4}')
        _read_until(answers[0], b'data: {"sequence": 4}')
        began = time.monotonic()
        processes.stop()
        assert time.monotonic() - began < 10
        connections[0].close()


def _connect(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/stream/markets/TH-1")
    return connection


def _read_until(answer, line):
    while (read := answer.readline()).strip() != line:
        assert read, "the stream has ended"
