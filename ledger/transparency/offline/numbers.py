"""Sets of whole numbers that were given out in order, with few gaps: an eighth of a byte or eight bytes for each."""

from array import array

_SET_BITS = 8
_SET_MASK = (1 << _SET_BITS) - 1
_MAP_BITS = 6
_MAP_WIDTH = 1 << _MAP_BITS
_MAP_MASK = _MAP_WIDTH - 1


class NumberSet:
    """A set of numbers, as bitmaps of 256."""

    def __init__(self) -> None:
        self._pages: dict[int, int] = {}

    def add(self, number: int) -> bool:
        """Add a number, and return whether it is new."""
        page, bit = number >> _SET_BITS, 1 << (number & _SET_MASK)
        seen = self._pages.get(page, 0)
        if seen & bit:
            return False
        self._pages[page] = seen | bit
        return True


class NumberMap:
    """A place from 0 for each of many numbers."""

    def __init__(self) -> None:
        self._pages: dict[int, array[int]] = {}

    def add(self, number: int, place: int) -> bool:
        """Remember the place of a number, and return whether the number is new."""
        page = self._pages.get(number >> _MAP_BITS)
        if page is None:
            page = self._pages[number >> _MAP_BITS] = array("q", bytes(8 * _MAP_WIDTH))
        if page[number & _MAP_MASK]:
            return False
        page[number & _MAP_MASK] = place + 1
        return True

    def find(self, number: int) -> int | None:
        """Return the place of a number, or None where it is not known."""
        page = self._pages.get(number >> _MAP_BITS)
        return page[number & _MAP_MASK] - 1 if page is not None and page[number & _MAP_MASK] else None
