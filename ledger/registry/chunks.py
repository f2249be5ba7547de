"""Read a list of any length a part at a time, and write the addresses of what is in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where this registry is found, such as https://registry.example; empty: addresses are written without it."""

    site: str = ""

    def of(self, path: str) -> str:
        """Return the address of a page."""
        return f"{self.site}{path}"


def in_chunks(rows: QuerySet[Row], size: int = ROWS_AT_ONCE) -> Iterator[list[Row]]:
    """Yield rows in the order of their ids, so many at a time: each part begins where the last one ended."""
    rows, last = rows.order_by("pk"), 0
    while chunk := list(rows.filter(pk__gt=last)[:size]):
        yield chunk
        last = chunk[-1].pk
