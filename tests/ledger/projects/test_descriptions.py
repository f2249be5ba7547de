"""What a draft says of itself, and what must be declared before it is handed in."""

import datetime as dt
from decimal import Decimal

import pytest

from ledger.errors import InvalidValue, NotAllowed, NotFound, WrongState
from ledger.models import Membership, Organisation, Parcel, Project, Record
from ledger.projects.cadtrust import CO_BENEFITS, STATUSES
from ledger.projects.counties import counties, counties_by_city, county_name
from ledger.projects.declarations import state_baseline
from ledger.projects.descriptions import describe_project
from ledger.projects.services import submit_project
from ledger.web.words import CO_BENEFITS as CO_BENEFIT_WORDS
from ledger.web.words import PROVINCES
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, square


@pytest.fixture
def draft(who):
    return ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT, is_listed_elsewhere=None)


def describe(who, draft, **changes):
    return describe_project(actor=who.cooperative, project_id=draft.pk, changes=changes)


WHOLE = {
    "name": " 新名 ",
    "name_en": "New name",
    "place": "福建",
    "county_code": "350627",
    "description": "说明",
    "description_en": "Words",
    "illustrative": "",
    "settings": {"gwp": "AR6", "region": "east_asia"},
    "crediting_starts_on": dt.date(2021, 1, 1),
    "crediting_ends_on": dt.date(2030, 12, 31),
    "starts_on": dt.date(2020, 3, 1),
    "project_link": "https://example.org/p",
    "covered_by_ndc": "inside",
    "ndc_information": "Agriculture",
    "co_benefits": ["sdg_13", "sdg_2", "sdg_2"],
    "labels": [{"name": "CCB", "label_type": "certification", "valid_from": "2021-01-01"}],
    "related_projects": [{"project": "VCS 1", "relationship": "the same valley"}],
    "estimations": [{"starts_on": "2021-01-01", "ends_on": "2021-12-31", "quantity_t": 2_300}],
    "is_listed_elsewhere": True,
    "other_listings": [{"registry": "Verra", "number": "VCS 2", "status": "withdrawn"}],
}


def test_a_draft_says_everything_about_itself(who, draft):
    describe(who, draft, **WHOLE)
    draft.refresh_from_db()
    assert (draft.name, draft.co_benefits) == ("新名", ["sdg_2", "sdg_13"])
    assert draft.other_listings == [{"registry": "Verra", "number": "VCS 2", "link": "", "status": "withdrawn"}]
    assert (draft.crediting_ends_on, draft.settings["gwp"]) == (dt.date(2030, 12, 31), "AR6")


def test_what_is_not_named_stays_and_each_change_is_a_record(who, draft):
    describe(who, draft, county_code="350627")
    describe(who, draft, place="龙山")
    draft.refresh_from_db()
    assert (draft.county_code, draft.place) == ("350627", "龙山")
    assert Record.objects.filter(kind="project_described").count() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": 7}, "number"),
        ({"methodology": "soc-tier1-1"}, "methodology"),
        ({"province_code": "34"}, "province_code"),
        ({"status": "registered"}, "status"),
        ({"name": " "}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"name": 5}, "name"),
        ({"description": "x" * 10_001}, "description"),
        ({"county_code": "350600"}, "county_code"),
        ({"county_code": "110101"}, "county_code"),
        ({"settings": []}, "settings"),
        ({"settings": {"parcels": []}}, "settings.parcels"),
        ({"crediting_ends_on": dt.date(2019, 1, 1)}, "crediting_ends_on"),
        ({"crediting_starts_on": dt.date(1026, 1, 1)}, "crediting_starts_on"),
        ({"crediting_ends_on": dt.date(2206, 12, 31)}, "crediting_ends_on"),
        ({"crediting_ends_on": "2030-01-01"}, "crediting_ends_on"),
        ({"starts_on": dt.date(2031, 1, 1)}, "starts_on"),
        ({"project_link": "ftp://example.org"}, "project_link"),
        ({"project_link": "https://" + "x" * 300}, "project_link"),
        ({"covered_by_ndc": "maybe"}, "covered_by_ndc"),
        ({"co_benefits": ["sdg_0"]}, "co_benefits"),
        ({"co_benefits": "sdg_1"}, "co_benefits"),
        ({"labels": [{}] * 31}, "labels"),
        ({"labels": ["CCB"]}, "labels[0]"),
        ({"labels": [{"name": "CCB", "label_type": "friend"}]}, "labels[0].label_type"),
        ({"labels": [{"name": "CCB", "label_type": "certification", "valid_from": "soon"}]}, "labels[0].valid_from"),
        ({"labels": [{"name": "CCB", "label_type": "certification", "colour": "red"}]}, "labels[0].colour"),
        ({"related_projects": [{"project": "x" * 201, "relationship": "r"}]}, "related_projects[0].project"),
        ({"estimations": [{"starts_on": "2020-01-01", "ends_on": "2020-12-31", "quantity_t": "5"}]}, "estimations[0].quantity_t"),
        ({"estimations": [{"starts_on": "2020-01-01", "ends_on": "2031-12-31", "quantity_t": 5}]}, "estimations"),
        ({"estimations": [{"starts_on": "", "ends_on": "2020-12-31", "quantity_t": 5}]}, "estimations[0].starts_on"),
        ({"is_listed_elsewhere": "no"}, "is_listed_elsewhere"),
        ({"is_listed_elsewhere": True}, "other_listings"),
        ({"other_listings": [{"registry": "Verra", "number": "1"}]}, "is_listed_elsewhere"),
        ({"other_listings": [{"registry": "\x00", "number": "1"}], "is_listed_elsewhere": True}, "other_listings"),
        ({"ndc_information": "half a pair: \ud800"}, "ndc_information"),
    ],
)  # fmt: skip
def test_what_is_not_right_is_refused_and_nothing_is_kept(who, draft, changes, field):
    before = Project.objects.values().get(pk=draft.pk)
    with pytest.raises(InvalidValue) as refusal:
        describe(who, draft, **{"place": "other"} | changes)
    assert refusal.value.field == field
    assert Project.objects.values().get(pk=draft.pk) == before
    assert not Record.objects.filter(kind="project_described").exists()


