from collections.abc import Iterator

import pytest

from tests.scenes import People
from tests.watched import Day, day_of
from trading.execution.reconciliation import reconcile


@pytest.fixture
def day(who: People) -> Day:
    return day_of(who)


@pytest.fixture(autouse=True)
def _books_are_in_order(db: None) -> Iterator[None]:
    yield
    assert [result for result in reconcile() if not result.holds] == []
