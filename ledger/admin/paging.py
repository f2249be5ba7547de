"""Pages of tables that are too large to be counted."""

from django.core.paginator import Paginator
from django.db import models
from django.utils.functional import cached_property

MOST_COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts ten thousand rows and no further; from the last page on, one reads on by number."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or the most that is counted."""
        rows = self.object_list
        assert isinstance(rows, models.QuerySet)
        return rows.order_by()[:MOST_COUNTED].count()

    @property
    def is_bounded(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count == MOST_COUNTED
