"""Who follows the market as it happens while servers change, and the addresses at which clients enter."""

import contextlib
import http.client
import threading
from time import sleep

from django.urls import resolve

from ledger.api.problems import no_such_address
from tests.operations.failover.hosts import wait_until


def offers() -> dict[str, str]:
    """Return what the API offers beyond entering and cancelling, with its path; the order's number goes into it."""
    paths = {"replace": "/orders/{}/replace", "cancel_all": "/orders/cancel"}
    return {
        name: path for name, path in paths.items() if resolve("/api/v1" + path.format(1)).func is not no_such_address
    }


class Stream:
    """Reads the market's live stream as a page would: whenever it breaks, it connects again."""

    def __init__(self, port: int, symbol: str) -> None:
        self._address, self._path = port, f"/stream/markets/{symbol}"
        self.events = self.connections = 0
        self._thread = threading.Thread(target=self._read, name="stream", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_until_it_goes_on(self, problems: list[str]) -> None:
        """Note a problem where nothing more comes, though the market goes on."""
        before = self.events
        try:
            wait_until(lambda: self.events > before, "the live stream has stopped")
        except AssertionError as error:
            problems.append(str(error))

    def _read(self) -> None:
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                reader = http.client.HTTPConnection("127.0.0.1", self._address, timeout=30)
                reader.request("GET", self._path)
                response = reader.getresponse()
                self.connections += 1
                while line := response.readline():
                    self.events += line.startswith(b"data:")
            sleep(0.2)
