"""A thousand clients follow a market while orders are executed: how late is the last one, and what does it cost the rest?

The clients are one process of its own, which looks for the sequence at the end of what it has read, not at all of it.

    python -m tests.benchmarks.streams HOST PORT PATH CLIENTS SECONDS
"""

import asyncio
import http.client
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic, perf_counter, sleep, time
from typing import TYPE_CHECKING

from config.run import BASE_DIR

if TYPE_CHECKING:
    from tests.benchmarks.stage import Floor, Stage

BATCHES_A_SECOND = 5
CONNECTING_SECONDS = 30.0
WARMING = 16
_EVENT = re.compile(rb"^id: [0-9a-f]+-([0-9]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured with all clients connected."""

    clients: int
    batches: int
    last_receipt_ms: list[float]
    """From a batch's commit to its receipt by the last client."""
    stream_cpu_percent: float
    book_ms: list[float]
    page_ms: list[float]

    @property
    def median_ms(self) -> float:
        return statistics.median(self.last_receipt_ms)

    @property
    def p99_ms(self) -> float:
        return p99(self.last_receipt_ms)


def p99(values: list[float]) -> float:
    """Return the value that one in a hundred is above."""
    return sorted(values)[min(int(len(values) * 0.99), len(values) - 1)]


def follow_market(stage: "Stage", floor: "Floor", clients: int, seconds: float) -> Run:
    """Let clients follow a market while orders are executed, and ask for its book and its page meanwhile."""
    web, stream = int(stage.environment["WEB_PORT"]), int(stage.environment["STREAM_PORT"])
    symbol = floor.market.symbol
    book, page = f"/api/v1/markets/{symbol}/book", f"/markets/{symbol}"
    with stage.running("web", "stream") as processes:
        _wait_for(stream, "/")
        for path in (book, page):
            _wait_for(web, path, WARMING)
        command = [sys.executable, "-m", "tests.benchmarks.streams", "127.0.0.1", str(stream)]
        command += [f"/stream/markets/{symbol}", str(clients), str(seconds)]
        _trade(floor, 0)
        with subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) as followers:
            assert followers.stdout is not None
            assert followers.stdout.readline() == "connected\n"
            pids = _family(processes._running["stream"].pid)
            before, began = _cpu_seconds(pids), monotonic()
            with (
                _asking(web, f"/api/v1/markets/{symbol}/book") as book_ms,
                _asking(web, f"/markets/{symbol}") as page_ms,
            ):
                committed = _trade_for(floor, seconds - 1)
            cpu = (_cpu_seconds(pids) - before) / (monotonic() - began)
            received: dict[str, list[float]] = json.loads(followers.stdout.read())
    late = [
        (received[str(sequence)][1] - at) * 1000
        for sequence, at in committed.items()
        if received.get(str(sequence), [0])[0] == clients
    ]
    assert len(late) >= len(committed) - 1, f"{len(committed) - len(late)} events have not reached every client"
    return Run(clients, len(committed), late, cpu * 100, book_ms, page_ms)


def _trade_for(floor: "Floor", seconds: float) -> dict[int, float]:
    """Execute a few batches a second, and return when each was committed, by its sequence."""
    committed = {}
    deadline, number = monotonic() + seconds, 1
    while monotonic() < deadline:
        started = monotonic()
        sequence, at = _trade(floor, number)
        committed[sequence] = at
        number += 1
        sleep(max(0.0, 1 / BATCHES_A_SECOND - (monotonic() - started)))
    return committed


def _trade(floor: "Floor", number: int) -> tuple[int, float]:
    """Execute a sell and a buy in one batch, and return its sequence and when it was committed, before it is published."""
    from trading.execution import publishing
    from trading.execution.services import execute_market
    from trading.models import Market
    from trading.orders.services import NewOrder, place_order

    pairs = ((floor.traders[number % 100], "sell"), (floor.traders[100 + number % 100], "buy"))
    for trader, side in pairs:
        price = 3_990 + number % 20
        place_order(
            actor=trader,
            market_id=floor.market.pk,
            order=NewOrder(f"stream-{side}-{number}", side, price, 1 + number % 3),
        )
    times = []
    usual = publishing.publish

    def publish(*arguments, **named):  # type: ignore[no-untyped-def]
        times.append(time())
        usual(*arguments, **named)

    publishing.publish = publish
    try:
        execute_market(floor.market.pk)
    finally:
        publishing.publish = usual
    return Market.objects.values_list("last_sequence", flat=True).get(pk=floor.market.pk), times[-1]


def _wait_for(port: int, path: str, answers: int = 1) -> None:
    """Ask until so many questions in a row are answered, each over a connection of its own: by every process there is."""
    deadline, answered = monotonic() + CONNECTING_SECONDS, 0
    while answered < answers:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
            answered += 1
        except OSError:
            assert monotonic() < deadline, f"nobody answers at port {port}"
            sleep(0.1)
        finally:
            connection.close()


@contextmanager
def _asking(port: int, path: str) -> Iterator[list[float]]:
    """Ask for a page again and again beside what is done in the context; the list has how long each answer took, in ms."""
    took: list[float] = []
    over = Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not over.wait(0.05):
            started = perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            took.append((perf_counter() - started) * 1000)
        connection.close()

    thread = Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def _family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _cpu_seconds(pids: list[int]) -> float:
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


# The clients


class Follower(asyncio.Protocol):
    """One client: notes when it has received which event."""

    def __init__(self, request: bytes, received: dict[int, list[float]], begun: "asyncio.Future[None]") -> None:
        self._request, self._received, self._begun = request, received, begun
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time()
        text = self._rest + data
        end = text.rfind(b"\n\n")
        self._rest = text[end + 2 :] if end >= 0 else text
        for match in _EVENT.finditer(text[: max(end, 0)]):
            count = self._received.setdefault(int(match[1]), [0, 0.0])
            count[0] += 1
            count[1] = now
            if not self._begun.done():
                self._begun.set_result(None)


async def _follow(host: str, port: int, path: str, clients: int, seconds: float) -> dict[int, list[float]]:
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    received: dict[int, list[float]] = {}
    begun = [loop.create_future() for _ in range(clients)]
    transports = []
    for future in begun:
        transport, _ = await loop.create_connection(
            lambda future=future: Follower(request, received, future),  # type: ignore[misc]
            host,
            port,
        )
        transports.append(transport)
    async with asyncio.timeout(CONNECTING_SECONDS):
        await asyncio.gather(*begun)
    print("connected", flush=True)
    await asyncio.sleep(seconds + 2)
    for transport in transports:
        transport.abort()
    return received


if __name__ == "__main__":
    host, port, path, clients, seconds = sys.argv[1:]
    json.dump(asyncio.run(_follow(host, int(port), path, int(clients), float(seconds))), sys.stdout)
