"""From a diary to a season, in the terms of rice-water-1."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.utils import translation

from ledger.projects.diary.season import Event, practices_from_diary, read_seasons
from ledger.projects.diary.services import NewEntry, withdraw_entry, write_entry
from ledger.quantification import quantify
from tests.factories import PRACTICES, SETTINGS, ParcelFactory, ProjectFactory

YEAR = (dt.date(2024, 1, 1), dt.date(2024, 12, 31))
EARLY = PRACTICES["seasons"][0]
LATE = EARLY | {"name": "late"}
CONTENT = {
    "planting": {"method": "transplanting"},
    "straw": {"straw_t_per_ha": "3"},
    "manure": {"manure_kind": "compost", "manure_t_per_ha": "2"},
    "fertiliser": {"n_kg_per_ha": "75"},
    "harvest": {"yield_t_per_ha": "6.6"},
}


def events(*given, year=2024):
    """Return events in their order: "0401 planting", with a season behind where one is stated."""
    found = []
    for line in given:
        day, kind, *season = line.split()
        on = dt.date(year, int(day[:2]), int(day[2:]))
        found.append(Event(kind, on, season[0] if season else "", CONTENT.get(kind, {})))
    return found


def read(*given, registered=(EARLY,)):
    with translation.override("en"):
        return read_seasons("A01", registered, events(*given), *YEAR)


def codes(remarks):
    return [remark.code for remark in remarks]


WATER = {
    # More than three days, and water comes back.
    "continuous": [
        [],
        ["0501 flooding"],
        ["0501 drainage", "0504 flooding"],
        # The end of the season.
        ["0710 drainage"],
        ["0501 flooding", "0710 drainage", "0715 drainage"],
        # Before it was planted.
        ["0320 drainage", "0328 flooding"],
    ],
    "single_drainage": [
        ["0501 drainage", "0505 flooding"],
        ["0501 drainage", "0503 drainage", "0510 flooding", "0710 drainage"],
        ["0501 drainage", "0510 flooding", "0520 drainage", "0522 flooding"],
    ],
    "multiple_drainage": [
        ["0501 drainage", "0510 flooding", "0520 drainage", "0527 flooding"],
        [
            "0501 drainage",
            "0510 flooding",
            "0511 flooding",
            "0520 drainage",
            "0527 flooding",
            "0601 drainage",
            "0606 flooding",
        ],
    ],
}


@pytest.mark.parametrize(("water", "given"), [(water, given) for water, all_ in WATER.items() for given in all_])
def test_water_is_what_was_let_off_long_enough_and_came_back(water, given):
    before = [line for line in given if line < "0401"]
    after = [line for line in given if line >= "0401"]
    [season], _remarks = read(*before, "0401 planting", *after, "0722 harvest")
    assert season.water == water
    assert season.days == 112


def test_short_times_without_water_are_said():
    _seasons, remarks = read("0401 planting", "0501 drainage", "0504 flooding", "0722 harvest")
    [short] = [remark for remark in remarks if remark.code == "short_drainage"]
    assert short.text == "1 times without water do not count: they were not more than 3 days."


def test_straw_manure_nitrogen_and_yield_are_summed():
    [season], remarks = read(
        "0220 straw",
        "0325 straw",
        "0330 manure",
        "0401 planting",
        "0401 fertiliser",
        "0510 fertiliser",
        "0520 drainage",
        "0525 flooding",
        "0722 harvest",
    )
    assert season.amendments == (
        ("compost", Decimal(2)),
        ("straw_over_30_days", Decimal(3)),
        ("straw_under_30_days", Decimal(3)),
    )
    assert (season.n_kg_per_ha, season.yield_t_per_ha) == (Decimal(150), Decimal("6.6"))
    assert codes(remarks) == ["no_baseline_yield", "other_water", "other_amendments"]


@pytest.mark.parametrize(("day", "kind"), [("0302", "straw_under_30_days"), ("0301", "straw_over_30_days")])
def test_straw_is_long_before_planting_after_thirty_days(day, kind):
    [season], _remarks = read(f"{day} straw", "0401 planting", "0722 harvest")
    assert season.amendments == ((kind, Decimal(3)),)


def test_two_seasons_follow_one_another():
    seasons, _remarks = read(
        "0401 planting", "0501 fertiliser", "0715 harvest", "0718 straw", "0725 planting", "1101 harvest",
        registered=(EARLY, LATE),
    )  # fmt: skip
    early, late = seasons
    assert (early.name, early.planted_on, early.n_kg_per_ha) == ("early", dt.date(2024, 4, 1), Decimal(75))
    assert (late.name, late.planted_on, late.n_kg_per_ha) == ("late", dt.date(2024, 7, 25), Decimal(0))
    # What was worked in after the first harvest is the second season's.
    assert (early.amendments, late.amendments) == ((), (("straw_under_30_days", Decimal(3)),))


def test_what_is_stated_is_believed():
    [season], remarks = read("0701 planting late", "1020 harvest late", registered=(EARLY, LATE))
    assert season.name == "late"
    assert next((remark.season, remark.code) for remark in remarks) == ("early", "no_season")


def test_straw_that_is_stated_for_the_next_season_is_the_next_seasons():
    early, late = read(
        "0401 planting early", "0714 straw late", "0715 harvest early", "0725 planting late", "1101 harvest late",
        registered=(EARLY, LATE),
    )[0]  # fmt: skip
    assert (early.amendments, late.amendments) == ((), (("straw_under_30_days", Decimal(3)),))


def test_a_field_that_is_harvested_in_two_days_is_one_season():
    [season], remarks = read("0401 planting", "0720 harvest", "0722 harvest")
    assert season.harvested_on == dt.date(2024, 7, 22)
    assert "several_harvests" in codes(remarks)


def test_sown_first_and_transplanted_later_the_field_counts_from_the_last():
    [season], _remarks = read("0301 planting", "0401 planting", "0722 harvest")
    assert season.days == 112


def test_what_is_missing_is_said():
    seasons, remarks = read("0722 harvest")
    assert seasons[0].days == EARLY["days"]
    assert set(codes(remarks)) >= {"no_planting", "no_water", "no_fertiliser", "no_baseline_yield"}
    seasons, remarks = read("0401 planting")
    assert (seasons, codes(remarks)) == ([], ["no_harvest", "no_season"])
    seasons, remarks = read()
    assert (seasons, codes(remarks)) == ([], ["no_season"])


def test_a_harvest_that_no_season_is_registered_for_is_said():
    _seasons, remarks = read("0401 planting", "0722 harvest", "0801 planting", "1110 harvest")
    [remark] = [remark for remark in remarks if remark.code == "season_not_registered"]
    assert "2024-11-10" in remark.text


def test_a_field_flooded_long_before_planting_is_counted_so():
    [season], remarks = read("0220 flooding", "0401 planting", "0722 harvest")
    assert season.preseason == "flooded_over_30_days"
    assert "flooded_before" in codes(remarks)
    [season], _remarks = read("0220 flooding", "0225 drainage", "0329 flooding", "0401 planting", "0722 harvest")
    assert season.preseason == EARLY["project"]["preseason"]


def test_a_season_as_registered_gives_no_remark_but_of_the_yield():
    registered = EARLY | {"yield_t_per_ha": {"baseline": "6.50", "project": "6.60"}}
    [season], remarks = read(
        "0401 planting", "0401 fertiliser", "0501 drainage", "0510 flooding", "0520 drainage", "0527 flooding",
        "0601 fertiliser", "0722 harvest",
        registered=(registered,),
    )  # fmt: skip
    assert remarks == []
    assert season.practices() == registered | {
        "yield_t_per_ha": {"baseline": "6.50", "project": "6.6"},
        "project": {**EARLY["project"], "n_kg_per_ha": "150"},
    }


@pytest.mark.django_db
def test_a_projects_practices_are_taken_from_its_diary(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    for code in ("A01", "A02"):
        ParcelFactory(project=project, code=code)

    def write(day, kind, parcels=("A01",), content=None):
        new = NewEntry(uuid.uuid4(), kind, parcels, day, content or CONTENT.get(kind, {}))
        return write_entry(actor=who.cooperative, project_id=project.pk, new=new).entry

    write(dt.date(2023, 12, 10), "straw")
    write(dt.date(2024, 4, 1), "planting", ("A01", "A02"))
    write(dt.date(2024, 5, 1), "drainage")
    write(dt.date(2024, 5, 10), "flooding")
    wrong = write(dt.date(2024, 7, 22), "harvest", ("A01", "A02"), {"yield_t_per_ha": "1"})
    withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=wrong.pk, reason="Wrong yield.")
    write(dt.date(2024, 7, 22), "harvest")
    practices, remarks = practices_from_diary(project, *YEAR)
    assert list(practices) == ["A01"]
    [season] = practices["A01"]["seasons"]
    assert season["project"]["water"] == "single_drainage"
    assert season["project"]["amendments"] == [{"kind": "straw_over_30_days", "t_per_ha": "3"}]
    assert season["baseline"] == EARLY["baseline"]
    assert ("A02", "no_season") in [(remark.parcel, remark.code) for remark in remarks]
    # The methodology takes them as they are.
    parcels = [{"id": "A01", "area_ha": "1.0", **practices["A01"]}]
    assert quantify({"methodology": "rice-water-1", **SETTINGS, "parcels": parcels}).result.net_t >= 0
    assert practices_from_diary(project, dt.date(2025, 1, 1), dt.date(2025, 12, 31)).practices == {}


@pytest.mark.django_db
def test_soil_carbon_takes_nothing_from_the_diary(who):
    project = ProjectFactory(proponent=who.cooperative.organisation, methodology="soc-tier1-1")
    practices, remarks = practices_from_diary(project, *YEAR)
    assert (practices, codes(remarks)) == ({}, ["other_methodology"])
