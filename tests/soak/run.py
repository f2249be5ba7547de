"""One run: a market, clients that trade, harm that is done, and what is looked at afterwards."""

import contextlib
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any

from django.db import connection
from django.urls import resolve

from config.run import BASE_DIR
from ledger.api.problems import no_such_address
from ledger.models import UnsequencedRecord
from ledger.parties.services import issue_token
from tests.benchmarks.stage import Floor, open_floor
from tests.soak import oracle
from tests.soak.chaos import Chaos
from tests.soak.grounds import PROGRAMS, Grounds, resident_mb
from tests.soak.watch import Watch
from trading.models import Instruction, Order, Trade

CLIENTS = 4
RECONCILED_EVERY_SECONDS = 120.0
START_SECONDS = 60.0
SETTLED_SECONDS = 60.0
STALL_AT_MOST_SECONDS = 45.0
MEMORY_AT_MOST_MB = 600.0
# Short runs do more harm in less time.
PAUSE_SECONDS = (0.2, 3.0)
SHORT_SECONDS = 120.0


@dataclass
class Report:
    """What is printed at the end."""

    figures: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, name: str, value: object) -> None:
        self.figures.append((name, str(value)))

    def lines(self) -> list[str]:
        width = max(len(name) for name, _value in self.figures)
        table = [f"{name:<{width}}  {value}" for name, value in self.figures]
        if not self.problems:
            return [*table, "Nothing lost, nothing doubled, every invariant holds."]
        return [*table, f"{len(self.problems)} PROBLEMS", *self.problems[:50]]


def run(here: Grounds, seconds: float, seed: int) -> Report:
    """Trade and do harm for so many seconds, and return what has come of it."""
    report = Report()
    floor = open_floor(CLIENTS)
    total = oracle.held_in_all(floor.market)
    for name in PROGRAMS:
        here.start(name)
    watch = Watch(here.owner_url, floor.market.symbol)
    chaos = Chaos(here, watch, seed, PAUSE_SECONDS[seconds > SHORT_SECONDS])
    stream = Stream(here.stream_port, floor.market.symbol)
    _wait_until(lambda: _answers(here.web_port), START_SECONDS, "the pages do not answer")
    with _trading(here, floor, seed) as told_files:
        watch.start()
        stream.start()
        assert watch.wait_until_it_goes_on(START_SECONDS), "nobody trades"
        memory = [resident_mb(here.programs.process_id("match-0"))]
        began = monotonic()
        chaos.start()
        _reconcile_until(began + seconds, chaos, report)
        chaos.stop()
        stream.wait_until_it_goes_on(report)
        memory.append(resident_mb(here.programs.process_id("match-0")))
    told, summaries = _read(told_files)
    _settle(report)
    watch.stop()
    report.problems += [*chaos.failures, *oracle.problems(told, floor.market, total)]
    _judge(report, watch, memory, summaries)
    _tell(report, chaos, watch, stream, memory, told, summaries)
    return report


def _reconcile_until(end: float, chaos: Chaos, report: Report) -> None:
    """Check all invariants every two minutes while clients trade on; no harm is done meanwhile."""
    checks = 0
    while (left := end - monotonic()) > 0:
        sleep(min(RECONCILED_EVERY_SECONDS, left))
        if end - monotonic() > 1.0:
            chaos.rest()
            connection.close()
            report.problems += oracle.broken_invariants()
            checks += 1
            chaos.go_on()
    connection.close()
    report.add("reconciled while trading", f"{checks} times")


def offers() -> dict[str, str]:
    """Return what the API offers beyond entering and cancelling, with its path; the order's number goes into it."""
    paths = {"replace": "/orders/{}/replace", "cancel_all": "/orders/cancel"}
    return {
        name: path for name, path in paths.items() if resolve("/api/v1" + path.format(1)).func is not no_such_address
    }


