"""Every test is run, once, and the longest ones come first in each process's share."""

from types import SimpleNamespace

import pytest

from tests.lineup import longest_first

LONG = ["tests/operations/a.py::a1", "tests/operations/a.py::a2", "tests/doors/b.py::b1", "tests/demo/c.py::c1"]
SHORT = [f"tests/trading/t.py::t{at}" for at in range(8)]


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "names", [LONG, SHORT, SHORT + LONG, [], LONG[:1] + SHORT[:1]], ids=lambda names: str(len(names))
)
def test_every_test_stays_in_the_list_once(names: list[str], processes: int) -> None:
    items = [SimpleNamespace(nodeid=name) for name in names]
    assert sorted(item.nodeid for item in longest_first(items, processes)) == sorted(names)


def test_each_share_begins_with_long_ones_and_files_stay_together() -> None:
    items = [SimpleNamespace(nodeid=name) for name in SHORT + LONG]
    found = [item.nodeid for item in longest_first(items, 2)]
    assert found[:3] == [LONG[0], LONG[1], LONG[3]]
    assert found[6:7] == [LONG[2]]
    assert [name for name in found if name in SHORT] == SHORT
