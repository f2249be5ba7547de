"""One drill: clients trade; Redis is lost with all that it held; the primary is killed, and its standby promoted."""

import base64
import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any

from django.db import connections

from config.embedded import free_port
from config.run import BASE_DIR
from ledger.models import UnsequencedRecord
from ledger.parties.services import issue_token
from ledger.transparency.merkle import verify_consistency
from ledger.transparency.notes import parse_checkpoint, parse_note
from tests.benchmarks.stage import Floor, open_floor
from tests.operations.failover import hosts
from tests.operations.failover.backups import backups, compare
from tests.operations.failover.grounds import PROGRAMS, Grounds
from tests.operations.failover.onlookers import Reader, Stream, get
from tests.soak import books, oracle
from tests.soak.line import PATIENCE_SECONDS
from tests.waiting import wait_until
from trading.models import Instruction, Order, Trade

CLIENTS = 6
SETTLED_SECONDS = 60.0
# A client that is answered by nobody gives up by then.
CLIENT_ENDS_SECONDS = PATIENCE_SECONDS + 20
RECOVERED_AT_MOST_SECONDS = 45.0
# For how long an old primary that has come back is given a commit to acknowledge.
ALONE_SECONDS = 2.0
# Answers of each client before any harm is done: programs that have just started are slow.
WARM = 10
ACKNOWLEDGED = (200, 201, 202)
REDIS, PRIMARY, SWITCH = "Redis lost", "primary killed", "planned switchover back"


