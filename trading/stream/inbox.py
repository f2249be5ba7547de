"""What a reader has still to be sent: never more than a bounded number of messages, which all readers share."""

import asyncio

from trading.stream.events import Item, Revoked, Signal

MAX_BACKLOG = 64
"""A reader that is further behind than that asks Redis's buffer for what it was not given."""


_KEPT = (Signal.INTERRUPTED, Signal.RESUMED, Signal.END)


class Inbox:
    """Messages in their order. Where there are too many, all are dropped, and `is_overrun` is true until they are taken."""

    def __init__(self) -> None:
        self.is_overrun = False
        self.overruns = 0
        """Since the last heartbeat."""
        self.is_paused = False
        """While its reader catches up with the buffer, messages are not kept here: they are there too."""
        self._items: list[Item] = []
        self._has_some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Add a message; a heartbeat only where there is nothing else to send."""
        if item is Signal.END:
            self.is_overrun = False
        if item is Signal.HEARTBEAT and not self.is_overrun:
            self.overruns = 0
        if self.is_overrun or (item is Signal.HEARTBEAT and self._items):
            return
        if self.is_paused and item not in _KEPT and not isinstance(item, Revoked):
            return
        if len(self._items) >= MAX_BACKLOG and item is not Signal.END:
            self.is_overrun = True
            self.overruns += 1
            self._items.clear()
        else:
            self._items.append(item)
        self._has_some.set()

    async def take(self) -> list[Item]:
        """Wait until there is something, and return all of it; `MISSED` alone where there was too much."""
        await self._has_some.wait()
        self._has_some.clear()
        items, self._items = self._items, []
        if self.is_overrun:
            self.is_overrun = False
            return [Signal.MISSED]
        return items
