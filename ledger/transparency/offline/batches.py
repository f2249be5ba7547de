"""Serial numbers as the log tells them: made once, at issuance, and owned by one account at any time."""

from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.transparency.offline.accounts import Account, Accounts
from ledger.transparency.offline.findings import Fault
from ledger.transparency.offline.serials import Run, SerialRuns, join_runs
from ledger.transparency.offline.transactions import Leg


@dataclass(slots=True)
class Batch:
    """What was issued: credits of one project and year, from one report: all that it comes to, or a part of it."""

    asset: str
    project: str
    vintage: int
    report: str
    first_serial: int
    last_serial: int
    quantity_t: int
    buffer_t: int


@dataclass(slots=True)
class Claim:
    """What a report comes to, as the log says, and what of it has been issued. Units: tonnes."""

    net_t: int
    buffer_t: int
    issued_t: int = 0
    buffered_t: int = 0


class Batches:
    """The batches that were issued, and who owns each serial number of them."""

    def __init__(self, accounts: Accounts) -> None:
        self.issued: dict[str, Batch] = {}
        self._accounts = accounts
        self._runs: dict[str, SerialRuns] = {}
        self._ranges: list[tuple[int, int, str]] = []
        self._claims: dict[str, Claim] = {}
        self._reports: set[str] = set()
        self._tranches: dict[tuple[str, int], tuple[str, int]] = {}

    def claim(self, report: str, net_t: int, buffer_t: int) -> None:
        """Note what a report comes to; a later record of it, where it was corrected, takes the place of an earlier one.

        Raises: Fault where some of it has been issued.
        """
        if report in self._reports:
            raise Fault(f"report {report} is changed after credits were issued for it")
        self._claims[report] = Claim(net_t, buffer_t)

    def make(self, legs: Sequence[Leg]) -> None:
        """Bring the serial numbers of an issuance to life: one unbroken range that nothing else has had.

        Raises: Fault.
        """
        asset = legs[0].debit.asset
        joined = join_runs(run for leg in legs for run in leg.runs or ())
        if any(leg.debit.purpose != "issuance" or leg.debit.asset != asset for leg in legs) or not joined:
            raise Fault("an issuance is from one batch's issuance account")
        if len(joined) != 1:
            raise Fault("an issuance makes one unbroken range of serial numbers")
        first, last = joined[0]
        if asset in self._runs:
            raise Fault(f"{asset} was issued before")
        if (rival := self._range_within(first, last)) is not None:
            raise Fault(f"serial numbers {first} to {last} overlap those of {rival[2]}, {rival[0]} to {rival[1]}")
        insort(self._ranges, (first, last, asset))
        runs = self._runs[asset] = SerialRuns(first, last, legs[0].debit.number)
        for leg in legs:
            for run in leg.runs or ():
                runs.give(*run, leg.debit.number, leg.credit.number)

    def move(self, leg: Leg) -> str | None:
        """Give a transfer's serial numbers to who receives them; return what is wrong with that, or None."""
        runs = self._runs.get(leg.debit.asset)
        problem: str | None = None
        for first, last in leg.runs or ():
            if runs is None or first < runs.first or last > runs.last:
                problem = problem or f"serial numbers {first} to {last} are not of {leg.debit.asset}"
                continue
            wrong = runs.give(first, last, leg.debit.number, leg.credit.number)
            if wrong is not None and problem is None:
                owner = self._accounts.in_order[wrong[1]].id
                problem = f"account {leg.debit.id} gives serial number {wrong[0]}, which account {owner} owns"
        return f"transfer {leg.id}: {problem}" if problem else None

    def register(self, batch: Batch, legs: Sequence[Leg]) -> None:
        """Compare the record of a batch with the transaction that issued it, and with what its report has left, and note it.

        Raises: Fault.
        """
        joined = join_runs(run for leg in legs for run in leg.runs or ())
        if any(leg.debit.asset != batch.asset for leg in legs):
            raise Fault(f"the issuance of {batch.asset} issued {legs[0].debit.asset}")
        if joined != [(batch.first_serial, batch.last_serial)]:
            raise Fault(f"{batch.asset} does not have the serial numbers of its issuance")
        if batch.quantity_t != sum(leg.amount for leg in legs):
            raise Fault(
                f"{batch.asset} is of {batch.quantity_t} t, its issuance of {sum(leg.amount for leg in legs)} t"
            )
        buffered = sum(leg.amount for leg in legs if leg.credit.purpose == "buffer")
        if batch.buffer_t != buffered:
            raise Fault(f"{batch.buffer_t} t of {batch.asset} are for the buffer pool, but {buffered} t went there")
        self._count(batch)
        self._number(batch)
        self._reports.add(batch.report)
        self.issued[batch.asset] = batch

    def _count(self, batch: Batch) -> None:
        """Count a batch for its report: never more than it comes to, and in the end as much for the buffer pool as it says."""
        claim = self._claims.get(batch.report)
        if batch.report in self._reports and (claim is None or claim.issued_t == claim.net_t):
            raise Fault(f"report {batch.report} was issued before")
        if claim is None:
            return
        issued_t, buffered_t = claim.issued_t + batch.quantity_t, claim.buffered_t + batch.buffer_t
        if issued_t > claim.net_t:
            raise Fault(f"report {batch.report} comes to {claim.net_t} t, but {issued_t} t are issued for it")
        if issued_t == claim.net_t and buffered_t != claim.buffer_t:
            raise Fault(
                f"{claim.buffer_t} t of report {batch.report} are for the buffer pool, but {buffered_t} t went there"
            )
        claim.issued_t, claim.buffered_t = issued_t, buffered_t

    def _number(self, batch: Batch) -> None:
        """Check the code of a batch: its project and vintage, and after the first one its number behind them."""
        vintage = (batch.project, batch.vintage)
        report, count = self._tranches.get(vintage, (batch.report, 0))
        if report != batch.report:
            raise Fault(f"project {batch.project} has had its credits of {batch.vintage} before")
        code = f"{batch.project}-{batch.vintage}" + (f"-{count + 1}" if count else "")
        if batch.asset != code:
            raise Fault(f"{batch.asset} would be called {code}")
        self._tranches[vintage] = (report, count + 1)

    def owned(self) -> Iterator[tuple[Account, Run]]:
        """Yield every run of serial numbers and the account that owns it."""
        for runs in self._runs.values():
            for first, last, owner in runs.runs():
                yield self._accounts.in_order[owner], (first, last)

    def _range_within(self, first: int, last: int) -> tuple[int, int, str] | None:
        at = bisect_right(self._ranges, (last, last, "\U0010ffff"))
        return self._ranges[at - 1] if at and self._ranges[at - 1][1] >= first else None
