"""A client of a market's stream on a host of its own: it comes back when it hears nothing, and checks that nothing is missing."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any

SILENT_SECONDS = 4.0
"""Far less than between two heartbeats: where nothing is traded it comes back for nothing, which does no harm."""


@dataclass
class Listener(threading.Thread):
    """Follows a market until told to stop, and keeps up to which instruction it was told."""

    address: str
    port: int
    symbol: str
    sequence: int = 0
    gaps: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """What did not follow: up to where we were told, and the event."""
    times_connected: int = 0
    is_connected: bool = False
    missed: int = 0
    """How often a whole state came in place of what was missed."""
    trades: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._stopped = threading.Event()
        self._last_id = ""

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self._stopped.wait(0.2):
            line = http.client.HTTPConnection(self.address, self.port, timeout=SILENT_SECONDS)
            try:
                headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
                line.request("GET", f"/stream/markets/{self.symbol}", headers=headers)
                response = line.getresponse()
                if response.status == 200:
                    self.times_connected += 1
                    self.is_connected = True
                    self._read(response)
            except (OSError, http.client.HTTPException):
                continue
            finally:
                self.is_connected = False
                line.close()

    @property
    def is_told(self) -> bool:
        """Whether it was told a first state, from which on it misses nothing."""
        return bool(self._last_id)

    def end(self) -> None:
        """Leave."""
        self._stopped.set()
        self.join(30)

    def _read(self, response: http.client.HTTPResponse) -> None:
        fields: dict[str, str] = {}
        while not self._stopped.is_set():
            text = response.readline().decode()
            if not text:
                return
            name, _colon, value = text.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            else:
                self._take(fields)
                fields = {}

    def _take(self, fields: dict[str, str]) -> None:
        if fields.get("event") not in ("snapshot", "delta"):
            return
        told = json.loads(fields["data"])
        if fields["event"] == "snapshot":
            self.missed += told["reason"] == "missed"
            if self.sequence and (told["reason"] != "missed" or not told["trades_complete"]):
                self.gaps.append((self.sequence, told))
        elif told["first_sequence"] != self.sequence + 1:
            self.gaps.append((self.sequence, told))
        self.sequence = told["sequence"]
        self.trades |= {trade["id"]: trade["quantity_t"] for trade in told["trades"]}
        self._last_id = fields["id"]
