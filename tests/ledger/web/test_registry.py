"""The public registry's lists: what each filter finds, how they are read on, and what nobody is shown."""

import datetime as dt
import re

import orjson
import pytest
import time_machine
from django.utils import timezone

from ledger.credits.services import retire_credits
from ledger.models import Organisation, Project, ProjectPlace
from ledger.projects import cadtrust
from ledger.registry.keyset import MOST_COUNTED
from ledger.registry.places import refresh_places
from tests.factories import OrganisationFactory, ParcelFactory, ProjectFactory
from tests.scenes import issue_to_cooperative

NOBODY = ["draft", "submitted", "in_validation", "validated", "rejected"]


@pytest.fixture
def issued(who):
    """Return a batch of 2022 of a project in Nanjing county."""
    project = ProjectFactory(
        proponent=who.cooperative.organisation, county_code="350627", name="南靖稻田", name_en="Nanjing paddies"
    )
    ParcelFactory(project=project)
    return issue_to_cooperative(who, 100, buffer_t=10, project=project)


def retire(who, batch, tonnes=5, **changed):
    given = {"beneficiary_name": "闽江纸业", "purpose": "event"} | changed
    return retire_credits(actor=who.cooperative, batch_id=batch.pk, quantity_t=tonnes, **given)


def names(client, **query):
    return sorted(project.name for project in client.get("/projects", query).context["page"])


@pytest.fixture
def some(db):
    """Return projects that differ in everything that one can look for."""
    coop = OrganisationFactory(kind=Organisation.Kind.COOPERATIVE, name="丰收合作社", name_en="Harvest co-op")
    ProjectFactory(name="甲稻田", name_en="Alpha", place="福建南靖", county_code="350627", number=41, proponent=coop)
    ProjectFactory(
        name="乙土壤",
        name_en="Beta",
        place="湖南",
        province_code="43",
        county_code="430121",
        number=42,
        methodology="soc-tier1-1",
        settings={"risk_percent": "10"},
        crediting_starts_on=dt.date(2022, 1, 1),
    )
    return coop


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "稻田"}, ["甲稻田"]),
        ({"q": "稻"}, ["甲稻田"]),
        ({"q": "南靖"}, ["甲稻田"]),
        ({"q": "ALPHA"}, ["甲稻田"]),
        ({"q": "福建 甲"}, ["甲稻田"]),
        ({"q": "丰收"}, ["甲稻田"]),
        ({"q": "harvest"}, ["甲稻田"]),
        ({"q": "42"}, ["乙土壤"]),
        ({"q": "田稻"}, []),
        ({"q": "%"}, []),
        ({"q": "_"}, []),
        ({"province": "43"}, ["乙土壤"]),
        ({"county": "350627"}, ["甲稻田"]),
        ({"province": "35", "county": "350627"}, ["甲稻田"]),
        ({"methodology": "soc-tier1-1"}, ["乙土壤"]),
        ({"vintage": "2022"}, []),
        ({"province": "43", "q": "稻田"}, []),
        ({"province": "99"}, ["乙土壤", "甲稻田"]),
        ({"vintage": "x"}, ["乙土壤", "甲稻田"]),
    ],
)
def test_projects_are_found_by_each_filter(client, some, query, found):
    assert names(client, **query) == found


def test_projects_are_found_by_proponent_and_vintage(client, who, issued, some):
    assert names(client, proponent=str(some.public_id)) == ["甲稻田"]
    assert names(client, vintage=issued.vintage) == ["南靖稻田"]
    assert names(client, vintage=issued.vintage - 1) == []


def test_projects_come_in_the_order_that_is_chosen(client, some):
    def order(**query):
        return [project.number for project in client.get("/projects", query).context["page"]]

    assert order() == order(sort="newest") == order(sort="none") == [42, 41]
    assert order(sort="oldest") == [41, 42]
    assert order(sort="start") == [42, 41]


