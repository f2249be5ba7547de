"""Send HTTP requests as fast as they are answered, over a few connections that stay open, from a process of its own.

A general client costs more than the server that it measures; this one writes bytes made beforehand and looks at the status
line alone.

    python -m tests.benchmarks.load HOST PORT CONNECTIONS < requests (each after its length, four bytes)
"""

import asyncio
import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import NamedTuple

from config.run import BASE_DIR


def requests_per_second(port: int, requests: Sequence[bytes], *, connections: int = 16) -> float:
    """Send every request once, and return how many were answered a second.

    Raises: AssertionError where one is answered by an error.
    """
    return len(requests) / _send(port, requests, connections).seconds


def seconds_of_each(port: int, requests: Sequence[bytes]) -> list[float]:
    """Send one request after the other over one connection, and return how long each took to be answered.

    Raises: AssertionError where one is answered by an error.
    """
    return _send(port, requests, 1).each


class Times(NamedTuple):
    """Of requests: how long they took all in all, and each of them in the order in which they were answered."""

    seconds: float
    each: list[float]


def _send(port: int, requests: Sequence[bytes], connections: int) -> Times:
    stream = b"".join(struct.pack(">I", len(request)) + request for request in requests)
    command = [sys.executable, "-m", "tests.benchmarks.load", "127.0.0.1", str(port), str(connections)]
    run = subprocess.run(command, cwd=BASE_DIR, input=stream, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    return Times(*json.loads(run.stdout))


def request(path: str, *, token: str = "", body: bytes | None = None) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection(asyncio.Protocol):
    """One connection: the next request goes out when the last one's answer is in."""

    def __init__(self, waiting: Iterator[bytes], times: list[float], done: "asyncio.Future[None]") -> None:
        self._waiting = waiting
        self._times = times
        self._done = done
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if separator and len(body) >= _content_length(head):
            if not head.startswith(b"HTTP/1.1 2"):
                self._fail(self._answer)
                return
            self._answer = b""
            self._times.append(perf_counter() - self._sent_at)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._fail(b"the connection was closed")

    def _send(self) -> None:
        following = next(self._waiting, None)
        if following is None:
            self._done.set_result(None)
            self._transport.close()
        else:
            self._sent_at = perf_counter()
            self._transport.write(following)

    def _fail(self, why: bytes) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(why.decode("utf-8", "replace")))


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def _send_all(host: str, port: int, connections: int, requests: Sequence[bytes]) -> Times:
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    times: list[float] = []
    finished = [loop.create_future() for _ in range(connections)]
    started = perf_counter()
    for done in finished:
        await loop.create_connection(lambda done=done: Connection(waiting, times, done), host, port)  # type: ignore[misc]
    await asyncio.gather(*finished)
    return Times(perf_counter() - started, times)


def _read_requests(stream: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(stream):
        (length,) = struct.unpack_from(">I", stream, at)
        found.append(stream[at + 4 : at + 4 + length])
        at += 4 + length
    return found


if __name__ == "__main__":
    host, port, connections = sys.argv[1:]
    json.dump(
        asyncio.run(_send_all(host, int(port), int(connections), _read_requests(sys.stdin.buffer.read()))), sys.stdout
    )
