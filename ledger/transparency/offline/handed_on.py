"""What becomes of credits after their issuance: transfers, cancellations and reversals, each equal to its transactions."""

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.transparency.offline.decisions import Awaited
from ledger.transparency.offline.entries import Entry
from ledger.transparency.offline.fields import Body, text, text_or_none, whole
from ledger.transparency.offline.findings import Fault
from ledger.transparency.offline.transactions import Leg, Posted

OF_THE_POOL = "buffer"
MAKES_UP = "replenishment"
BY_THE_OPERATOR = "administrative"


class CreditTransfers:
    """Credits that one holder offers another: what is decided is what was offered, and what moved is what was accepted."""

    def __init__(self, awaited: Awaited) -> None:
        self.count = 0
        self.quantity_t = 0
        self._awaited = awaited
        self._open: dict[str, tuple[object, ...]] = {}
        self._seen: set[str] = set()

    def offer(self, body: Body) -> None:
        """Note credits that were offered.

        Raises: Fault.
        """
        name = text(body, "credit_transfer")
        if name in self._seen:
            raise Fault(f"transfer {name} of credits was offered before")
        self._seen.add(name)
        self._open[name] = _terms(body)

    def accept(self, body: Body) -> None:
        """Compare what was accepted with what was offered, and with the transaction that moved it.

        Raises: Fault.
        """
        posted = self._awaited.take(body, "credit_transfer_accepted")
        self.end(body)
        leg = _only_leg(posted)
        name, asset, quantity_t = text(body, "credit_transfer"), text(body, "asset"), whole(body, "quantity_t", least=1)
        if (leg.debit.asset, leg.amount) != (asset, quantity_t):
            raise Fault(
                f"transfer {name} is of {quantity_t} t of {asset}, its transaction of {leg.amount} t of {leg.debit.asset}"
            )
        if (leg.debit.organisation, leg.credit.organisation) != (text(body, "sender"), text(body, "recipient")):
            raise Fault(f"transfer {name} is not between those whose accounts its transaction moved")
        self.count += 1
        self.quantity_t += quantity_t

    def end(self, body: Body) -> None:
        """Compare a transfer that was decided with the one that was offered.

        Raises: Fault.
        """
        name = text(body, "credit_transfer")
        offered = self._open.pop(name, None)
        if offered is None:
            raise Fault(f"transfer {name} of credits was {'decided before' if name in self._seen else 'never offered'}")
        if offered != _terms(body):
            raise Fault(f"transfer {name} of credits is not what was offered")


def _terms(body: Body) -> tuple[object, ...]:
    names = ("asset", "sender", "recipient", "ground", "expires_at", "details_sha256")
    price_fen = whole(body, "price_fen", least=1) if "price_fen" in body else None
    return (*(text(body, name) for name in names), whole(body, "quantity_t", least=1), price_fen)


@dataclass(slots=True)
class _Order:
    terms: tuple[object, ...]
    actor: str


@dataclass(slots=True)
class _Reversal:
    """What a reversal comes to. Units: tonnes."""

    project: str
    loss_t: int
    actor: str
    state: str = "reported"
    owed_t: int = 0
    from_buffer_t: int = 0
    replenished_t: int = 0


