"""Pages of long lists: each goes on from the last row of the one before, so that the hundredth is as fast as the first.

Lists are counted up to a thousand and no further.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from ledger.texts import is_storable

Row = TypeVar("Row", bound=Model)
MOST_COUNTED = 1_000
SEPARATOR = "~"
MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Order:
    """By which field a list is sorted, and whether from the largest on; rows that are alike by their ids."""

    field: str
    descending: bool = True

    def sorted(self, rows: QuerySet[Row], *, backwards: bool = False) -> QuerySet[Row]:
        """Return rows in this order, or in its reverse."""
        sign = "-" if self.descending != backwards else ""
        return rows.order_by(*dict.fromkeys((f"{sign}{self.field}", f"{sign}pk")))

    def beyond(self, place: tuple[Any, int], *, backwards: bool = False) -> Q:
        """Return the condition that a row comes after a place, or before it."""
        way = "lt" if self.descending != backwards else "gt"
        value, row_id = place
        if self.field == "pk":
            return Q(**{f"pk__{way}": row_id})
        # The first part alone is what an index begins from.
        tie = Q(**{f"{self.field}__{way}": value}) | Q(**{self.field: value, f"pk__{way}": row_id})
        return Q(**{f"{self.field}__{way}e": value}) & tie

    def place_of(self, row: Model) -> str:
        """Return where a row stands, as an address writes it."""
        value = getattr(row, self.field)
        written = value.isoformat() if hasattr(value, "isoformat") else str(value)
        return str(row.pk) if self.field == "pk" else f"{written}{SEPARATOR}{row.pk}"

    def read_place(self, model: type[Model], written: str) -> tuple[Any, int] | None:
        """Return the place that an address names, None where it names none."""
        value, _separator, row_id = written.rpartition(SEPARATOR)
        if not (row_id.isascii() and row_id.isdigit() and len(row_id) <= MOST_DIGITS and is_storable(value)):
            return None
        if self.field == "pk":
            return 0, int(row_id)
        field = model._meta.get_field(self.field)
        try:
            read = field.clean(value, None)  # type: ignore[union-attr]
        except (ValidationError, OverflowError):
            return None
        return read, int(row_id)


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """A page, and where the ones beside it begin (empty: there is none)."""

    object_list: list[Row]
    before: str
    after: str
    count: int

    def __iter__(self) -> Iterator[Row]:
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)

    @property
    def is_counted_whole(self) -> bool:
        """Whether `count` is how many there are, rather than the most that is counted."""
        return self.count < MOST_COUNTED

    @property
    def has_other_pages(self) -> bool:
        return bool(self.before or self.after)


def page_of(rows: QuerySet[Row], order: Order, size: int, *, after: str = "", before: str = "") -> KeysetPage[Row]:
    """Return the page after or before a place of a list; its first page where the place is none."""
    backwards = bool(before) and not after
    place = order.read_place(rows.model, before if backwards else after)
    wanted = order.sorted(rows, backwards=backwards and place is not None)
    if place is None:
        backwards = False
    else:
        wanted = wanted.filter(order.beyond(place, backwards=backwards))
    found = list(wanted[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_before = has_more if backwards else place is not None
    has_after = place is not None if backwards else has_more
    return KeysetPage(
        found,
        before=order.place_of(found[0]) if found and has_before else "",
        after=order.place_of(found[-1]) if found and has_after else "",
        count=_count(rows, found, is_whole=not has_before and not has_after),
    )


def _count(rows: QuerySet[Row], found: list[Row], *, is_whole: bool) -> int:
    """Return how many rows there are, or the most that is counted."""
    if is_whole and found:
        return len(found)
    # Their keys alone: what else is computed for each row would be computed for all that are counted.
    return rows.order_by().values("pk")[:MOST_COUNTED].count()
