"""The real server of the streams, and what is published by the real worker: thousands of readers have one subscription."""

import http.client
import signal
import time

import orjson
import pytest
import redis

from ledger.parties.services import issue_token
from tests.running import running, signal_program, start_again
from tests.scenes import issue_to_cooperative, market_for, pay_in, people
from tests.streaming import REDIS_URL, publish
from tests.waiting import wait_until
from trading.execution import publishing
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db(transaction=True)


class Stream:
    """A client of the real server, that reads event by event."""

    def __init__(self, port, path="/stream/markets/TH-1", **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.last_id = ""

    def next(self):
        """Return the next event, as name and content."""
        fields = {}
        while True:
            line = self.answer.readline().decode()
            assert line, "the stream has ended"
            if line != "\n":
                name, _colon, value = line.rstrip("\n").partition(": ")
                fields[name] = value
            elif "event" in fields:
                self.last_id = fields.get("id", self.last_id)
                return fields["event"], orjson.loads(fields["data"])
            else:
                fields = {}

    def until(self, name, is_so=lambda content: True):
        """Return the first event from now on that has a name, and of which something is true."""
        while True:
            found, content = self.next()
            if found == name and is_so(content):
                return content

    def close(self):
        self.connection.close()


def test_the_real_server_streams_with_one_subscription_and_stops_with_readers_connected():
    publish("TH-1", 1)
    with running("stream") as (processes, environment), redis.Redis.from_url(REDIS_URL) as client:
        wait_until(lambda: client.pubsub_numpat() == 1)
        port = int(environment["STREAM_PORT"])
        streams = [Stream(port) for _ in range(20)]
        assert {stream.answer.status for stream in streams} == {200}
        for stream in streams:
            stream.until("snapshot")
        publish("TH-1", 3, previous=1)
        for stream in streams:
            assert stream.until("delta")["sequence"] == 3
        assert client.pubsub_numpat() == 1
        for stream in streams[1:]:
            stream.close()
        publish("TH-1", 4, previous=3)
        assert streams[0].until("delta")["sequence"] == 4
        began = time.monotonic()
        processes.stop()
        assert time.monotonic() - began < 10
        streams[0].close()


def test_what_a_killed_worker_never_published_and_a_lost_redis_forgot_reaches_every_reader(monkeypatch):
    """The executor commits and is killed before it publishes; then Redis is emptied. Both are mended within seconds."""
    who = people()
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 100_000_000)
    secret = issue_token(user=who.buyer.user, name="stream")[1]

    def enter(name, actor, side):
        place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, 4_000, 1))

    with (
        running("stream", "worker", "match-0", "beat") as (processes, environment),
        redis.Redis.from_url(REDIS_URL) as client,
    ):
        wait_until(lambda: client.pubsub_numpat() == 1)
        port = int(environment["STREAM_PORT"])
        public = Stream(port, f"/stream/markets/{market.symbol}")
        own = Stream(port, "/stream/orders", Authorization=f"Bearer {secret}")
        own.until("snapshot")
        seen = set()
        enter("s1", who.cooperative, "sell")
        enter("b1", who.buyer, "buy")
        see_trades(public, seen, 1)
        assert own.until("orders", lambda content: content["trades"])["orders"][0]["change"] == "filled"
        signal_program(processes, "match-0", signal.SIGKILL)
        enter("s2", who.cooperative, "sell")
        enter("b2", who.buyer, "buy")
        with monkeypatch.context() as killed:
            killed.setattr(publishing, "publish", lambda *arguments, **named: None)
            execute_market(market.pk)
        see_trades(public, seen, 2)
        assert len(own.until("snapshot")["trades"]) == 2
        client.flushall()
        assert public.until("snapshot")["reason"] == "reset"
        assert own.until("snapshot")["reason"] == "missed"
        start_again(processes, environment, "match-0")
        enter("s3", who.cooperative, "sell")
        enter("b3", who.buyer, "buy")
        see_trades(public, seen, 3)
        assert own.until("orders", lambda content: content["trades"])["orders"][0]["client_order_id"] == "b3"
        public.close()
        own.close()


def see_trades(stream, seen, count):
    """Read until as many different trades have been told."""
    while len(seen) < count:
        name, content = stream.next()
        if name in ("snapshot", "delta"):
            seen |= {trade["id"] for trade in content["trades"]}
    assert len(seen) == count
