import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger.models import Parcel, Project
from ledger.projects.lifecycle import accept_project
from ledger.projects.services import submit_project
from tests.factories import PRACTICES, MembershipFactory, ParcelFactory, ProjectFactory, ReportFactory, square
from tests.scenes import hand_in, issue_to_cooperative

SEASON = {
    "season0-name": "early",
    "season0-days": "112",
    "season0-baseline_water": "continuous",
    "season0-project_water": "multiple_drainage",
    "season0-baseline_preseason": "non_flooded_under_180_days",
    "season0-project_preseason": "non_flooded_under_180_days",
    "season0-baseline_n": "150",
    "season0-project_n": "150",
}
PROJECT = {
    "name": "龙山稻田",
    "province_code": "35",
    "place": "福建漳州",
    "region": "east_asia",
    "gwp": "AR5",
    "crediting_starts_on": "2020-01-01",
    "crediting_ends_on": "2029-12-31",
}


@pytest.fixture
def draft(who):
    return ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)


@pytest.fixture
def submitted(who, draft):
    ParcelFactory(project=draft)
    return submit_project(actor=who.cooperative, project_id=draft.pk)


@pytest.fixture
def taken(who, submitted):
    """The verifier has taken it on."""
    return accept_project(actor=who.verifier, project_id=submitted.pk)


def field(**changed):
    return {"code": "A01", "name": "溪边田", "geometry": json.dumps(square(1)), "datum": "WGS84"} | SEASON | changed


def test_the_list_has_what_its_reader_may_see(client, who, draft):
    registered = ProjectFactory()
    assert list(client.get("/projects").context["page"]) == [registered]
    client.force_login(who.buyer.user)
    assert list(client.get("/projects").context["page"]) == [registered]
    client.force_login(who.cooperative.user)
    assert list(client.get("/projects").context["page"]) == [registered, draft]
    assert list(client.get("/projects", {"status": "draft"}).context["page"]) == [draft]


@pytest.mark.parametrize(
    ("text", "found"), [("龙山", 1), ("longshan", 1), ("TH-35-000077", 1), ("nowhere", 0), ("", 2)]
)
def test_the_list_is_searched_by_name_place_and_number(client, db, text, found):
    ProjectFactory(name="龙山稻田", name_en="Longshan paddies", number=77)
    ProjectFactory(name="别处", name_en="elsewhere", number=12)
    assert len(client.get("/projects", {"q": text}).context["page"]) == found


@pytest.mark.parametrize(
    "query", ["?q=%00", "?status=none", "?page=x", "?page=999999999999999999999", "?q=" + "x" * 200]
)
def test_the_list_stands_any_query(client, db, query):
    assert client.get(f"/projects{query}").status_code == 200


@pytest.mark.parametrize("code", ["TH-35-999999", "TH-35-000001-", "x", "%00", "TH-35-٣", "TH-35-99999999999999"])
def test_what_is_no_project_is_not_found(client, db, code):
    assert client.get(f"/projects/{code}").status_code == 404


def test_a_draft_is_seen_by_its_cooperative_operator_and_auditor_alone(client, who, draft):
    address = f"/projects/{draft.code}"
    statuses = {}
    for name in ("cooperative", "registrar", "auditor", "verifier", "buyer"):
        client.force_login(getattr(who, name).user)
        statuses[name] = client.get(address).status_code
    client.logout()
    statuses["stranger"] = client.get(address).status_code
    assert statuses == {
        "cooperative": 200,
        "registrar": 200,
        "auditor": 200,
        "verifier": 404,
        "buyer": 404,
        "stranger": 404,
    }


def test_the_page_of_a_project_has_its_fields_calculation_reports_and_credits(client, who, submitted):
    Project.objects.filter(pk=submitted.pk).update(status="registered", illustrative="boundaries")
    batch = issue_to_cooperative(who, 50, project=submitted)
    context = client.get(f"/projects/{submitted.code}").context
    assert context["sheet"].result == submitted.forecast["result"]
    assert len(context["picture"].fields) == 1
    assert [report.net_t for report, _emissions in context["reports"]] == [50]
    assert [(found, supply.held) for found, supply in context["batches"]] == [(batch, 50)]