@pytest.mark.parametrize("sort", ["newest", "oldest", "start"])
def test_every_project_is_on_one_page_forth_and_back(client, db, sort):
    made = {ProjectFactory(number=1_000 + number).pk for number in range(45)}
    pages, query = [], {"sort": sort}
    for _ in range(3):
        page = client.get("/projects", query).context["page"]
        pages.append([project.pk for project in page])
        query = {"sort": sort, "after": page.after}
    assert [len(page) for page in pages] == [20, 20, 5]
    assert {pk for page in pages for pk in page} == made
    assert not page.after
    back = client.get("/projects", {"sort": sort, "before": page.before}).context["page"]
    assert [project.pk for project in back] == pages[1]
    first = client.get("/projects", {"sort": sort, "before": back.before}).context["page"]
    assert [project.pk for project in first] == pages[0]
    assert not first.before


@pytest.mark.parametrize("sort", ["newest", "start"])
def test_a_place_that_is_none_breaks_nothing(client, some, sort):
    for place in ("x", "~", "0~0", "9999-99-99~5", "²~1", "5~" + "9" * 40, "\x00~1", "-1~-1", "~5", "9" * 30 + "~1"):
        for way in ("after", "before"):
            assert client.get("/projects", {"sort": sort, way: place}).status_code == 200, place


def test_a_long_list_is_counted_up_to_a_bound(client, db):
    owner = ProjectFactory()
    Project.objects.bulk_create(
        Project(
            number=10_000 + number,
            province_code="35",
            name="田",
            place="福建",
            proponent=owner.proponent,
            created_by=owner.created_by,
            methodology="rice-water-1",
            crediting_starts_on=owner.crediting_starts_on,
            crediting_ends_on=owner.crediting_ends_on,
            status="registered",
        )
        for number in range(MOST_COUNTED + 5)
    )
    page = client.get("/projects").context["page"]
    assert (page.count, page.is_counted_whole) == (MOST_COUNTED, False)
    page = client.get("/projects", {"q": owner.name}).context["page"]
    assert (page.count, page.is_counted_whole) == (1, True)


@pytest.mark.parametrize(("address", "most"), [("/projects", 2), ("/credits", 3), ("/retirements", 2)])
def test_lists_ask_the_database_no_more_for_more_rows(client, who, address, most, django_assert_max_num_queries):
    for _ in range(30):
        batch = issue_to_cooperative(who, 10)
        ParcelFactory(project=batch.project)
        retire(who, batch, 1)
    with django_assert_max_num_queries(most):
        assert len(client.get(address).context["page"]) in (20, 25)


@pytest.mark.parametrize("status", NOBODY)
def test_what_was_never_registered_is_in_no_list_map_file_or_count(client, who, status):
    project = ProjectFactory(
        status=status, name="秘密稻田", county_code="350627", proponent=who.cooperative.organisation
    )
    ParcelFactory(project=project)
    refresh_places(whole=True)
    for address in ("/projects", "/projects?q=秘密", "/projects?county=350627", "/projects/map?province=35"):
        answer = client.get(address)
        assert "秘密" not in answer.content.decode().replace('value="秘密"', "")
    assert client.get("/projects/map").context["is_empty"]
    box = {"west": 70, "south": 0, "east": 140, "north": 60}
    assert client.get("/projects/map.json", box).json() == {"points": []}
    assert client.get(f"/projects/{project.code}.json").status_code == 404
    for name in ("cad-trust/projects", "cad-trust/units", "offsetsdb/projects", "offsetsdb/credits"):
        assert b"".join(client.get(f"/downloads/{name}.json").streaming_content) == b"[]\n"
    assert project.code not in b"".join(client.get("/sitemap-projects-0.xml").streaming_content).decode()
    assert client.get("/api/v1/projects").json()["results"] == []


@pytest.mark.parametrize("status", ["suspended", "completed", "withdrawn"])
def test_what_was_registered_stays_public_with_its_state(client, who, status):
    project = ProjectFactory(status=status, registered_at=timezone.now(), proponent=who.cooperative.organisation)
    ProjectFactory()
    assert [each.pk for each in client.get("/projects", {"status": status}).context["page"]] == [project.pk]
    rows = client.get("/downloads/cad-trust/projects.json").streaming_content
    assert cadtrust.STATUSES[status] in [each["projectStatus"] for each in orjson.loads(b"".join(rows))]


