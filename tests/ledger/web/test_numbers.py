"""Numbers as people write them, on every form of a page."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django import forms

import ledger.web
import trading.web
from ledger.web.forms.credits import WithdrawForm
from ledger.web.forms.fields import NumberField, TonnesField, YuanField, plain_number
from ledger.web.forms.security import AppCodeForm
from ledger.web.forms.sharing import PercentField


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("５００", "500"),
        ("１，２００。５０", "1200.50"),
        (" 1 200 ", "1200"),
        ("27。5", "27.5"),
        ("￥1,234,567.80", "1234567.80"),
        ("1,2000", "12000"),
        ("-1,200.5", "-1200.5"),
        ("1,5", "1,5"),
        ("0,125", "0,125"),
        ("12,34,567", "12,34,567"),
        ("1,200,5000", "1,200,5000"),
        ("", ""),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, plain: str) -> None:
    assert plain_number(written) == plain


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        (YuanField(), "２７。５", 2_750),
        (YuanField(), "1,200.50", 120_050),
        (TonnesField(), "１，２００", 1_200),
        (NumberField(unit="kg/ha"), "１８０。２５", "180.25"),
        (PercentField(), "１２。５", 1_250),
    ],
)
def test_a_field_takes_full_width_digits_and_the_chinese_full_stop(
    field: forms.Field, written: str, value: object
) -> None:
    assert field.clean(written) == value


@pytest.mark.parametrize("written", ["1,5", "0,125", "1.2.3", "５００吨", "-5", "0", "1_0e", "NaN", "9" * 40])
def test_what_is_no_amount_is_refused_and_kept(written: str) -> None:
    form = WithdrawForm({"amount_fen": written}, available_fen=1_000_000)
    assert not form.is_valid()
    assert form["amount_fen"].value() == written


def test_a_code_may_be_written_by_a_chinese_keyboard() -> None:
    form = AppCodeForm({"code": "１２３ ４５６"})
    assert form.is_valid()
    assert form.cleaned_data["code"] == "123 456"


def _forms() -> Iterator[type[forms.BaseForm]]:
    for package in (ledger.web, trading.web):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for found in vars(importlib.import_module(module.name)).values():
                if isinstance(found, type) and issubclass(found, forms.BaseForm):
                    yield found


def test_no_page_asks_for_a_number_by_the_browsers_own_line() -> None:
    """Such a line leaves out what it does not know, without a word: of 27。5 it makes 275."""
    asked = {
        f"{form.__name__}.{name}"
        for form in _forms()
        for name, field in form.base_fields.items()
        if isinstance(field.widget, forms.NumberInput)
    }
    assert asked == set()
