"""Fields on pages: shown, drawn, uploaded with a look before, changed one by one and together."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from config.middleware import ContentSecurityPolicy
from ledger.models import Parcel, Project
from tests.factories import PRACTICES, HouseholdFactory, MembershipFactory, ParcelFactory, ProjectFactory, square
from tests.ledger.projects.land.maps import collection, shapefile_parts, zipped

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
BOW_TIE = {"type": "Polygon", "coordinates": [[[118, 25], [118.02, 25.02], [118.02, 25], [118, 25.02], [118, 25]]]}


@pytest.fixture
def draft(client, who):
    client.force_login(who.cooperative.user)
    return ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)


@pytest.fixture
def household(who):
    return HouseholdFactory(cooperative=who.cooperative.organisation, code="3-1", name="林家")


def field(**changed):
    return {"code": "A01", "geometry": json.dumps(square(1)), "datum": "WGS84"} | SEASON | changed


def upload(client, project, content, name="a.geojson", **changed):
    given = {"file": SimpleUploadedFile(name, content), "datum": "WGS84"} | SEASON | changed
    return client.post(f"/projects/{project.code}/fields/upload", given)


# Shown


def test_the_fields_of_a_project_are_shown_page_by_page_to_everybody(client, db):
    project = ProjectFactory()
    ParcelFactory.create_batch(30, project=project)
    context = client.get(f"/projects/{project.code}/parcels").context
    assert (len(context["page"]), context["page"].paginator.count) == (25, 30)
    assert len(context["picture"].fields) == 30
    assert len(client.get(f"/projects/{project.code}/parcels?page=2").context["page"]) == 5


@pytest.mark.parametrize(("path", "most"), [("", 10), ("/parcels", 4), ("/parcels.geojson", 3)])
def test_pages_ask_the_database_no_more_for_more_fields(client, db, path, most, django_assert_max_num_queries):
    project = ProjectFactory()
    ParcelFactory.create_batch(60, project=project)
    with django_assert_max_num_queries(most):
        answer = client.get(f"/projects/{project.code}{path}")
        b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_page_of_a_draft_asks_no_more_for_more_fields(client, draft, household, django_assert_max_num_queries):
    ParcelFactory.create_batch(60, project=draft, household=household)
    with django_assert_max_num_queries(12):
        client.get(f"/projects/{draft.code}/fields")


def test_a_picture_draws_the_first_thousand_and_counts_the_rest(client, db, monkeypatch):
    monkeypatch.setattr("ledger.web.land.MOST_PARCELS", 2)
    monkeypatch.setattr("ledger.web.projects.MOST_PARCELS", 2)
    project = ProjectFactory()
    ParcelFactory.create_batch(5, project=project)
    for path in ("", "/parcels"):
        picture = client.get(f"/projects/{project.code}{path}").context["picture"]
        assert (len(picture.fields), picture.not_drawn) == (2, 3)


def test_the_map_is_fetched_again_only_where_it_has_changed(client, db):
    parcel = ParcelFactory()
    address = f"/projects/{parcel.project.code}/parcels.geojson"
    first = client.get(address)
    assert first["Content-Type"] == "application/geo+json"
    assert json.loads(first.getvalue())["features"][0]["geometry"] == parcel.geometry
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 304
    parcel.delete()
    again = client.get(address, headers={"if-none-match": first["ETag"]})
    assert json.loads(again.getvalue()) == {"type": "FeatureCollection", "features": []}


def test_a_draft_is_on_no_map_of_a_stranger(client, who):
    project = ProjectFactory(status="draft")
    for person in (None, who.buyer, who.cooperative, who.verifier):
        if person:
            client.force_login(person.user)
        for path in ("/parcels", "/parcels.geojson"):
            assert client.get(f"/projects/{project.code}{path}").status_code == 404


def test_households_are_shown_to_their_cooperative_alone(client, who, household):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, household=household)
    address = f"/projects/{project.code}/parcels"
    for person, is_shown in ((None, False), (who.buyer, False), (who.verifier, False), (who.cooperative, True)):
        if person:
            client.force_login(person.user)
        assert ("林家" in client.get(address).content.decode()) == is_shown
        assert ("3-1" in client.get(f"{address}.geojson").getvalue().decode()) == is_shown


def test_pages_with_maps_have_no_style_and_no_script_in_them(client, draft):
    parcel = ParcelFactory(project=draft)
    for path in ("parcels", "fields", "fields/upload", f"fields/{parcel.pk}"):
        page = client.get(f"/projects/{draft.code}/{path}").content.decode()
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=", page), path


@pytest.mark.parametrize(
    ("tiles", "sources"),
    [
        ("", "img-src 'self' data:;"),
        ("https://tiles.example/{z}/{x}/{y}.png", "img-src 'self' data: https://tiles.example;"),
        ("https://{s}.tiles.example/{z}/{x}/{y}", "img-src 'self' data: https://*.tiles.example;"),
    ],
)
def test_pictures_of_a_map_come_from_where_the_operator_says_and_nowhere_else(client, db, tiles, sources):
    parcel = ParcelFactory()
    with override_settings(MAP_TILES_URL=tiles):
        assert sources in ContentSecurityPolicy(lambda request: None).policy
        page = client.get(f"/projects/{parcel.project.code}/parcels").content.decode()
    assert ("data-tiles" in page) == bool(tiles)


# One field


def test_a_field_is_of_a_household_and_has_a_declared_area(client, draft, household):
    client.post(f"/projects/{draft.code}/fields", field(household="3-1", declared_area_mu="1680"))
    parcel = draft.parcels.get()
    assert (parcel.household, parcel.declared_area_ha) == (household, 112)


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"household": "no-such"}, "household"),
        ({"declared_area_mu": "15"}, "declared_area_mu"),
        ({"declared_area_mu": "-1"}, "declared_area_mu"),
        ({"datum": ""}, "datum"),
        ({"datum": "GCJ-02"}, "converts"),
        ({"geometry": json.dumps(BOW_TIE)}, "geometry"),
        ({"geometry": collection(square(1), square(2)).decode()}, "geometry"),
        ({"area_reason": "x" * 1_001}, "area_reason"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_what_was_typed_is_kept(client, draft, changed, at):
    response = client.post(f"/projects/{draft.code}/fields", field(**changed))
    assert (response.status_code, list(response.context["form"].errors)) == (422, [at])
    assert response.context["form"]["code"].value() == "A01"
    assert not Parcel.objects.exists()


def test_an_overlap_is_drawn_in_red_with_and_without_a_script(client, draft):
    ParcelFactory(geometry=square(1), project__status="submitted", code="HIDDEN")
    response = client.post(f"/projects/{draft.code}/fields", field())
    page = response.content.decode()
    assert len(response.context["picture"].fault_paths) == 1
    assert 'class="fault"' in page
    assert "HIDDEN" not in page
    features = json.loads(client.get(response.context["faults_src"]).content)["features"]
    assert [feature["geometry"]["type"] for feature in features] == ["MultiPolygon"]


def test_a_crossing_is_shown_as_a_point(client, draft):
    response = client.post(f"/projects/{draft.code}/fields", field(geometry=json.dumps(BOW_TIE)))
    assert len(response.context["picture"].fault_points) == 1


def test_a_shifted_shape_is_converted_and_marked(client, draft):
    client.post(f"/projects/{draft.code}/fields", field(datum="GCJ-02", converts="on"))
    assert draft.parcels.get().converted_from == "GCJ-02"
    assert "GCJ-02" in client.get(f"/projects/{draft.code}/fields").content.decode()


def test_a_field_is_changed(client, draft, household):
    parcel = ParcelFactory(project=draft, geometry=square(1), household=household, converted_from="GCJ-02")
    address = f"/projects/{draft.code}/fields/{parcel.pk}"
    initial = client.get(address).context["form"].initial
    assert (initial["code"], initial["household"], json.loads(initial["geometry"])) == (parcel.code, "3-1", square(1))
    assert client.post(address, field(code="NEW", name="新")).status_code == 302
    parcel.refresh_from_db()
    # The shape is the one that was converted.
    assert (parcel.code, parcel.name, parcel.household, parcel.converted_from) == ("NEW", "新", None, "GCJ-02")
    client.post(address, field(code="NEW", geometry=json.dumps(square(2))))
    parcel.refresh_from_db()
    assert (parcel.geometry, parcel.converted_from) == (square(2), "")


def test_a_bad_change_is_refused_and_nothing_is_changed(client, draft):
    parcel, other = ParcelFactory.create_batch(2, project=draft)
    address = f"/projects/{draft.code}/fields/{parcel.pk}"
    for changed, at in (
        ({"code": other.code}, "code"),
        ({"geometry": json.dumps(other.geometry)}, "geometry"),
        ({"geometry": ""}, "geometry"),
    ):
        response = client.post(address, field(**changed))
        assert (response.status_code, list(response.context["form"].errors)) == (422, [at])
    assert Parcel.objects.get(pk=parcel.pk).geometry == parcel.geometry


# Several fields


def test_chosen_fields_get_practices_a_household_or_are_taken_out(client, draft, household):
    parcels = ParcelFactory.create_batch(3, project=draft)
    chosen = [str(parcel.pk) for parcel in parcels[:2]]
    address = f"/projects/{draft.code}/fields/selected"
    page = client.post(address, {"do": "practices", "parcel": chosen})
    assert page.context["count"] == 2
    changed = {**SEASON, "season0-days": "99"}
    refused = client.post(address, {"do": "practices", "answer": "1", "parcel": chosen, **changed, "season0-days": "0"})
    assert refused.status_code == 422
    client.post(address, {"do": "practices", "answer": "1", "parcel": chosen, **changed})
    days = [parcel.practices["seasons"][0]["days"] for parcel in draft.parcels.order_by("id")]
    assert days == [99, 99, 112]
    client.post(address, {"do": "household", "household": "3-1", "parcel": chosen})
    assert draft.parcels.filter(household=household).count() == 2
    client.post(address, {"do": "remove", "parcel": chosen})
    assert list(draft.parcels.all()) == parcels[2:]


def test_all_fields_are_chosen_at_once(client, draft, household):
    ParcelFactory.create_batch(3, project=draft)
    address = f"/projects/{draft.code}/fields/selected"
    page = client.post(address, {"do": "practices", "all": "1"}).content.decode()
    assert 'name="all" value="1"' in page
    client.post(address, {"do": "household", "household": "3-1", "all": "1"})
    assert draft.parcels.filter(household=household).count() == 3


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"do": "remove"},
        {"do": "burn", "all": "1"},
        {"do": "remove", "parcel": ["x", "-1", "9" * 40]},
        {"do": "household", "household": "none", "all": "1"},
    ],
)
def test_a_choice_that_cannot_be_carried_out_changes_nothing(client, draft, given):
    ParcelFactory.create_batch(2, project=draft)
    answer = client.post(f"/projects/{draft.code}/fields/selected", given, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert draft.parcels.filter(household=None).count() == 2


def test_fields_of_others_are_not_chosen(client, draft):
    foreign = ParcelFactory()
    for do in ("remove", "practices", "household"):
        given = {"do": do, "parcel": [str(foreign.pk)], "answer": "1", **SEASON}
        assert client.post(f"/projects/{draft.code}/fields/selected", given).status_code == 404
    assert Parcel.objects.filter(pk=foreign.pk, household=None).exists()


def test_after_the_draft_only_households_change(client, who, draft, household):
    ParcelFactory(project=draft)
    Project.objects.filter(pk=draft.pk).update(status="registered")
    address = f"/projects/{draft.code}/fields/selected"
    client.post(address, {"do": "household", "household": "3-1", "all": "1"})
    assert draft.parcels.get().household == household
    assert client.post(address, {"do": "practices", "all": "1"}).status_code == 404
    assert client.post(address, {"do": "remove", "all": "1"}).status_code == 409
    assert draft.parcels.exists()


# A file of fields


@pytest.mark.parametrize("name", ["a.geojson", "fields.zip"])
def test_a_file_is_looked_at_and_then_stored(client, draft, name):
    shapes = [square(place) for place in range(30)]
    content = collection(*shapes) if name == "a.geojson" else zipped(shapefile_parts(*shapes))
    preview = upload(client, draft, content, name)["Location"]
    assert not Parcel.objects.exists()
    page = client.get(preview)
    assert page.context["page"].paginator.count == 30
    assert len(json.loads(client.get(f"{preview}/parcels.geojson").content)["features"]) == 30
    assert client.post(preview)["Location"] == f"/projects/{draft.code}/fields"
    assert draft.parcels.count() == 30
    assert draft.parcels.first().practices == PRACTICES


def test_everything_that_is_wrong_with_a_file_is_listed_and_drawn(client, draft):
    ParcelFactory(geometry=square(5))
    response = upload(client, draft, collection(square(5), BOW_TIE, square(6)))
    assert response.status_code == 422
    assert [problem.number for problem in response.context["problems"]] == [1, 2]
    assert (len(response.context["picture"].fault_paths), len(response.context["picture"].fault_points)) == (1, 1)
    features = json.loads(client.get(response.context["map_src"]).content)["features"]
    assert [bool(feature["properties"].get("fault")) for feature in features] == [False, False, False, True, True]
    assert not draft.parcels.exists()


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"content": b"\x89PNG"}, "file"),
        ({"content": b""}, "file"),
        ({"datum": ""}, "datum"),
        ({"datum": "BD-09"}, "converts"),
        ({"name": "a.kml"}, "file"),
    ],
)
def test_a_bad_file_is_refused_beside_its_field(client, draft, given, at):
    content = given.pop("content", collection(square(1)))
    response = upload(client, draft, content, **given)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [at])


def test_a_preview_is_its_uploaders_and_goes_with_its_project(client, who, draft):
    preview = upload(client, draft, collection(square(1)))["Location"]
    token = preview.rsplit("/", 1)[1]
    other = ProjectFactory(proponent=who.cooperative.organisation, status="draft")
    elsewhere = f"/projects/{other.code}/fields/upload/{token}"
    assert client.post(elsewhere)["Location"] == f"/projects/{other.code}/fields/upload"
    assert client.get(f"{elsewhere}/parcels.geojson").status_code == 404
    colleague = MembershipFactory(organisation=who.cooperative.organisation)
    client.force_login(colleague.user)
    assert client.post(preview)["Location"] == f"/projects/{draft.code}/fields/upload"
    for stranger in (who.buyer, MembershipFactory(organisation__kind="cooperative")):
        client.force_login(stranger.user)
        assert client.get(preview).status_code == 404
    assert not Parcel.objects.exists()


def test_who_comes_too_late_with_a_preview_is_shown_where(client, draft):
    preview = upload(client, draft, collection(square(1)))["Location"]
    ParcelFactory(geometry=square(1))
    assert client.post(preview)["Location"] == preview
    page = client.get(preview)
    assert page.status_code == 422
    assert [problem.code for problem in page.context["problems"]] == ["overlap"]
    assert not draft.parcels.exists()


def test_what_is_converted_and_declared_is_said_before_it_is_stored(client, draft):
    content = collection(square(1), columns=[{"code": "A", "area_mu": 1_800}])
    preview = upload(client, draft, content, datum="GCJ-02", converts="on")["Location"]
    assert len(client.get(preview).context["notices"]) == 2
    client.post(preview)
    assert (draft.parcels.get().converted_from, draft.parcels.get().declared_area_ha) == ("GCJ-02", 120)


def test_only_its_cooperative_uploads_into_a_draft(client, who, draft):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    stranger = MembershipFactory(organisation__kind="cooperative")
    parcel = ParcelFactory(project=draft)
    for person in (viewer, stranger, who.buyer, who.verifier, who.registrar, who.auditor):
        client.force_login(person.user)
        for path in ("fields/upload", f"fields/{parcel.pk}", "fields/selected", f"fields/{parcel.pk}/remove"):
            answer = client.post(f"/projects/{draft.code}/{path}", {"do": "remove", "all": "1"})
            assert answer.status_code == 404, (person, path)
    client.logout()
    assert client.get(f"/projects/{draft.code}/fields/upload").status_code == 302
    assert draft.parcels.count() == 1
