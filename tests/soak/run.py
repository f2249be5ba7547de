"""One run: a market and all who take part, harm that is done, harvests, and what is looked at afterwards."""

import contextlib
import http.client
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from django.db import connection

from config.run import BASE_DIR
from ledger.models import UnsequencedRecord
from tests.soak import books, oracle
from tests.soak.cast import HARVEST_T, Cast, assemble
from tests.soak.chaos import Chaos, plan_faults
from tests.soak.findings import Findings, read_told, read_tried
from tests.soak.grounds import PROGRAMS, Grounds
from tests.soak.judge import Window
from tests.soak.report import Report
from tests.soak.sampler import Sampler
from tests.soak.statement_times import StatementTimes
from tests.soak.watch import Watch
from tests.waiting import wait_until
from trading.models import Instruction, Market, Order, Trade

START_SECONDS = 240.0
SETTLED_SECONDS = 180.0
CROWD_ENDS_SECONDS = 400.0
STALL_AT_MOST_SECONDS = 120.0
"""Slow machines take long to start a killed program; what does not go on by itself stands still for ever."""
# Short runs do more harm in less time.
SHORT_SECONDS = 120.0
PAUSE_SECONDS = {True: 4.0, False: 30.0}
FIRST_PAUSE_SECONDS = {True: 3.0, False: 45.0}
# What happens beside, in parts of the whole; a short run has time for one of each.
HARVESTS_AT = {True: (0.3,), False: (0.12, 0.3, 0.5)}
WAVES_AT = {True: (0.05,), False: (0.05, 0.2, 0.4, 0.6, 0.8)}
RECONCILED_AT = {True: (0.6,), False: (0.25, 0.5, 0.75)}
CALM_FROM = 0.8
ASKED_FOR = {
    "cancel": "cancels asked for",
    "cancel_all": "cancels of all orders asked for",
    "replace": "replaces asked for",
    "block": "blocks offered",
    "lot": "lots put up for auction",
    "bid": "bids",
    "deposit": "deposits",
    "withdrawal": "withdrawals asked for",
    "payout": "payouts to households asked for",
    "retirement": "retirements asked for",
    "misdeed": "misdeeds of faulty clients",
    "proved": "proofs of the log",
}


@dataclass
class Stage:
    """All that is under way."""

    grounds: Grounds
    cast: Cast
    watch: Watch
    sampler: Sampler
    statements: StatementTimes
    chaos: Chaos
    report: Report
    began_at: float
    checks: list[Window]

    def due(self, seconds: float) -> list[tuple[float, Callable[[], None]]]:
        """Return what is to be done in a run of so many seconds, and when."""
        is_short = seconds <= SHORT_SECONDS
        jobs: list[tuple[float, Callable[[], None]]] = []
        for times, job in ((HARVESTS_AT, self.harvest), (WAVES_AT, self.wave), (RECONCILED_AT, self.reconcile)):
            jobs += [(part * seconds, job) for part in times[is_short]]
        return sorted(jobs, key=lambda each: each[0])

    def harvest(self) -> None:
        """Let a cooperative have the credits of a year, and a market of its own."""
        if (market := self.cast.harvest()) is not None:
            self.cast.total[market.asset.code] += HARVEST_T

    def wave(self) -> None:
        """Let all cooperatives have more to sell."""
        self.cast.wave()

    def reconcile(self) -> None:
        """Check every invariant while everybody trades on."""
        began = monotonic()
        self.report.problems += oracle.broken_invariants()
        self.checks.append(Window("reconciled", began, monotonic()))

    def markets(self) -> list[Market]:
        """Return all markets there are."""
        return list(Market.objects.select_related("asset").order_by("pk"))