class Cancellations:
    """Credits that were cancelled: each equal to its transaction, and for what it says. Units: tonnes."""

    def __init__(self, awaited: Awaited) -> None:
        self.count = 0
        self.quantity_t = 0
        self.reversals: dict[str, _Reversal] = {}
        self._awaited = awaited
        self._seen: set[str] = set()
        self._orders: dict[str, _Order] = {}
        self._ordered: set[str] = set()
        # By the operator, which its order is yet to name; and what the pool has paid for reversals that are yet to be confirmed.
        self._unordered: dict[str, tuple[tuple[object, ...], Entry]] = {}
        self._paid: dict[str, Entry] = {}

    def cancel(self, entry: Entry) -> None:
        """Compare a cancellation with its transaction, and count it for the reversal that it names.

        Raises: Fault.
        """
        body = entry.body
        leg = _only_leg(self._awaited.take(body, "credits_cancelled"))
        name, kind = text(body, "cancellation"), text(body, "kind")
        asset, quantity_t = text(body, "asset"), whole(body, "quantity_t", least=1)
        organisation = text_or_none(body, "organisation")
        if name in self._seen:
            raise Fault(f"cancellation {name} was recorded before")
        self._seen.add(name)
        self.count += 1
        self.quantity_t += quantity_t
        if leg.debit.asset != asset:
            raise Fault(f"cancellation {name} is of {asset}, its transaction of {leg.debit.asset}")
        if leg.amount != quantity_t:
            raise Fault(f"cancellation {name} is of {quantity_t} t, its transaction of {leg.amount} t")
        if leg.debit.organisation != organisation:
            raise Fault(f"cancellation {name} is of another holder than its transaction")
        if kind == OF_THE_POOL and leg.debit.purpose != "buffer":
            raise Fault(f"cancellation {name} is of the buffer pool, its transaction takes from elsewhere")
        if kind == BY_THE_OPERATOR:
            self._unordered[name] = _what(body), entry
        elif kind in (OF_THE_POOL, MAKES_UP):
            self._count_for_reversal(entry, kind, quantity_t)
        elif leg.debit.purpose == "buffer":
            raise Fault(f"cancellation {name} takes from the buffer pool without a reversal")

    def _count_for_reversal(self, entry: Entry, kind: str, quantity_t: int) -> None:
        reversal = self._reversal(entry.body)
        if kind == OF_THE_POOL:
            if reversal.state != "reported":
                raise Fault("the buffer pool pays for a reversal that was decided before")
            reversal.from_buffer_t += quantity_t
            self._paid[text(entry.body, "reversal")] = entry
            return
        if reversal.state != "confirmed":
            raise Fault(f"it makes up for a reversal that is {reversal.state}")
        reversal.replenished_t += quantity_t
        if reversal.replenished_t > reversal.owed_t:
            raise Fault(f"{reversal.replenished_t} t make up for a reversal for which {reversal.owed_t} t are owed")

    # Ordered by the operator

    def request(self, entry: Entry) -> None:
        """Note a cancellation that one of the operator's people asked for.

        Raises: Fault.
        """
        order = text(entry.body, "cancellation_order")
        if order in self._ordered:
            raise Fault(f"cancellation order {order} was given before")
        self._ordered.add(order)
        self._orders[order] = _Order(_what(entry.body), entry.actor)

    def confirm(self, entry: Entry) -> None:
        """Compare an order that was confirmed with what was asked for, and with what was cancelled.

        Raises: Fault.
        """
        order = self._decide(entry)
        name = text(entry.body, "cancellation")
        cancelled = self._unordered.pop(name, None)
        if cancelled is None:
            raise Fault(f"it names cancellation {name}, which is none that waits for its order")
        if cancelled[0] != order.terms:
            raise Fault(f"cancellation {name} is not what was ordered")

    def refuse(self, entry: Entry) -> None:
        """Note an order that was refused.

        Raises: Fault.
        """
        self._decide(entry)

    def _decide(self, entry: Entry) -> _Order:
        name = text(entry.body, "cancellation_order")
        order = self._orders.pop(name, None)
        if order is None:
            raise Fault(f"cancellation order {name} was {'decided before' if name in self._ordered else 'never given'}")
        if order.terms != _what(entry.body):
            raise Fault(f"cancellation order {name} is not what was asked for")
        if order.actor == entry.actor:
            raise Fault(f"cancellation order {name} was decided by who had given it")
        return order

    # Reversals

    def report_reversal(self, entry: Entry) -> None:
        """Note a loss that was reported.

        Raises: Fault.
        """
        body = entry.body
        name = text(body, "reversal")
        if name in self.reversals:
            raise Fault(f"reversal {name} was reported before")
        self.reversals[name] = _Reversal(text(body, "project"), whole(body, "loss_t", least=1), entry.actor)

    def confirm_reversal(self, entry: Entry) -> None:
        """Check that a loss is paid for by the buffer pool or owed, each tonne of it once.

        Raises: Fault.
        """
        body = entry.body
        reversal = self._decide_reversal(entry, "confirmed")
        from_buffer_t, owed_t = whole(body, "from_buffer_t"), whole(body, "owed_t")
        reversal.owed_t = owed_t
        if whole(body, "loss_t") != reversal.loss_t:
            raise Fault(f"a loss of {reversal.loss_t} t was reported, one of {body['loss_t']} t confirmed")
        if from_buffer_t != reversal.from_buffer_t:
            raise Fault(
                f"{from_buffer_t} t are said to come from the buffer pool, {reversal.from_buffer_t} t of it were cancelled"
            )
        if from_buffer_t + owed_t != reversal.loss_t:
            raise Fault(f"of a loss of {reversal.loss_t} t the pool pays {from_buffer_t} t and {owed_t} t are owed")

    def refuse_reversal(self, entry: Entry) -> None:
        """Note a report that was refused.

        Raises: Fault where the buffer pool has paid for it.
        """
        reversal = self._decide_reversal(entry, "refused")
        if reversal.from_buffer_t:
            raise Fault(f"the buffer pool has paid {reversal.from_buffer_t} t for a reversal that was refused")

    def compensate(self, body: Body) -> None:
        """Check that what was owed for a reversal was cancelled.

        Raises: Fault.
        """
        reversal = self._reversal(body)
        if reversal.state != "confirmed":
            raise Fault(f"a reversal that is {reversal.state} is said to be made up for")
        reversal.state = "compensated"
        if reversal.replenished_t != reversal.owed_t:
            raise Fault(f"{reversal.owed_t} t were owed for a reversal, {reversal.replenished_t} t make up for it")

    def _decide_reversal(self, entry: Entry, state: str) -> _Reversal:
        reversal = self._reversal(entry.body)
        if reversal.state != "reported":
            raise Fault("the reversal was decided before")
        reversal.state = state
        self._paid.pop(text(entry.body, "reversal"), None)
        if reversal.actor == entry.actor:
            raise Fault("the reversal was decided by who had reported it")
        return reversal

    def _reversal(self, body: Body) -> _Reversal:
        name = text(body, "reversal")
        reversal = self.reversals.get(name)
        if reversal is None:
            raise Fault(f"reversal {name} was never reported")
        return reversal

    def left_open(self) -> Iterator[tuple[str, Entry]]:
        """Yield what the end of the log leaves open, in words, and the record that it is about."""
        for name, (_terms, entry) in self._unordered.items():
            yield f"no cancellation_confirmed names cancellation {name}", entry
        for name, entry in self._paid.items():
            yield f"the buffer pool pays for reversal {name}, which was never confirmed", entry


def _what(body: Body) -> tuple[object, ...]:
    return (
        text(body, "asset"),
        whole(body, "quantity_t", least=1),
        text_or_none(body, "organisation"),
        text(body, "reason"),
    )


def _only_leg(posted: Posted) -> Leg:
    if len(posted.legs) != 1:
        raise Fault(f"its transaction {posted.id} is not one transfer")
    return posted.legs[0]
