"""Let things happen at the same moment: real threads, each with a connection of its own."""

import threading
from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection

from ledger.journal.locks import LockedAccount
from ledger.models import Account

SECONDS = 10.0


def race(*calls: Callable[[], Any]) -> list[Any]:
    """Start all calls at one moment, each in its thread, and return what each returned or raised, in their order."""
    start = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            start.wait(SECONDS)
            outcomes[place] = call()
        except Exception as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS * 3)
        assert not thread.is_alive(), "a call does not end: do two wait for each other?"
    return outcomes


class Meeting:
    """A place in the code where threads wait for one another, as long as another may still come."""

    def __init__(self, parties: int = 2, seconds: float = 0.5) -> None:
        self._barrier = threading.Barrier(parties)
        self._seconds = seconds
        self.met = False

    def wait(self) -> None:
        """Wait for the others; go on alone where they do not come."""
        try:
            self._barrier.wait(self._seconds)
            self.met = True
        except threading.BrokenBarrierError:
            pass


def unlocked_accounts(meeting: Meeting) -> Callable[[Iterable[int]], dict[int, LockedAccount]]:
    """Return what reads accounts as `lock_accounts` does, but does not lock them; readers meet before they go on."""

    def read(account_ids: Iterable[int]) -> dict[int, LockedAccount]:
        rows = Account.objects.select_related("asset").filter(pk__in=set(account_ids)).order_by("pk")
        found = {
            row.pk: LockedAccount(row.pk, row.asset_id, row.asset.kind == "credit", row.purpose, row.balance, row.held)
            for row in rows
        }
        meeting.wait()
        return found

    return read