def test_a_status_that_is_not_public_is_asked_for_by_members_alone(client, who):
    ProjectFactory(status="draft", proponent=who.cooperative.organisation)
    shown = ProjectFactory()
    assert [each.pk for each in client.get("/projects", {"status": "draft"}).context["page"]] == [shown.pk]
    client.force_login(who.cooperative.user)
    assert [each.status for each in client.get("/projects", {"status": "draft"}).context["page"]] == ["draft"]


def test_batches_are_found_by_each_filter(client, who, issued):
    other = issue_to_cooperative(who, 50)
    retire(who, other, 50)

    def found(**query):
        return [batch.pk for batch in client.get("/credits", query).context["page"]]

    assert found() == [other.pk, issued.pk]
    assert found(sort="oldest") == [issued.pk, other.pk]
    assert found(sort="quantity") == [issued.pk, other.pk]
    assert found(project=issued.project.code) == [issued.pk]
    assert found(project="TH-35-999999") == found(project="x") == found(vintage="1990") == []
    assert found(vintage=issued.vintage, project=issued.project.code) == [issued.pk]
    assert found(holds="buffer") == found(holds="holding") == [issued.pk]
    assert found(holds="retired") == [other.pk]
    assert found(holds="cancelled") == []


def test_retirements_are_found_by_each_filter_and_hidden_beneficiaries_never_by_name(client, who, issued):
    other = issue_to_cooperative(who, 50)
    shown, hidden = retire(who, issued), retire(who, other, 7, is_beneficiary_public=False, beneficiary_name="隐名公司")

    def found(**query):
        return [retirement.pk for retirement in client.get("/retirements", query).context["page"]]

    assert found() == [hidden.pk, shown.pk]
    assert found(sort="oldest") == [shown.pk, hidden.pk]
    assert found(sort="quantity") == [hidden.pk, shown.pk]
    assert found(q="闽江") == [shown.pk]
    assert found(q="隐名") == found(q="公司") == []
    assert found(purpose="event") == [hidden.pk, shown.pk]
    assert found(purpose="product") == []
    year = timezone.localdate().year
    assert found(year=year) == [hidden.pk, shown.pk]
    assert found(year=year - 1) == []
    assert found(project=other.project.code) == [hidden.pk]
    assert found(batch=issued.asset.code) == [shown.pk]
    assert found(batch="none") == found(project="none") == []
    client.force_login(who.cooperative.user)
    assert found(q="隐名") == []
    page = client.get("/retirements").content.decode()
    assert "隐名" not in page


def test_a_year_begins_in_shanghai(client, who):
    with time_machine.travel(dt.datetime(2023, 12, 31, 17, tzinfo=dt.UTC), tick=False):
        retire(who, issue_to_cooperative(who, 10))
    assert len(client.get("/retirements", {"year": 2024}).context["page"]) == 1
    assert len(client.get("/retirements", {"year": 2023}).context["page"]) == 0


@pytest.mark.parametrize(
    "address", ["/projects", "/credits", "/retirements", "/references", "/projects/map", "/dual-carbon", "/downloads"]
)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_are_whole_with_and_without_anything_in_them(client, who, address, language):
    headers = {"accept-language": language}
    empty = client.get(address, headers=headers)
    batch = issue_to_cooperative(who, 10)
    retire(who, batch, 1)
    full = client.get(address, headers=headers)
    for answer in (empty, full):
        assert answer.status_code == 200
        page = answer.content.decode()
        assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=", page)
        assert 'rel="canonical"' in page


NASTY = (
    *("q=%00", "year=99999", "vintage=-1", "project=%00", "county=%F0%9F%8C%BE", "proponent=x", "sort=%00", "page=x"),
    *("province='", f"q={'x' * 300}", "registry=%00", "batch=%00", "holds=x", "methodology=%00", "q=%ED%A0%80"),
)


@pytest.mark.parametrize(
    "address", ["/projects", "/credits", "/retirements", "/references", "/dual-carbon", "/downloads", "/projects/map"]
)
def test_lists_stand_any_query(client, db, address):
    ProjectFactory()
    for query in NASTY:
        assert client.get(f"{address}?{query}").status_code == 200, query


