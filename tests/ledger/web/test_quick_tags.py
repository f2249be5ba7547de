"""What is written the quick way is written as Django writes it."""

from decimal import Decimal

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.urls import NoReverseMatch, reverse, set_script_prefix
from django.utils import translation
from django.utils.formats import number_format
from hypothesis import given
from hypothesis import strategies as st

from ledger.templatetags.addresses import address_of
from ledger.templatetags.tianhui import hectares, icon, mu, tonnes, yuan


@given(st.integers(-(10**18), 10**18))
def test_money_and_tonnes_are_written_as_numbers_are_in_both_languages(number: int) -> None:
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert yuan(number) == number_format(Decimal(number) / 100, decimal_pos=2, force_grouping=True)
            assert tonnes(number) == number_format(number, force_grouping=True)


def test_what_is_no_number_is_written_as_before() -> None:
    assert (yuan(None), tonnes(None)) == ("", "")
    assert yuan(Decimal("1234567")) == "12,345.67"


def written(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize("value", ["<b>&\"'", "a/b", "上湖", "x" * 200])
def test_an_address_is_escaped_as_before(value: str) -> None:
    address = reverse("guide", kwargs={"name": "a"})
    assert written("{% url 'guide' name=name %}", name="a") == address
    assert written("{% url 'statement' account_id=pk %}", pk=7) == reverse("statement", kwargs={"account_id": 7})
    assert written("{% url 'market' symbol %}", symbol="TH-35-000001-2025") == "/markets/TH-35-000001-2025"
    with pytest.raises(NoReverseMatch):
        written("{% url 'guide' name=name %}", name=value + "/")
    assert written("{% url 'guide' name=name as found %}[{{ found }}]", name=value + "/") == "[]"


def test_one_and_true_are_not_one_address() -> None:
    assert written("{% url 'statement' account_id=pk %}", pk=1) == "/accounts/1" or reverse("statement", args=[1])
    with pytest.raises(NoReverseMatch):
        address_of("statement", account_id=True)


def test_the_desk_is_found_from_everywhere() -> None:
    assert written("{% url 'admin:index' %}") == "/admin/"


def test_where_the_site_lies_elsewhere_addresses_do_as_well() -> None:
    assert written("{% url 'home' %}") == "/"
    try:
        set_script_prefix("/tianhui/")
        assert written("{% url 'home' %}") == "/tianhui/"
    finally:
        set_script_prefix("/")
    with override_settings(ROOT_URLCONF="ledger.web.urls"):
        assert written("{% url 'guides' %}") == reverse("guides")


def test_an_icon_lies_where_static_files_do() -> None:
    before = icon("mail")
    with override_settings(STATIC_URL="/elsewhere/"):
        pass
    assert icon("mail") == before
    assert "#mail" in before


@pytest.mark.parametrize(
    ("area_ha", "as_ha", "as_mu"),
    [
        ("4.4871", "4.49", "67.3"),
        ("0.0580", "0.06", "0.9"),
        ("0.0030", "0.00", "0.0"),
        ("6.6666", "6.67", "100.0"),
        ("807.3133", "807.31", "12,110"),
        ("0", "0.00", "0"),
    ],
)
def test_an_area_is_rounded_and_a_small_field_keeps_a_tenth_of_a_mu(area_ha: str, as_ha: str, as_mu: str) -> None:
    assert (hectares(Decimal(area_ha)), mu(Decimal(area_ha))) == (as_ha, as_mu)
    assert (hectares(None), mu(None)) == ("", "")
