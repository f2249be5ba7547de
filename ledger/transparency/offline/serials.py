"""Who owns which serial numbers, as the log tells it: each batch is a row of runs, no two neighbours of one owner.

Runs stand in chunks, so that cutting and joining them costs the same in a batch of a million runs as in one of ten.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import TypeAlias

MAX_CHUNK = 1_024

Run = tuple[int, int]  # first and last serial number, both included
Places: TypeAlias = "array[int]"


class SerialRuns:
    """The numbers of one batch, from `first` to `last`, and the owner of each. Owners are numbers, too."""

    def __init__(self, first: int, last: int, owner: int) -> None:
        self.first, self.last = first, last
        self._starts = [array("q", [first])]
        self._owners = [array("q", [owner])]
        self._heads = [first]

    def give(self, first: int, last: int, giver: int, receiver: int) -> Run | None:
        """Give a run of the batch's numbers to another owner; it changes hands whoever had it.

        Return the first number that the giver did not own and its owner, or None where it owned them all.
        """
        chunk, at = self._find(first)
        starts, owners = self._starts[chunk], self._owners[chunk]
        if 0 < at < len(starts) - 1 and owners[at] == giver and last < starts[at + 1] and len(starts) < MAX_CHUNK - 1:
            _hand_over(starts, owners, at, first, last, receiver)
            return None
        wrong = None
        if owners[at] != giver:
            wrong = (first, owners[at])
        elif (end := self._end(chunk, at)) < last:
            wrong = (end + 1, self._owner_of(end + 1))
        self._assign(first, last, receiver)
        return wrong

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield first number, last number and owner of every run, in order."""
        before: tuple[int, int] | None = None
        for starts, owners in zip(self._starts, self._owners, strict=True):
            for start, owner in zip(starts, owners, strict=True):
                if before is not None:
                    yield before[0], start - 1, before[1]
                before = start, owner
        if before is not None:
            yield before[0], self.last, before[1]

    def _find(self, number: int) -> tuple[int, int]:
        chunk = bisect_right(self._heads, number) - 1
        return chunk, bisect_right(self._starts[chunk], number) - 1

    def _owner_of(self, number: int) -> int:
        chunk, at = self._find(number)
        return self._owners[chunk][at]

    def _end(self, chunk: int, at: int) -> int:
        starts = self._starts[chunk]
        if at + 1 < len(starts):
            return starts[at + 1] - 1
        return self._heads[chunk + 1] - 1 if chunk + 1 < len(self._heads) else self.last

    def _assign(self, first: int, last: int, owner: int) -> None:
        self._cut(first)
        if last < self.last:
            self._cut(last + 1)
        chunk, at = self._find(first)
        while (after := self._end(chunk, at) + 1) <= last:
            self._join(after)
        self._owners[chunk][at] = owner
        if last < self.last:
            self._join_alike(last + 1)
        if first > self.first:
            self._join_alike(first)

    def _cut(self, number: int) -> None:
        """Let a run begin at a number."""
        chunk, at = self._find(number)
        starts, owners = self._starts[chunk], self._owners[chunk]
        if starts[at] == number:
            return
        starts.insert(at + 1, number)
        owners.insert(at + 1, owners[at])
        if len(starts) > MAX_CHUNK:
            self._halve(chunk)

    def _halve(self, chunk: int) -> None:
        starts, owners, half = self._starts[chunk], self._owners[chunk], MAX_CHUNK // 2
        self._starts[chunk : chunk + 1] = [starts[:half], starts[half:]]
        self._owners[chunk : chunk + 1] = [owners[:half], owners[half:]]
        self._heads.insert(chunk + 1, starts[half])

    def _join_alike(self, start: int) -> None:
        """Join the run that begins here to the one before it, where both have one owner."""
        if self._owner_of(start - 1) == self._owner_of(start):
            self._join(start)

    def _join(self, start: int) -> None:
        """Let the run that begins here be a part of the one before it."""
        chunk = bisect_right(self._heads, start) - 1
        starts = self._starts[chunk]
        at = bisect_left(starts, start)
        del starts[at], self._owners[chunk][at]
        if not starts:
            del self._starts[chunk], self._owners[chunk], self._heads[chunk]
        elif at == 0:
            self._heads[chunk] = starts[0]


def _hand_over(starts: Places, owners: Places, at: int, first: int, last: int, receiver: int) -> None:
    """Give numbers of one run, which has neighbours in its chunk: as `SerialRuns._assign`, but with one look for them all."""
    begins, ends = first == starts[at], last + 1 == starts[at + 1]
    joins_left, joins_right = begins and owners[at - 1] == receiver, ends and owners[at + 1] == receiver
    if begins and ends:
        owners[at] = receiver
        if joins_right:
            del starts[at + 1], owners[at + 1]
        if joins_left:
            del starts[at], owners[at]
    elif joins_left:
        starts[at] = last + 1
    elif joins_right:
        starts[at + 1] = first
    elif begins:
        starts.insert(at + 1, last + 1)
        owners.insert(at, receiver)
    else:
        starts.insert(at + 1, first)
        owners.insert(at + 1, receiver)
        if not ends:
            starts.insert(at + 2, last + 1)
            owners.insert(at + 2, owners[at])


def join_runs(runs: Iterable[Run]) -> list[Run]:
    """Return the same numbers in as few runs as can be, in order; runs that overlap stay apart."""
    joined: list[Run] = []
    for first, last in sorted(runs):
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
