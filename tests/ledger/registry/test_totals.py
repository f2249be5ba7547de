"""Tonnes by county, year and practice: right to the tonne, and never older than is said."""

import csv
import io

import pytest
import time_machine

from ledger.credits.services import retire_credits
from ledger.models import CarbonTotal, Project
from ledger.registry.totals import TotalTerms, computed_at, refresh_totals, sums_by
from ledger.transparency.sequencer import sequence_log
from tests.factories import ProjectFactory
from tests.scenes import issue_to_cooperative


@pytest.fixture
def two(who):
    """Return batches of 100 t of rice in Nanjing county, and of 40 t of soil in Hunan, 7 t of the first retired in 2026."""
    owner = who.cooperative.organisation
    rice = issue_to_cooperative(who, 100, project=ProjectFactory(proponent=owner, county_code="350627"))
    soil = issue_to_cooperative(
        who, 40, project=ProjectFactory(proponent=owner, province_code="43", methodology="soc-tier1-1")
    )
    with time_machine.travel("2026-12-31T16:30:00+00:00", tick=False):
        retire_credits(actor=who.cooperative, batch_id=rice.pk, quantity_t=7, beneficiary_name="我", purpose="event")
    return rice, soil


def sums(column, **terms):
    return {each.key: (each.issued_t, each.retired_t) for each in sums_by(column, TotalTerms(**terms))}


def test_sums_are_by_vintage_and_by_the_year_of_retirement_in_shanghai(two):
    rice, soil = two
    refresh_totals()
    assert sums("methodology") == {"rice-water-1": (100, 7), "soc-tier1-1": (40, 0)}
    assert sums("province_code") == {"35": (100, 7), "43": (40, 0)}
    assert sums("county_code", province="35") == {"350627": (100, 7)}
    assert sums("year", methodology="soc-tier1-1") == {str(soil.vintage): (40, 0)}
    assert sums("year", county="350627") == {str(rice.vintage): (100, 0), "2027": (0, 7)}


def test_they_are_computed_anew_when_the_log_has_grown(who, two):
    sequence_log()
    assert refresh_totals() is True
    at = computed_at()
    assert refresh_totals() is False
    assert computed_at() > at
    retire_credits(actor=who.cooperative, batch_id=two[1].pk, quantity_t=4, beneficiary_name="我", purpose="event")
    sequence_log()
    assert refresh_totals() is True
    assert sums("methodology")["soc-tier1-1"] == (40, 4)


def test_a_project_that_names_its_county_later_leaves_nothing_behind(two):
    refresh_totals()
    Project.objects.filter(province_code="43").update(county_code="430121")
    refresh_totals(always=True)
    assert sums("county_code", province="43") == {"430121": (40, 0)}
    assert CarbonTotal.objects.filter(province_code="43", county_code="").get().quantity_t == 0


def test_the_page_has_sums_pictures_and_a_file(client, two):
    refresh_totals()
    context = client.get("/dual-carbon").context
    assert (context["issued_t"], context["retired_t"]) == (140, 7)
    assert len(context["picture"].bars) == len(context["years"])
    context = client.get("/dual-carbon", {"province": "35"}).context
    assert [(each.key, name) for each, name in context["counties"]] == [("350627", "漳州市南靖县")]
    for query in ({"province": "99"}, {"county": "٣٥٠٦٢٧"}, {"methodology": "x"}):
        assert client.get("/dual-carbon", query).context["issued_t"] == 140
    answer = client.get("/dual-carbon.csv", {"province": "35"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert sum(int(row["quantity_t"]) for row in csv.DictReader(io.StringIO(text))) == 107


def test_the_page_asks_the_database_no_more_for_more(client, two, django_assert_num_queries):
    refresh_totals()
    with django_assert_num_queries(4):
        client.get("/dual-carbon")


def test_before_anything_is_computed_the_page_says_so(client, db):
    page = client.get("/dual-carbon", headers={"accept-language": "en"}).content.decode()
    assert "computed for the first time within a minute" in page