def test_the_page_asks_the_database_no_more_for_more_fields_and_vintages(
    client, who, submitted, django_assert_max_num_queries
):
    ParcelFactory.create_batch(5, project=submitted)
    Project.objects.filter(pk=submitted.pk).update(status="registered")
    for vintage in (2020, 2021, 2022):
        ReportFactory(project=submitted, vintage=vintage)
    with django_assert_max_num_queries(12):
        client.get(f"/projects/{submitted.code}")


def test_the_list_asks_the_database_no_more_for_more_projects(client, db, django_assert_num_queries):
    for _ in range(5):
        ParcelFactory()
    with django_assert_num_queries(1):
        client.get("/projects")


def test_no_page_has_a_style_or_a_script_in_it(client, who, submitted):
    client.force_login(who.verifier.user)
    page = client.get(f"/projects/{submitted.code}").content.decode()
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=", page)


def test_a_cooperative_begins_a_project_and_is_led_to_its_fields(client, who):
    client.force_login(who.cooperative.user)
    assert client.get("/projects/new").status_code == 200
    response = client.post("/projects/new?methodology=rice-water-1", PROJECT)
    project = Project.objects.get()
    assert response["Location"] == f"/projects/{project.code}/fields"
    assert project.settings == {"region": "east_asia", "gwp": "AR5"}
    assert (project.status, project.proponent) == ("draft", who.cooperative.organisation)


def test_a_soil_project_has_its_own_settings(client, who):
    client.force_login(who.cooperative.user)
    client.post("/projects/new?methodology=soc-tier1-1", PROJECT | {"risk_percent": "12.5"})
    assert Project.objects.get().settings == {"risk_percent": "12.5"}


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"name": ""}, "name"),
        ({"province_code": "99"}, "province_code"),
        ({"region": "mars"}, "region"),
        ({"crediting_ends_on": "2019-12-31"}, "crediting_ends_on"),
        ({"crediting_starts_on": "soon"}, "crediting_starts_on"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_a_new_project_says_beside_the_field_what_is_wrong(client, who, changed, at):
    client.force_login(who.cooperative.user)
    response = client.post("/projects/new?methodology=rice-water-1", PROJECT | changed)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [at])
    assert not Project.objects.exists()


def test_only_an_approved_cooperative_begins_projects(client, who):
    waiting = MembershipFactory(organisation__kind="cooperative", organisation__status="applied")
    for membership in (who.buyer, who.verifier, who.registrar, who.auditor, waiting):
        client.force_login(membership.user)
        assert client.post("/projects/new?methodology=rice-water-1", PROJECT).status_code == 403
    assert not Project.objects.exists()


def test_a_field_is_added_by_text_and_its_area_measured(client, who, draft):
    client.force_login(who.cooperative.user)
    response = client.post(f"/projects/{draft.code}/fields", field())
    assert response["Location"] == f"/projects/{draft.code}/fields"
    parcel = draft.parcels.get()
    assert (parcel.code, parcel.practices) == ("A01", PRACTICES)
    assert parcel.area_ha > 100


@pytest.mark.parametrize("wrap", ["bare", "feature", "collection"])
def test_a_field_is_added_by_file_as_map_programs_write_it(client, who, draft, wrap):
    shape = square(1)
    if wrap != "bare":
        shape = {"type": "Feature", "properties": {}, "geometry": shape}
    if wrap == "collection":
        shape = {"type": "FeatureCollection", "features": [shape]}
    client.force_login(who.cooperative.user)
    file = SimpleUploadedFile("field.geojson", json.dumps(shape).encode())
    client.post(f"/projects/{draft.code}/fields", field(geometry="", geometry_file=file))
    assert draft.parcels.get().geometry == square(1)


