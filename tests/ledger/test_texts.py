"""What the database can keep of what people write."""

import pytest

from ledger.errors import InvalidValue
from ledger.models import Parcel, Project
from ledger.texts import check_text, check_texts, is_storable


@pytest.mark.parametrize("value", ["", "田汇", "a\nb", "😀", None, 7, 1.5, True, {"a": ["b", {"c": "😀"}]}, ("x",)])
def test_text_and_what_holds_it_can_be_stored(value):
    assert is_storable(value)


@pytest.mark.parametrize("value", ["a\x00b", "\ud83d", {"\x00": 1}, {"a": [{"b": "\udc00"}]}, ["x", ("\x00",)]])
def test_half_characters_and_nul_cannot_however_deep(value):
    assert not is_storable(value)


def test_a_text_has_at_most_so_many_characters():
    check_text("😀" * 5, field="name", most=5)
    with pytest.raises(InvalidValue) as refusal:
        check_text("😀" * 6, field="name", most=5)
    assert refusal.value.field == "name"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (Project(number=1, name="n" * 121), "name"),
        (Project(number=1, description="\x00"), "description"),
        (Project(number=1, settings={"a": "\x00"}), "settings"),
        (Parcel(code="c" * 33), "code"),
        (Parcel(practices={"seasons": ["\ud800"]}), "practices"),
    ],
)
def test_a_row_is_checked_column_by_column(row, field):
    with pytest.raises(InvalidValue) as refusal:
        check_texts(row)
    assert refusal.value.field == field