@dataclass
class Report:
    """What came of it: figures by their names, and what is not as it must be."""

    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        width = max(len(name) for name in self.figures)
        table = [f"{name:<{width}}  {_written(value)}" for name, value in self.figures.items()]
        if not self.problems:
            return [
                *table,
                "Nothing acknowledged is lost, nothing is doubled, every invariant holds, the log only grew.",
            ]
        return [*table, f"{len(self.problems)} PROBLEMS", *self.problems[:50]]

    def check(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            self.problems.append(otherwise)


@dataclass
class Onlookers:
    """Who looks on while clients trade, and when what was done to the servers."""

    reader: Reader
    stream: Stream
    moments: dict[str, float] = field(default_factory=dict)
    # The last checkpoint that was seen before the primary was killed.
    seen: str = ""


def drill(here: Grounds, seconds: float, seed: int) -> Report:
    """Trade for so many seconds before each harm and after the last, and return what has come of it."""
    report = Report()
    floor = open_floor(CLIENTS)
    given = books.deposits_there()
    # All money there is was given.
    total = books.held_in_all() | {"CNY": 0}
    for name in PROGRAMS:
        here.start(name)
    wait_until(lambda: get(here.web_port, "/api/v1/markets") is not None, "the pages do not answer")
    look = Onlookers(Reader(here.web_port), Stream(here.stream_port, floor.market.symbol))
    with backups(here.primary, here.standby) as kept:
        with kept.receiving():
            told, summaries = _harm(here, floor, look, report, seconds, seed)
            _settle(report)
        compare(report, kept.restored(), {"orders": Order.objects.count(), "trades": Trade.objects.count()})
    _compare(report, [*given, *told], summaries, floor, total)
    _recovery(report, told, look.moments)
    _log_only_grew(report, here.web_port, look.seen)
    _look_at_programs(report, here, look)
    return report


def _harm(
    here: Grounds, floor: Floor, look: Onlookers, report: Report, seconds: float, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Do one harm after the other while clients trade, and return what these were told, and the sum of each."""
    reader, stream = look.reader, look.stream
    with _trading(here, floor, seed) as logs:
        stream.start()
        reader.start()
        wait_until(lambda: all(len(_told(log)) > WARM for log in logs), "nobody is answered")
        sleep(seconds)
        look.moments[REDIS] = time.time()
        _lose_redis(here)
        sleep(seconds)
        wait_until(lambda: reader.checkpoint_size() > 0, "nothing is in the log")
        look.moments[PRIMARY] = time.time()
        look.seen = _fail_over(here, reader, report)
        sleep(seconds)
        _rejoin(here, report)
        sleep(seconds)
        look.moments[SWITCH] = time.time()
        hosts.switch_over(here.standby, here.primary)
        stream.wait_until_it_goes_on(report.problems)
        sleep(seconds)
        stream.stop()
    reader.stop()
    connections.close_all()
    return _all_told(logs)


def _lose_redis(here: Grounds) -> None:
    here.lose_redis()
    sleep(0.5)
    here.start_redis()


def _fail_over(here: Grounds, reader: Reader, report: Report) -> str:
    """Kill the primary in mid-load and promote its standby; return the last checkpoint that was seen before."""
    began = time.monotonic()
    seen = reader.checkpoint
    here.primary.die()
    # Whoever looks after the hosts does this first: what comes back is no primary.
    hosts.fence(here.primary)
    hosts.promote(here.standby)
    report.figures["killed to promoted, seconds"] = time.monotonic() - began
    return seen


def _rejoin(here: Grounds, report: Report) -> None:
    """Bring the old primary back as the standby of the new one, while clients trade on."""
    old, new = here.primary, here.standby
    alone = hosts.acknowledges_nothing(old, port=free_port(here.redis.port + 1), seconds=ALONE_SECONDS)
    report.check(alone, "the old primary acknowledges commits though nobody follows it")
    hosts.fence(old)
    began = time.monotonic()
    old.start()
    report.check(not old.is_primary(), "the old primary has come back as a primary")
    old.stop()
    hosts.rejoin(old, new)
    hosts.confirm_by(new, old)
    report.check(not old.is_primary() and new.is_primary(), "the two have not changed their parts")
    report.figures["old primary rewound and synchronous again, seconds"] = time.monotonic() - began


@contextlib.contextmanager
def _trading(here: Grounds, floor: Floor, seed: int) -> Iterator[list[Path]]:
    """Let every trader trade, each from a process of its own, until the context ends."""
    logs = [here.var / f"acknowledged-{at}.jsonl" for at in range(len(floor.traders))]
    clients: list[subprocess.Popen[str]] = []
    try:
        for at, (trader, log) in enumerate(zip(floor.traders, logs, strict=True)):
            plan = {
                "port": here.web_port,
                "token": issue_token(user=trader.user, name="drill")[1],
                "market": floor.market.symbol,
                "name": f"c{at}",
                "seed": seed + at,
                "log": str(log),
            }
            log.touch()
            command = [sys.executable, "-m", "tests.operations.failover.client"]
            client = subprocess.Popen(command, cwd=BASE_DIR, stdin=subprocess.PIPE, text=True)
            clients.append(client)
            _tell(client, json.dumps(plan))
        connections.close_all()
        yield logs
        for client in clients:
            assert client.stdin is not None
            client.stdin.close()
        for client in clients:
            assert client.wait(CLIENT_ENDS_SECONDS) == 0, "a client has failed"
    finally:
        for client in clients:
            client.kill()
            client.wait()


def _tell(client: "subprocess.Popen[str]", line: str) -> None:
    assert client.stdin is not None
    client.stdin.write(line + "\n")
    client.stdin.flush()


def _told(log: Path) -> list[dict[str, Any]]:
    # The last line may be half written.
    lines = log.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


def _all_told(logs: list[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    lines = [line for log in logs for line in _told(log)]
    told = sorted((line for line in lines if "summary" not in line), key=lambda line: line["at"])
    return told, [line["summary"] for line in lines if "summary" in line]


def _settle(report: Report) -> None:
    """Wait until nothing is under way any more."""
    waits: tuple[tuple[Callable[[], bool], str], ...] = (
        (lambda: not Instruction.objects.exists(), "instructions wait"),
        (lambda: not UnsequencedRecord.objects.exists(), "records wait for the log"),
    )
    for is_so, otherwise in waits:
        try:
            wait_until(is_so, otherwise, seconds=SETTLED_SECONDS)
        except AssertionError as error:
            report.problems.append(str(error))


def _compare(
    report: Report, told: list[dict[str, Any]], summaries: list[dict[str, Any]], floor: Floor, total: dict[str, int]
) -> None:
    """Hold what every client was told against what the exchange has."""
    report.problems += oracle.problems(told, [floor.market], total)
    failed = sum(each["failed"] for each in summaries)
    report.check(failed == 0, f"{failed} requests were answered by a 5xx that is not 503")
    report.figures |= {
        "acknowledgements": sum(each.get("status") in ACKNOWLEDGED for each in told),
        "orders entered": Order.objects.count(),
        "trades settled": Trade.objects.count(),
        "tries without an answer, asked again": sum(each["unanswered"] for each in summaries),
        "tries answered by 503, asked again": sum(each["out_of_reach"] for each in summaries),
    }


def _recovery(report: Report, told: list[dict[str, Any]], moments: dict[str, float]) -> None:
    """State for how long nobody was told anything: from the last acknowledgement before to the first one after."""
    times = [each["at"] for each in told if each.get("status") in ACKNOWLEDGED]
    ends = [*list(moments.values())[1:], float("inf")]
    for (what, moment), end in zip(moments.items(), ends, strict=True):
        last = max((at for at in times if at < moment), default=moment)
        after = [last, *(at for at in times if moment <= at < min(end, moment + RECOVERED_AT_MOST_SECONDS))]
        # An answer that was on its way may have come just after: the longest silence counts.
        gap = max((then - at for at, then in itertools.pairwise(after)), default=RECOVERED_AT_MOST_SECONDS)
        report.figures[f"{what}: from the last acknowledgement to the next, seconds"] = gap
        report.check(gap < RECOVERED_AT_MOST_SECONDS, f"{what}: nobody was answered for {gap:.0f} s")
    harmed = [each for each in told if each["at"] > moments[REDIS]]
    slowest = max(harmed, key=lambda each: each["at"] - each["asked"])
    since, what = min((slowest["at"] - moment, what) for what, moment in moments.items() if moment < slowest["at"])
    report.figures["longest wait of one client, seconds"] = slowest["at"] - slowest["asked"]
    report.figures["which ended"] = f"{since:.1f} s after: {what}"
    before = sum(at < moments[PRIMARY] for at in times)
    report.figures["acknowledged before the primary was killed"] = before
    report.figures["acknowledged after"] = len(times) - before
    report.check(before > 0 and len(times) > before, "nothing was acknowledged before, or nothing after")


def _log_only_grew(report: Report, port: int, seen: str) -> None:
    """Prove that the tree whose checkpoint was seen before the crash is the beginning of the one that is there now."""
    old = parse_checkpoint(parse_note(seen).text)
    found = get(port, "/log/checkpoint")
    if found is None:
        report.problems.append("there is no checkpoint any more")
        return
    new = parse_checkpoint(parse_note(found).text)
    proof = get(port, f"/api/v1/log/consistency?first={old.size}&second={new.size}")
    report.check(proof is not None, f"the log does not prove its tree of {new.size} from that of {old.size}")
    report.figures["log seen before the crash, and now, records"] = [old.size, new.size]
    if proof is not None:
        hashes = [base64.b64decode(each) for each in json.loads(proof)["hashes"]]
        try:
            verify_consistency(old.size, new.size, hashes, old.root, new.root)
        except ValueError as error:
            report.problems.append(f"the log of now does not begin as the one that was seen before: {error}")


def _look_at_programs(report: Report, here: Grounds, look: Onlookers) -> None:
    reader, stream = look.reader, look.stream
    for program, status in here.programs.take_ended():
        report.problems.append(f"{program} has ended by itself (status {status})")
    report.problems += [*reader.went_back, *stream.complaints]
    report.figures["pages read by a visitor"] = reader.reads
    report.figures["of these not answered"] = reader.unanswered
    report.figures["events of the live stream"] = stream.events


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list):
        return " → ".join(_written(each) for each in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