def test_only_its_cooperative_describes_a_draft_and_nothing_else(who, draft):
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for actor, error in (
        (stranger, NotFound),
        (viewer, NotAllowed),
        (who.verifier, NotAllowed),
        (who.registrar, NotAllowed),
        (who.auditor, NotAllowed),
    ):
        with pytest.raises(error):
            describe_project(actor=actor, project_id=draft.pk, changes={"place": "x"})
        with pytest.raises(error):
            state_baseline(actor=actor, project_id=draft.pk, evidence="x")
    for status in Project.Status.values:
        if status != Project.Status.DRAFT:
            other = ProjectFactory(proponent=who.cooperative.organisation, status=status)
            with pytest.raises(WrongState):
                describe(who, other, place="x")


def test_other_years_are_refused_where_another_project_has_the_land(who, draft):
    ParcelFactory(project=draft, geometry=square(50))
    later = {"crediting_starts_on": dt.date(2030, 1, 1), "crediting_ends_on": dt.date(2039, 12, 31)}
    follower = ProjectFactory(**later)
    ParcelFactory(project=follower, geometry=square(50))
    assert describe(who, draft, crediting_ends_on=dt.date(2028, 12, 31))
    with pytest.raises(InvalidValue) as refusal:
        describe(who, draft, crediting_ends_on=dt.date(2030, 12, 31))
    assert follower.code in str(refusal.value)


# What must be declared


def test_a_project_says_first_whether_it_is_listed_elsewhere(who, draft):
    ParcelFactory(project=draft)
    with pytest.raises(InvalidValue) as refusal:
        submit_project(actor=who.cooperative, project_id=draft.pk)
    assert refusal.value.field == "is_listed_elsewhere"
    describe(who, draft, is_listed_elsewhere=False)
    assert submit_project(actor=who.cooperative, project_id=draft.pk).status == Project.Status.SUBMITTED


def test_each_field_has_evidence_of_its_baseline(who, draft):
    describe(who, draft, is_listed_elsewhere=False)
    ParcelFactory.create_batch(7, project=draft, baseline_evidence="")
    with pytest.raises(InvalidValue) as refusal:
        submit_project(actor=who.cooperative, project_id=draft.pk)
    assert (refusal.value.field, "…" in str(refusal.value)) == ("baseline_evidence", True)
    first = draft.parcels.first()
    stated = state_baseline(actor=who.cooperative, project_id=draft.pk, evidence=" Photos. ", parcels=[first.code])
    assert [parcel.baseline_evidence for parcel in stated] == ["Photos."]
    assert Parcel.objects.filter(project=draft, baseline_evidence="").count() == 6
    state_baseline(actor=who.cooperative, project_id=draft.pk, evidence="Records.")
    assert submit_project(actor=who.cooperative, project_id=draft.pk)
    assert Record.objects.filter(kind="parcel_baseline_stated").count() == 8


@pytest.mark.parametrize("evidence", ["", " ", "\x00", "x" * 2_001])
def test_evidence_says_something_that_can_be_kept(who, draft, evidence):
    ParcelFactory(project=draft, baseline_evidence="")
    with pytest.raises(InvalidValue) as refusal:
        state_baseline(actor=who.cooperative, project_id=draft.pk, evidence=evidence)
    assert refusal.value.field == "evidence"


def test_evidence_is_for_fields_that_are_there(who, draft):
    with pytest.raises(InvalidValue):
        state_baseline(actor=who.cooperative, project_id=draft.pk, evidence="Photos.")
    with pytest.raises(NotFound):
        state_baseline(actor=who.cooperative, project_id=draft.pk, evidence="Photos.", parcels=["nowhere"])


def test_a_small_scale_methodology_keeps_to_its_limit(who, draft):
    describe(who, draft, is_listed_elsewhere=False)
    parcel = ParcelFactory(project=draft, area_ha=Decimal("100000.0000"))
    with pytest.raises(InvalidValue) as refusal:
        submit_project(actor=who.cooperative, project_id=draft.pk)
    assert refusal.value.field == "parcels"
    assert "60,000" in str(refusal.value)
    draft.refresh_from_db()
    assert (draft.status, draft.forecast) == (Project.Status.DRAFT, None)
    Parcel.objects.filter(pk=parcel.pk).update(area_ha=Decimal("1000.0000"))
    assert submit_project(actor=who.cooperative, project_id=draft.pk)


# Lists


def test_counties_have_names_and_stand_in_their_provinces():
    assert county_name("350627") == "漳州市南靖县"
    assert county_name("441900") == "东莞市"
    assert county_name("000000") == ""
    assert {code[:2] for code in counties()} == set(PROVINCES)
    cities = dict(counties_by_city("35"))
    assert len(cities) == 9
    assert "南靖县" in [county.name for county in cities["漳州市"]]


def test_the_lists_of_cad_trust_are_whole():
    assert list(CO_BENEFITS) == list(CO_BENEFIT_WORDS) == [f"sdg_{number}" for number in range(1, 18)]
    assert set(STATUSES) == set(Project.Status) - {Project.Status.DRAFT}
