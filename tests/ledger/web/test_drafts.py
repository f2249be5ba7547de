"""A draft, written part by part in a browser, without a script."""

import pytest

from ledger.models import Project
from ledger.projects.land.overlaps import overlaps
from ledger.projects.lifecycle import accept_project, return_project
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, square
from tests.scenes import hand_in

WHAT = {
    "name": "新名",
    "name_en": "New name",
    "county_code": "350627",
    "place": "龙山",
    "starts_on": "2020-03-01",
    "region": "east_asia",
    "gwp": "AR6",
    "crediting_starts_on": "2020-01-01",
    "crediting_ends_on": "2029-12-31",
    "project_link": "https://example.org/",
    "description": "说明",
}
PARTS = ("what", "baseline", "elsewhere", "climate", "hand-in")


@pytest.fixture
def draft(who):
    return ProjectFactory(
        proponent=who.cooperative.organisation, status=Project.Status.DRAFT, is_listed_elsewhere=None, place=""
    )


@pytest.fixture
def send(client, who, draft):
    client.force_login(who.cooperative.user)
    return lambda part, **given: client.post(f"/projects/{draft.code}/draft/{part}", given)


def test_every_part_is_shown_with_what_is_missing(client, who, draft):
    client.force_login(who.cooperative.user)
    for part in PARTS:
        page = client.get(f"/projects/{draft.code}/draft/{part}")
        assert page.status_code == 200
        missing = {each["name"] for each in page.context["parts"] if each["is_missing"]}
        assert missing == {"what", "fields", "baseline", "elsewhere"}
    assert client.get(f"/projects/{draft.code}/draft/fields")["Location"] == f"/projects/{draft.code}/fields"
    assert client.get(f"/projects/{draft.code}/draft/nothing").status_code == 404


def test_what_a_draft_is_is_kept_and_leads_to_the_next_part(send, draft):
    assert send("what", **WHAT)["Location"] == f"/projects/{draft.code}/draft/fields"
    draft.refresh_from_db()
    assert (draft.name, draft.county_code, draft.settings["gwp"]) == ("新名", "350627", "AR6")
    assert (str(draft.starts_on), draft.province_code) == ("2020-03-01", "35")


def test_the_counties_are_those_of_the_province_by_city(client, who, draft):
    client.force_login(who.cooperative.user)
    page = client.get(f"/projects/{draft.code}/draft/what").content.decode()
    assert '<optgroup label="漳州市">' in page
    assert "南靖县" in page
    assert "东城区" not in page


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"name": ""}, "name"),
        ({"county_code": "110101"}, "county_code"),
        ({"crediting_ends_on": "2019-01-01"}, "crediting_ends_on"),
        ({"project_link": "example"}, "project_link"),
        ({"starts_on": "2031-01-01"}, "starts_on"),
        ({"place": "a\x00"}, "place"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(send, draft, changed, at):
    refused = send("what", **WHAT | {"description_en": "typed before"} | changed)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, [at])
    assert "typed before" in refused.content.decode()
    draft.refresh_from_db()
    assert draft.place == ""


def test_listings_grow_line_by_line(client, send, draft):
    lines = {"other_listings0-registry": "Verra", "other_listings0-number": "VCS 1", "other_listings1-registry": ""}
    assert send("elsewhere", is_listed_elsewhere="yes", **lines).status_code == 302
    draft.refresh_from_db()
    assert [each["number"] for each in draft.other_listings] == ["VCS 1"]
    rows = client.get(f"/projects/{draft.code}/draft/elsewhere").context["lists"][0].rows
    assert (len(rows), rows[0]["number"].value()) == (3, "VCS 1")
    send("elsewhere", is_listed_elsewhere="no", **{"other_listings0-registry": "", "other_listings0-number": ""})
    draft.refresh_from_db()
    assert (draft.is_listed_elsewhere, draft.other_listings) == (False, [])