BOWTIE = {"type": "Polygon", "coordinates": [[[117, 24], [117.1, 24.1], [117.1, 24], [117, 24.1], [117, 24]]]}
HUGE = '{"type": "Polygon", "coordinates": [[[1' + "0" * 400 + ", 24], [117, 24], [117, 25], [1, 24]]]}"


@pytest.mark.parametrize(
    "shape",
    [json.dumps(BOWTIE), "", "not json", "[" * 100_000, "[]", '{"type": "Point"}', '{"type": "Polygon"}', HUGE, "NaN"],
    ids=["crosses itself", "none", "no JSON", "deep", "list", "point", "no rings", "huge number", "NaN"],
)
def test_a_bad_shape_is_refused_beside_its_field(client, who, draft, shape):
    client.force_login(who.cooperative.user)
    response = client.post(f"/projects/{draft.code}/fields", field(geometry=shape))
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["geometry"])
    assert not draft.parcels.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{}", b"", b"[" * 5_000])
def test_a_bad_file_is_refused_beside_its_field(client, who, draft, content):
    client.force_login(who.cooperative.user)
    file = SimpleUploadedFile("field.geojson", content)
    response = client.post(f"/projects/{draft.code}/fields", field(geometry="", geometry_file=file))
    assert response.status_code == 422
    assert set(response.context["form"].errors) & {"geometry", "geometry_file"}
    assert not draft.parcels.exists()


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"season0-days": "0"}, "days"),
        ({"season0-days": "1.5"}, "days"),
        ({"season0-baseline_water": ""}, "baseline_water"),
        ({"season0-project_n": "-1"}, "project_n"),
        ({"season0-project_n": "NaN"}, "project_n"),
        ({"season0-baseline_amendment": "compost"}, "baseline_amount"),
    ],
)
def test_bad_practices_are_refused_beside_their_field(client, who, draft, changed, at):
    client.force_login(who.cooperative.user)
    response = client.post(f"/projects/{draft.code}/fields", field(**changed))
    assert response.status_code == 422
    assert list(response.context["practices"].seasons[0].errors) == [at]
    assert not draft.parcels.exists()


def test_a_second_season_counts_where_it_is_chosen(client, who, draft):
    second = {name.replace("season0", "season1"): value for name, value in SEASON.items()}
    client.force_login(who.cooperative.user)
    client.post(f"/projects/{draft.code}/fields", field(**second | {"season1-name": "late"}))
    client.post(
        f"/projects/{draft.code}/fields",
        field(code="A02", geometry=json.dumps(square(2)), **second | {"season1-name": ""}),
    )
    names = [[season["name"] for season in parcel.practices["seasons"]] for parcel in draft.parcels.all()]
    assert names == [["early", "late"], ["early"]]


def test_two_seasons_of_one_name_are_refused(client, who, draft):
    second = {name.replace("season0", "season1"): value for name, value in SEASON.items()}
    client.force_login(who.cooperative.user)
    response = client.post(f"/projects/{draft.code}/fields", field(**second))
    assert response.status_code == 422
    assert not draft.parcels.exists()


def test_a_soil_field_is_added_in_the_terms_of_its_methodology(client, who):
    project = ProjectFactory(
        proponent=who.cooperative.organisation,
        status=Project.Status.DRAFT,
        methodology="soc-tier1-1",
        settings={"risk_percent": "10"},
    )
    given = {
        "code": "Z1",
        "geometry": json.dumps(square(3)),
        "datum": "WGS84",
        "soil-climate_zone": "warm_temperate_moist",
        "soil-soil": "low_activity_clay_soils",
        "soil-baseline_land_use": "paddy_rice_cultivation",
        "soil-project_land_use": "annual_crops",
    }
    client.force_login(who.cooperative.user)
    refused = client.post(f"/projects/{project.code}/fields", given)
    assert set(refused.context["practices"].form.errors) == {"project_tillage", "project_input"}
    client.post(
        f"/projects/{project.code}/fields",
        given | {"soil-project_tillage": "no_tillage", "soil-project_input": "medium"},
    )
    assert project.parcels.get().practices["project"] == {
        "land_use": "annual_crops",
        "tillage": "no_tillage",
        "input": "medium",
    }
    hand_in(who.cooperative, project)
    assert project.parcels.get().baseline_evidence