def test_things_have_json_beside_their_pages(client, who, issued):
    shown, hidden = retire(who, issued), retire(who, issued, is_beneficiary_public=False, beneficiary_name="隐名公司")
    project = client.get(f"/projects/{issued.project.code}.json").json()
    assert project["code"] == issued.project.code
    assert project["cad_trust"]["projectStatus"] == "Registered"
    assert [each["code"] for each in project["batches"]] == [issued.asset.code]
    batch = client.get(f"/credits/{issued.asset.code}.json").json()
    assert (batch["quantity_t"], batch["held_t"], batch["buffer_t"], batch["retired_t"]) == (100, 80, 10, 10)
    assert batch["first_serial"] == f"{issued.asset.code}-{issued.serials.lower:012d}"
    assert client.get(f"/retirements/{shown.public_id}.json").json()["beneficiary"] == "闽江纸业"
    answer = client.get(f"/retirements/{hidden.public_id}.json")
    assert answer.json()["beneficiary"] is None
    assert "隐名" not in answer.content.decode()
    for address in ("/projects/x.json", "/credits/x.json"):
        assert client.get(address).status_code == 404


def test_the_site_map_names_every_public_thing(client, who, issued):
    retirement = retire(who, issued)
    index = client.get("/sitemap.xml").content.decode()
    found = ""
    for address in re.findall(r"<loc>http://testserver(/[^<]+)</loc>", index):
        found += b"".join(client.get(address).streaming_content).decode()
    for path in (
        f"/projects/{issued.project.code}",
        f"/credits/{issued.asset.code}",
        f"/retirements/{retirement.public_id}",
        "/projects/map",
    ):
        assert f"<loc>http://testserver{path}</loc>" in found
    assert client.get("/sitemap-none-0.xml").status_code == 404
    assert "Sitemap: http://testserver/sitemap.xml" in client.get("/robots.txt").content.decode()


def test_the_map_counts_by_cells_and_names_who_is_alone(client, db):
    far = ProjectFactory(name="远田", province_code="23")
    ParcelFactory(project=far, geometry=box(130.0, 47.0))
    for number in range(3):
        ParcelFactory(project=ProjectFactory(), geometry=box(117.0 + number / 1000, 24.0))
    refresh_places()
    whole = {"west": 70, "south": 0, "east": 140, "north": 60}
    points = client.get("/projects/map.json", whole).json()["points"]
    assert sorted((point["count"], point.get("name")) for point in points) == [(1, "远田"), (3, None)]
    near = client.get("/projects/map.json", {"west": 116.99, "south": 23.99, "east": 117.01, "north": 24.02}).json()
    assert [point["count"] for point in near["points"]] == [1, 1, 1]
    page = client.get("/projects/map")
    assert {(region.code, region.count) for region, _name, _address in page.context["regions"]} == {
        ("23", 1),
        ("35", 3),
    }
    for wrong in ({}, {"west": "x"}, whole | {"east": "nan"}, whole | {"east": 60}, whole | {"north": "inf"}):
        assert client.get("/projects/map.json", wrong).status_code == 400


def test_the_map_asks_no_more_for_more_projects(client, db, django_assert_num_queries):
    for longitude in (*range(100, 110), 130):
        ParcelFactory(project=ProjectFactory(), geometry=box(longitude, 24.0))
    refresh_places()
    with django_assert_num_queries(2):
        client.get("/projects/map.json", {"west": 70, "south": 0, "east": 140, "north": 60})
    with django_assert_num_queries(4):
        client.get("/projects/map")


def box(west, south):
    ring = [[west, south], [west + 0.001, south], [west + 0.001, south + 0.001], [west, south + 0.001], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_places_are_computed_once_and_again_when_a_project_moves_on(db):
    parcel = ParcelFactory(geometry=box(117.0, 24.0))
    assert refresh_places() == 1
    assert refresh_places() == 0
    place = ProjectPlace.objects.get()
    assert (round(place.longitude, 4), round(place.latitude, 4), place.parcel_count) == (117.0005, 24.0005, 1)
    ParcelFactory(project=parcel.project, geometry=box(117.1, 24.0))
    assert refresh_places() == 1
    assert ProjectPlace.objects.get().parcel_count == 2