@contextlib.contextmanager
def _trading(here: Grounds, floor: Floor, seed: int) -> Iterator[list[Path]]:
    """Let every trader trade, each from a process of its own, until the context ends."""
    files = [here.var / f"told-{at}.jsonl" for at in range(len(floor.traders))]
    clients: list[tuple[subprocess.Popen[str], IO[str]]] = []
    try:
        for at, (trader, file) in enumerate(zip(floor.traders, files, strict=True)):
            plan = {
                "port": here.web_port,
                "token": issue_token(user=trader.user, name="soak")[1],
                "market": floor.market.symbol,
                "name": f"c{at}",
                "seed": seed + at,
                "offers": offers(),
            }
            output = file.open("w", encoding="utf-8")
            command = [sys.executable, "-m", "tests.soak.trader"]
            client = subprocess.Popen(command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=output, text=True)
            clients.append((client, output))
            assert client.stdin is not None
            client.stdin.write(json.dumps(plan) + "\n")
            client.stdin.flush()
        yield files
        for client, _output in clients:
            assert client.stdin is not None
            client.stdin.close()
        for client, _output in clients:
            assert client.wait(SETTLED_SECONDS * 2) == 0, "a client has failed"
    finally:
        for client, output in clients:
            client.kill()
            client.wait()
            output.close()


def _read(files: list[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    lines = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "summary" not in line], [line["summary"] for line in lines if "summary" in line]


def _settle(report: Report) -> None:
    """Wait until nothing is under way any more."""
    try:
        _wait_until(lambda: not Instruction.objects.exists(), SETTLED_SECONDS, "instructions wait")
        _wait_until(lambda: not UnsequencedRecord.objects.exists(), SETTLED_SECONDS, "records wait for the log")
    except AssertionError as error:
        report.problems.append(str(error))


def _judge(report: Report, watch: Watch, memory: list[float], summaries: list[dict[str, Any]]) -> None:
    if any(each["failed"] for each in summaries):
        report.problems.append("requests were answered as nobody should be answered: see the programs' log")
    if watch.longest_stall > STALL_AT_MOST_SECONDS:
        report.problems.append(f"the market stood still for {watch.longest_stall:.0f} s")
    if max(memory) > MEMORY_AT_MOST_MB:
        report.problems.append(f"the market's worker takes {max(memory):.0f} MB")


def _tell(
    report: Report,
    chaos: Chaos,
    watch: Watch,
    stream: "Stream",
    memory: list[float],
    told: list[dict[str, Any]],
    summaries: list[dict[str, Any]],
) -> None:
    refused = sum("order" in each and each["status"] not in (0, 200, 201) for each in told)
    report.add("orders entered", f"{Order.objects.count():,}")
    report.add("orders refused, as they must be", f"{refused:,}")
    for what, name in (("cancels", "cancel"), ("cancels of all orders", "cancel_all"), ("replaces", "replace")):
        report.add(f"{what} asked for", f"{sum(name in each for each in told):,}")
    report.add("trades settled", f"{Trade.objects.count():,}")
    for name, count in sorted(chaos.kills.items()):
        report.add(name, f"{count} times")
    report.add("longest stall", f"{watch.longest_stall:.1f} s, after: {watch.stalled_after or 'nothing'}")
    report.add("longest wait for an answer", f"{max(each['longest_seconds'] for each in summaries):.1f} s")
    report.add("tries that were not answered", sum(each["unanswered"] for each in summaries))
    report.add("tries that were answered by 503", sum(each["out_of_reach"] for each in summaries))
    report.add("tries that were answered by another 5xx", sum(each["failed"] for each in summaries))
    report.add("requests never answered", sum(each["status"] == 0 for each in told))
    report.add("events of the live stream", f"{stream.events:,}, connected {stream.connections} times")
    report.add("memory of the market's worker", f"{memory[0]:.0f} MB at the start, {memory[-1]:.0f} MB at the end")


class Stream:
    """Reads the market's live stream as a page would: whenever it breaks, it connects again."""

    def __init__(self, port: int, symbol: str) -> None:
        self._address, self._path = port, f"/stream/markets/{symbol}"
        self.events = self.connections = 0
        self._thread = threading.Thread(target=self._read, name="stream", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_until_it_goes_on(self, report: Report) -> None:
        """Note a problem where nothing more comes, though the market goes on."""
        before = self.events
        try:
            _wait_until(lambda: self.events > before, START_SECONDS, "the live stream has stopped")
        except AssertionError as error:
            report.problems.append(str(error))

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


def _answers(port: int) -> bool:
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        page.request("GET", "/api/v1/markets")
        return page.getresponse().status == 200
    except OSError:
        return False
    finally:
        page.close()


def _wait_until(what: Any, seconds: float, otherwise: str) -> None:
    deadline = monotonic() + seconds
    while not what():
        assert monotonic() < deadline, otherwise
        sleep(0.05)