def run(
    here: Grounds, seconds: float, seed: int, participants: int, folder: Path, *, only: Collection[str] = ()
) -> Report:
    """Let everybody trade and do harm for so many seconds, write a report into a folder, and return it.

    `only` are the kinds of faults; all where none is named.
    """
    cast = assemble(participants, seed)
    is_short = seconds <= SHORT_SECONDS
    calm_from = float("inf") if is_short else CALM_FROM * seconds
    pauses = PAUSE_SECONDS[is_short], FIRST_PAUSE_SECONDS[is_short]
    plan = plan_faults(seed, seconds, *pauses, calm_from=calm_from, only=only)
    report = Report(seed, seconds, cast.counts(), [str(each) for each in plan])
    kinds = ", ".join(f"{kind} {count}" for kind, count in cast.counts().items())
    print(f"{participants} take part: {kinds}")
    print("What is to happen:", *report.schedule, sep="\n", flush=True)
    for name in PROGRAMS:
        here.start(name)
    wait_until(lambda: _answers(here.web_port), "the pages do not answer", seconds=START_SECONDS)
    watch = Watch(here.owner_url, here.web_port, here.stream_port, cast.market.symbol)
    sampler, statements = Sampler(here), StatementTimes(here.postgres.log)
    with _crowd(here, cast) as (crowd, told_file, tried_file):
        for each in (watch, sampler, statements):
            each.start()
        signs = watch.wait_until_all_goes_on(START_SECONDS)
        assert float("inf") not in signs.values(), f"nobody trades: {signs}"
        began = monotonic()
        chaos = Chaos(here, watch, plan, began)
        stage = Stage(here, cast, watch, sampler, statements, chaos, report, began, [])
        chaos.start()
        try:
            _pass_time(stage, seconds)
            chaos.stop()
        except BaseException:
            # Nobody is to start a server while all of them are stopped.
            chaos.abort()
            raise
        ended = monotonic()
        _end(crowd, report)
    _settle(report)
    sampler.stop()
    statements.stop()
    watch.stop()
    report.problems += chaos.failures
    told = [*cast.told, *read_told(told_file)]
    _judge(stage, told, here.var / "log")
    faults = [Window(each.name, each.began_at, each.over_at or ended) for each in chaos.faults]
    found = Findings(began, ended, faults, stage.checks, read_tried(tried_file), sampler, statements)
    report.problems += found.judge()
    report.faults = chaos.as_json()
    _tell(stage, found, told)
    report.write(folder, found)
    return report


def _pass_time(stage: Stage, seconds: float) -> None:
    """Wait for the end, and do meanwhile what is due; no harm is done at that time."""
    end = stage.began_at + seconds
    for at, job in stage.due(seconds):
        sleep(max(0.0, stage.began_at + at - monotonic()))
        stage.chaos.rest()
        connection.close()
        job()
        stage.chaos.go_on()
    sleep(max(0.0, end - monotonic()))
    connection.close()