@pytest.mark.parametrize(
    ("given", "list_at", "row", "field"),
    [
        ({"other_listings0-registry": "Verra"}, 0, 0, "number"),
        ({"other_listings1-registry": "V", "other_listings1-number": "1", "other_listings1-link": "x"}, 0, 1, "link"),
        ({"related_projects0-relationship": "near"}, 1, 0, "project"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_it(send, given, list_at, row, field):
    blank = {"other_listings0-registry": ""}
    refused = send("elsewhere", is_listed_elsewhere="yes", **blank | given)
    assert refused.status_code == 422
    assert list(refused.context["lists"][list_at].rows[row].errors) == [field]


def test_yes_without_a_listing_is_refused(send):
    refused = send("elsewhere", is_listed_elsewhere="yes")
    assert refused.status_code == 422
    assert refused.context["form"].errors


def test_goals_labels_and_estimations_are_kept(send, draft):
    given = {
        "covered_by_ndc": "inside",
        "ndc_information": "Agriculture",
        "co_benefits": ["sdg_6", "sdg_2"],
        "estimations0-starts_on": "2020-01-01",
        "estimations0-ends_on": "2020-12-31",
        "estimations0-quantity_t": "2300",
        "labels0-name": "CCB",
        "labels0-label_type": "certification",
        "labels0-valid_from": "2021-01-01",
    }
    assert send("climate", **given)["Location"] == f"/projects/{draft.code}/draft/hand-in"
    draft.refresh_from_db()
    assert (draft.covered_by_ndc, draft.co_benefits) == ("inside", ["sdg_2", "sdg_6"])
    assert draft.estimations == [{"starts_on": "2020-01-01", "ends_on": "2020-12-31", "quantity_t": 2_300}]
    assert draft.labels[0]["valid_from"] == "2021-01-01"
    refused = send("climate", **given | {"estimations0-ends_on": "2040-12-31"})
    assert refused.status_code == 422
    assert refused.context["form"].non_field_errors()


def test_the_baseline_is_stated_for_some_fields_or_all(send, draft):
    for code in ("A1", "A2", "A3"):
        ParcelFactory(project=draft, code=code, baseline_evidence="")
    assert send("baseline", evidence="Photos.", parcels="A1，A2")["Location"].endswith("/draft/baseline")
    assert send("baseline", evidence="Records.", parcels="A3")["Location"].endswith("/draft/elsewhere")
    assert [parcel.baseline_evidence for parcel in draft.parcels.order_by("code")] == ["Photos.", "Photos.", "Records."]
    assert list(send("baseline", evidence=" ").context["form"].errors) == ["evidence"]
    assert send("baseline", evidence="Photos.", parcels="Z9").status_code == 422


def test_a_draft_is_handed_in_when_nothing_is_missing(client, who, draft, send):
    submit = f"/projects/{draft.code}/submit"
    ParcelFactory(project=draft, geometry=square(1))
    refused = client.post(submit)
    assert (refused.status_code, len(refused.context["refusals"])) == (422, 1)
    send("what", **WHAT)
    send("elsewhere", is_listed_elsewhere="no")
    assert client.get(f"/projects/{draft.code}/draft/hand-in").context["progress"].is_complete
    assert client.post(submit)["Location"] == f"/projects/{draft.code}"


def test_what_the_verifier_wants_mended_is_shown_on_every_part(client, who, draft):
    ParcelFactory(project=draft)
    hand_in(who.cooperative, draft)
    accept_project(actor=who.verifier, project_id=draft.pk)
    return_project(actor=who.verifier, project_id=draft.pk, reason="The western dyke is missing.")
    client.force_login(who.cooperative.user)
    for address in (f"/projects/{draft.code}", f"/projects/{draft.code}/draft/what", "/work"):
        assert "The western dyke is missing." in client.get(address).content.decode()
    # The forecast of before the corrections is nobody's any more.
    assert client.get(f"/projects/{draft.code}").context["sheet"] is None


def test_nobody_else_comes_to_a_draft(client, who, draft):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    stranger = MembershipFactory(organisation__kind="cooperative")
    for membership in (viewer, stranger, who.buyer, who.verifier, who.registrar, who.auditor):
        client.force_login(membership.user)
        for part in PARTS:
            assert client.get(f"/projects/{draft.code}/draft/{part}").status_code == 404
        assert client.post(f"/projects/{draft.code}/draft/what", WHAT).status_code == 404
    handed_in = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.SUBMITTED)
    client.force_login(who.cooperative.user)
    assert client.get(f"/projects/{handed_in.code}/draft/what").status_code == 404


@pytest.mark.parametrize("part", PARTS)
def test_parts_cost_no_more_for_more_fields(client, who, draft, part, django_assert_max_num_queries):
    ParcelFactory.create_batch(6, project=draft)
    client.force_login(who.cooperative.user)
    with django_assert_max_num_queries(12):
        client.get(f"/projects/{draft.code}/draft/{part}")


def test_texts_are_written_as_texts(client, who, draft, send):
    evil = '<script>alert("x")</script>'
    send("what", **WHAT | {"description": evil, "place": evil})
    ParcelFactory(project=draft, baseline_evidence=evil)
    send("elsewhere", is_listed_elsewhere="yes", **{"other_listings0-registry": evil, "other_listings0-number": "1"})
    for address in (f"/projects/{draft.code}", f"/projects/{draft.code}/draft/elsewhere"):
        assert evil not in client.get(address).content.decode()


def test_progress_is_shown_on_every_part_and_leads_to_what_is_missing(client, who, draft):
    client.force_login(who.cooperative.user)
    ParcelFactory(project=draft, baseline_evidence="")
    for part in (*PARTS, "fields"):
        page = client.get(f"/projects/{draft.code}/draft/{part}", follow=True)
        progress = page.context["progress"]
        assert (progress.done, progress.needed, progress.next_part["name"]) == (1, 4, "what")
        text = page.content.decode()
        assert '<progress max="4" value="1"' in text
        for missing in ("what", "baseline", "elsewhere"):
            assert f'<a href="/projects/{draft.code}/draft/{missing}">' in text


def test_a_part_is_kept_and_left_and_resumed_from_the_list(client, who, draft, send):
    answer = send("what", **WHAT, leave="1")
    assert answer["Location"] == "/work"
    draft.refresh_from_db()
    assert draft.place == "龙山"
    page = client.get("/work")
    (card,) = page.context["drafts"]
    assert card.next_part["name"] == "fields"
    assert f"/projects/{draft.code}/draft/fields" in page.content.decode()
    # What is refused is not left.
    assert send("what", **WHAT | {"name": ""}, leave="1").status_code == 422
    ParcelFactory(project=draft, baseline_evidence="")
    assert send("baseline", evidence="Photos.", leave="1")["Location"] == "/work"
    assert client.get("/work").context["drafts"][0].next_part["name"] == "elsewhere"
    send("elsewhere", is_listed_elsewhere="no", leave="1")
    assert client.get("/work").context["drafts"][0].next_part["name"] == "hand-in"


def test_a_draft_is_thrown_away_after_it_was_asked(client, who, draft):
    parcel = ParcelFactory(project=draft)
    client.force_login(who.cooperative.user)
    address = f"/projects/{draft.code}/draft/discard"
    assert draft.name in client.get(address).content.decode()
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert client.post(address)["Location"] == "/work"
    draft.refresh_from_db()
    assert draft.status == "withdrawn"
    assert client.get("/work").context["drafts"] == []
    # A second press finds no draft any more, and the field is free.
    assert client.post(address).status_code == 404
    other = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    assert not overlaps([parcel.geometry], other)


def test_nobody_else_throws_a_draft_away(client, who, draft):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    stranger = MembershipFactory(organisation__kind="cooperative")
    address = f"/projects/{draft.code}/draft/discard"
    assert client.post(address).status_code == 302
    for membership in (viewer, stranger, who.buyer, who.verifier, who.registrar, who.auditor):
        client.force_login(membership.user)
        assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_a_viewer_sees_drafts_but_no_way_to_change_them(client, who, draft):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    client.force_login(viewer.user)
    page = client.get("/work")
    assert [each.project for each in page.context["drafts"]] == [draft]
    assert f"/projects/{draft.code}/draft/" not in page.content.decode()