def test_land_of_another_project_is_refused_beside_the_shape(client, who, draft):
    ParcelFactory(geometry=square(1))
    client.force_login(who.cooperative.user)
    response = client.post(f"/projects/{draft.code}/fields", field())
    assert list(response.context["form"].errors) == ["geometry"]
    assert not draft.parcels.exists()


def test_a_field_is_taken_out_of_a_draft_and_of_nothing_else(client, who, draft):
    parcel = ParcelFactory(project=draft)
    client.force_login(who.cooperative.user)
    foreign = ParcelFactory()
    assert client.post(f"/projects/{draft.code}/fields/{foreign.pk}/remove").status_code == 404
    assert client.post(f"/projects/{draft.code}/fields/{parcel.pk}/remove").status_code == 302
    assert list(Parcel.objects.all()) == [foreign]


def test_only_its_cooperative_edits_a_draft(client, who, draft):
    other = MembershipFactory(organisation__kind="cooperative")
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    for membership in (other, viewer, who.buyer, who.registrar, who.auditor):
        client.force_login(membership.user)
        assert client.post(f"/projects/{draft.code}/fields", field()).status_code == 404
        assert client.post(f"/projects/{draft.code}/submit").status_code == 404
    assert not draft.parcels.exists()


def test_a_draft_is_handed_in_once_it_has_a_field(client, who, draft):
    client.force_login(who.cooperative.user)
    assert client.post(f"/projects/{draft.code}/submit").status_code == 422
    ParcelFactory(project=draft)
    assert client.post(f"/projects/{draft.code}/submit")["Location"] == f"/projects/{draft.code}"
    draft.refresh_from_db()
    assert draft.status == "submitted"
    assert client.get(f"/projects/{draft.code}/fields").status_code == 404


def test_a_verifier_validates_with_a_statement(client, who, taken):
    client.force_login(who.verifier.user)
    address = f"/projects/{taken.code}/validate"
    refused = client.post(address, {"statement": " "})
    assert (refused.status_code, list(refused.context["statement_form"].errors)) == (422, ["statement"])
    assert client.post(address, {"statement": "sound"}).status_code == 302
    taken.refresh_from_db()
    assert (taken.status, taken.validation_statement) == ("validated", "sound")


def test_a_verifier_rejects_with_a_reason_that_the_cooperative_reads(client, who, taken):
    client.force_login(who.verifier.user)
    client.post(f"/projects/{taken.code}/reject", {"reason": "no boundary stones"})
    client.force_login(who.cooperative.user)
    assert "no boundary stones" in client.get(f"/projects/{taken.code}").content.decode()


@pytest.mark.parametrize("name", ["cooperative", "registrar", "auditor"])
def test_nobody_else_validates(client, who, submitted, name):
    client.force_login(getattr(who, name).user)
    response = client.post(f"/projects/{submitted.code}/validate", {"statement": "sound"})
    assert response.status_code == 422
    assert response.context["refusals"][0] in response.content.decode()
    submitted.refresh_from_db()
    assert submitted.status == "submitted"


def test_a_verifier_who_comes_too_late_is_told_so(client, who, taken):
    client.force_login(who.verifier.user)
    for status in (302, 422):
        response = client.post(f"/projects/{taken.code}/validate", {"statement": "sound"})
        assert response.status_code == status
    assert response.context["refusals"][0] in response.content.decode()


def test_the_calculation_is_handed_out_with_every_digit(client, who, submitted):
    client.force_login(who.cooperative.user)
    lines = b"".join(client.get(f"/projects/{submitted.code}/calculation.csv")).decode("utf-8-sig").splitlines()
    assert len(lines) == len(submitted.forecast["lines"]) + 1
    assert submitted.forecast["lines"][-1]["result"] in lines[-1]
