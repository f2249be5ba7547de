"""Serial numbers that stand in records of their own, before the transaction that moves them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.transparency.offline.entries import Entry
from ledger.transparency.offline.fields import text, whole
from ledger.transparency.offline.findings import Fault
from ledger.transparency.offline.transactions import WrittenRuns, parse_runs


@dataclass(slots=True)
class ListedSerials:
    """What has been listed for transfers to come, and where it stood for those that have come."""

    waiting: dict[str, WrittenRuns] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    _places: dict[str, list[int]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Note a part of a transfer's serial numbers.

        Raises: Fault where it does not follow the part before it.
        """
        body = entry.body
        transfer, part, parts = text(body, "transfer"), whole(body, "part", least=1), whole(body, "parts", least=1)
        parse_runs(body.get("serials"), f"transfer {transfer}")
        before = self.entries.setdefault(transfer, [])
        self.waiting.setdefault(transfer, []).extend(body["serials"])
        before.append(Entry(entry.index, entry.id, entry.kind, {}, entry.actor))
        if part != len(before) or part > parts:
            raise Fault(f"part {part} of {parts} of the serial numbers of transfer {transfer} is out of turn")

    def use(self, transfer: str) -> None:
        """Forget what was listed for a transfer, now that it has come, but for where it stands."""
        del self.waiting[transfer]
        self._places[transfer] = [entry.index for entry in self.entries.pop(transfer)]

    def again(self, transfer: str, read: Callable[[int], Entry]) -> WrittenRuns:
        """Return what was listed for a transfer that has come, read once more."""
        return [run for place in self._places.get(transfer, ()) for run in read(place).body["serials"]]