@contextlib.contextmanager
def _crowd(here: Grounds, cast: Cast) -> Iterator[tuple["subprocess.Popen[str]", Path, Path]]:
    """Let everybody live in a process of their own, until the context ends."""
    told, tried = here.var / "told.jsonl", here.var / "tried.jsonl"
    plan = {
        "web_port": here.web_port,
        "stream_port": here.stream_port,
        "markets": [cast.market.symbol],
        "board_token": cast.board_token,
        "told": str(told),
        "tried": str(tried),
        "participants": cast.plans_as_json(),
    }
    words = [sys.executable, "-m", "tests.soak.crowd"]
    # Ctrl-C is for us: everybody then ends because we have.
    crowd = subprocess.Popen(words, cwd=BASE_DIR, stdin=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert crowd.stdin is not None
        crowd.stdin.write(json.dumps(plan) + "\n")
        crowd.stdin.flush()
        yield crowd, told, tried
    finally:
        crowd.kill()
        crowd.wait()


def _end(crowd: "subprocess.Popen[str]", report: Report) -> None:
    """Let everybody come to an end, and leave nothing open."""
    assert crowd.stdin is not None
    crowd.stdin.close()
    try:
        if status := crowd.wait(CROWD_ENDS_SECONDS):
            report.problems.append(f"the process of who takes part ended with status {status}")
    except subprocess.TimeoutExpired:
        report.problems.append("who takes part does not come to an end")


def _settle(report: Report) -> None:
    """Wait until nothing is under way any more."""
    for what, name in (
        (lambda: not Instruction.objects.exists(), "instructions wait"),
        (books.nothing_is_open, "not everything is decided"),
        (lambda: not Instruction.objects.exists(), "instructions wait"),
        (lambda: not UnsequencedRecord.objects.exists(), "records wait for the log"),
    ):
        try:
            wait_until(what, name, seconds=SETTLED_SECONDS)
        except AssertionError as error:
            report.problems.append(str(error))


def _judge(stage: Stage, told: Sequence[dict[str, Any]], folder: Path) -> None:
    problems = stage.report.problems
    problems += oracle.problems(told, stage.markets(), stage.cast.total)
    problems += books.still_held()
    found, figures = books.verify_offline(told, folder)
    problems += found
    stage.report.add("records of the log, verified offline", f"{figures['records']:,}")
    stage.report.add("checkpoints seen on the way, all in it", f"{figures['checkpoints']:,}")
    if stage.watch.longest_stall > STALL_AT_MOST_SECONDS:
        problems.append(f"the markets stood still for {stage.watch.longest_stall:.0f} s")


def _tell(stage: Stage, found: Findings, told: Sequence[dict[str, Any]]) -> None:
    _tell_what_was_done(stage, found, told)
    _tell_of_faults(stage, found, told)
    _tell_what_was_measured(stage.report, found)


def _tell_what_was_done(stage: Stage, found: Findings, told: Sequence[dict[str, Any]]) -> None:
    report, seconds = stage.report, found.end - found.start
    of = Counter(name for each in told for name in each)
    report.refused.update(each["code"] for each in told if "order" in each and "code" in each and each["status"])
    answered = sum(each.status > 0 for each in found.tried)
    report.add("orders entered", f"{Order.objects.count():,}")
    report.add("orders refused, as they must be", f"{report.refused.total():,}")
    report.add("trades settled", f"{Trade.objects.count():,}")
    report.add("requests answered", f"{answered:,}, {answered / seconds:.0f} a second")
    for name, words in ASKED_FOR.items():
        report.add(words, f"{of[name]:,}")
    events, connections = (sum(each.get(name, 0) for each in told) for name in ("events", "connections"))
    report.add("events of live streams", f"{events:,}, connected {connections} times")
    report.add("markets", len(stage.markets()))
    report.add("reconciled while trading", f"{len(stage.checks)} times")


def _tell_of_faults(stage: Stage, found: Findings, told: Sequence[dict[str, Any]]) -> None:
    report, watch = stage.report, stage.watch
    for name, count in sorted(Counter(fault.name for fault in stage.chaos.faults).items()):
        longest = max(fault.seconds for fault in stage.chaos.faults if fault.name == name)
        report.add(name, f"{count} times, all goes on after {longest:.1f} s at most")
    report.add(
        "longest stall of the markets", f"{watch.longest_stall:.1f} s, after: {watch.stalled_after or 'nothing'}"
    )
    longest = max((each["summary"]["longest_seconds"] for each in told if "summary" in each), default=0.0)
    report.add("longest wait for an answer", f"{longest:.1f} s")
    failed: Counter[tuple[int, bool]] = Counter()
    for (window, _operation, status), count in found.failures.items():
        failed[status, bool(window)] += count
    for words, status in (("not answered", 0), ("answered by 503", 503)):
        report.add(f"requests {words}", f"{failed[status, True]:,} during faults, {failed[status, False]:,} else")
    others = sum(count for (status, _during), count in failed.items() if status not in (0, 503))
    report.add("requests answered by another 5xx", others)
    report.add("requests told to come later (429)", f"{sum(each.status == 429 for each in found.tried):,}")


def _tell_what_was_measured(report: Report, found: Findings) -> None:
    for grown in found.growths:
        slope = f"{grown.median_mb:.0f} MB, {grown.mb_an_hour:+.1f} MB an hour ({grown.points} samples)"
        report.add(f"memory of {grown.program}", slope if grown.is_judged else "too few samples")
    for what, slowings in (("statements", found.statement_slowings), ("requests", found.request_slowings)):
        judged = [each for each in slowings if each.is_judged]
        slowest = max((each.ratio for each in judged), default=1.0)
        report.add(f"kinds of {what} judged", f"{len(judged)}, at most {slowest:.2f} times as long in the end")


def _answers(port: int) -> bool:
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        page.request("GET", "/api/v1/markets")
        return page.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        page.close()
