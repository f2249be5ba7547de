"""Many fields by the API, as a list and as a file; and the map of a project."""

import base64
import json

import pytest

from ledger.models import Parcel, Project
from tests.callers import Caller, is_problem, statuses
from tests.factories import PRACTICES, HouseholdFactory, MembershipFactory, ParcelFactory, ProjectFactory, square
from tests.ledger.projects.land.maps import collection, shapefile_parts, zipped


@pytest.fixture
def draft(who):
    return ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)


def field(place, **changes):
    return {"code": f"P{place}", "geometry": square(place), "practices": PRACTICES} | changes


def file(content, **changes):
    encoded = base64.b64encode(content).decode()
    return {"name": "a.geojson", "content": encoded, "datum": "WGS84", "practices": PRACTICES} | changes


def test_many_fields_are_added_at_once(who, draft):
    HouseholdFactory(cooperative=who.cooperative.organisation, code="3-1", name="林家")
    given = [field(0, household_code="3-1", declared_area_ha="118"), field(1)]
    answer = Caller(who.cooperative).send(f"/projects/{draft.code}/parcels/many", {"parcels": given})
    assert answer.status_code == 201, answer.content
    content = answer.json()
    assert [parcel["code"] for parcel in content["parcels"]] == ["P0", "P1"]
    assert [notice["parcel"] for notice in content["notices"]] == ["P0"]
    assert draft.parcels.count() == 2


def test_every_problem_is_pointed_at_and_drawn(who, draft):
    ParcelFactory(geometry=square(1))
    bow_tie = [[118, 25], [118.02, 25.02], [118.02, 25], [118, 25.02], [118, 25]]
    given = [field(0), field(1), field(2, geometry={"type": "Polygon", "coordinates": [bow_tie]}), field(0)]
    answer = Caller(who.cooperative).send(f"/projects/{draft.code}/parcels/many", {"parcels": given})
    assert is_problem(answer, 422, "invalid_value", "/parcels/1/geometry")
    problem = answer.json()
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/parcels/1/geometry", "overlap"),
        ("/parcels/2/geometry", "outline_not_valid"),
        ("/parcels/3/code", "code_twice"),
        ("/parcels/3/geometry", "overlap"),
    ]
    drawn = problem["geojson"]["features"]
    assert [(each["properties"]["pointer"], each["geometry"]["type"]) for each in drawn] == [
        ("/parcels/1/geometry", "MultiPolygon"),
        ("/parcels/2/geometry", "Point"),
        ("/parcels/3/geometry", "MultiPolygon"),
    ]
    assert not draft.parcels.exists()


def test_one_field_is_refused_as_before_and_its_overlap_drawn(who, draft):
    ParcelFactory(geometry=square(1))
    answer = Caller(who.cooperative).send(f"/projects/{draft.code}/parcels", field(1))
    assert is_problem(answer, 422, "invalid_value", "/geometry")
    assert answer.json()["geojson"]["features"][0]["geometry"]["type"] == "MultiPolygon"


@pytest.mark.parametrize("name", ["a.geojson", "fields.zip"])
def test_the_fields_of_a_file_are_added(who, draft, name):
    content = collection(square(0), square(1)) if name == "a.geojson" else zipped(shapefile_parts(square(0), square(1)))
    answer = Caller(who.cooperative).send(f"/projects/{draft.code}/parcels/file", file(content, name=name))
    assert answer.status_code == 201, answer.content
    assert [parcel["code"] for parcel in answer.json()["parcels"]] == ["A01", "A02"]


def test_a_converted_file_says_so(who, draft):
    caller = Caller(who.cooperative)
    refused = caller.send(f"/projects/{draft.code}/parcels/file", file(collection(square(0)), datum="BD-09"))
    assert is_problem(refused, 422, "invalid_value", "/converts")
    answer = caller.send(
        f"/projects/{draft.code}/parcels/file", file(collection(square(0)), datum="BD-09", converts=True)
    )
    assert "BD-09" in answer.json()["file_notices"][0]
    listed = caller.ask(f"/projects/{draft.code}/parcels").json()["results"]
    assert [parcel["converted_from"] for parcel in listed] == ["BD-09"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"content": "%%%"}, "/content"),
        ({"content": base64.b64encode(b"PK\x03\x04").decode()}, "/content"),
        ({"name": "a.kml"}, "/content"),
        ({"content": base64.b64encode(collection(square(0), {"type": "Polygon"})).decode()}, "/features/1/geometry"),
        ({"practices": {"area_ha": 5}}, "/features/0/practices/area_ha"),
    ],
)
def test_a_bad_file_is_refused_where_it_is_wrong(who, draft, changes, pointer):
    body = file(collection(square(0))) | changes
    answer = Caller(who.cooperative).send(f"/projects/{draft.code}/parcels/file", body)
    assert is_problem(answer, 422, "invalid_value", pointer)
    assert not Parcel.objects.exists()


@pytest.mark.parametrize("path", ["many", "file"])
def test_only_its_cooperative_adds_fields(who, draft, path):
    body = {"parcels": [field(0)]} if path == "many" else file(collection(square(0)))
    assert statuses(who, "POST", f"/projects/{draft.code}/parcels/{path}", body) == {
        "cooperative": 201,
        "buyer": 404,
        "verifier": 404,
        "registrar": 403,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }
    stranger = MembershipFactory(organisation__kind="cooperative")
    assert Caller(stranger).send(f"/projects/{draft.code}/parcels/{path}", body).status_code == 404


def test_the_map_of_a_project_is_geojson_with_a_version(who, draft):
    household = HouseholdFactory(cooperative=who.cooperative.organisation, code="3-1", name="林家")
    parcel = ParcelFactory(project=draft, household=household, geometry=square(1))
    caller = Caller(who.cooperative)
    address = f"/projects/{draft.code}/parcels.geojson"
    answer = caller.ask(address)
    assert answer["content-type"] == "application/geo+json"
    (feature,) = json.loads(answer.getvalue())["features"]
    assert (feature["geometry"], feature["properties"]["code"], feature["properties"]["household"]) == (
        square(1), parcel.code, "3-1",
    )  # fmt: skip
    etag = answer["etag"]
    again = caller.get(f"/api/v1{address}", headers={"if-none-match": etag})
    assert (again.status_code, again["etag"]) == (304, etag)
    Parcel.objects.filter(pk=parcel.pk).update(name="新名")
    assert caller.get(f"/api/v1{address}", headers={"if-none-match": etag}).status_code == 200


def test_who_may_see_a_project_may_see_its_map_but_not_its_households(who, draft):
    project = ProjectFactory()
    household = HouseholdFactory(cooperative=project.proponent, code="3-1", name="林家")
    ParcelFactory(project=project, household=household)
    answer = Caller().ask(f"/projects/{project.code}/parcels.geojson")
    assert "household" not in json.loads(answer.getvalue())["features"][0]["properties"]
    assert is_problem(Caller().ask(f"/projects/{draft.code}/parcels.geojson"), 404, "not_found")
    assert json.loads(Caller(who.auditor).ask(f"/projects/{draft.code}/parcels.geojson").getvalue())["features"] == []
