"""The pages of the field diary, by every reader, and the form as it works without a script."""

import datetime as dt
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger.models import DiaryEntry, Document, Membership, MonitoringReport, Organisation, Project
from ledger.projects.diary.services import NewEntry, withdraw_entry, write_entry
from ledger.web.worker import KEPT, worker_source
from tests.desk import client_of
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.files import picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation, validator=who.verifier.organisation)
    for code in ("A01", "A02"):
        ParcelFactory(project=project, code=code)
    return project


def written(who, project, **changes):
    given = {
        "client_uuid": uuid.uuid4(),
        "kind": "drainage",
        "parcels": ["A01"],
        "happened_on": dt.date(2024, 5, 20),
        "content": {"water_level_cm": "-5"},
        "season": "early",
    }
    new = NewEntry(**given | changes)
    return write_entry(actor=who.cooperative, project_id=project.pk, new=new).entry


def filled(**changes):
    given = {
        "client_uuid": str(uuid.uuid4()),
        "kind": "harvest",
        "parcels": ["A01", "A02"],
        "season": "early",
        "happened_on": "2024-07-20",
        "happened_time": "10:30",
        "harvest-yield_t_per_ha": "6.6",
        # What stands in the fields of other kinds counts for nothing.
        "fertiliser-n_kg_per_ha": "99",
        "note": "",
        "latitude": "24.5",
        "longitude": "117.1",
        "accuracy_m": "8",
    }
    return given | changes


def test_who_may_read_and_who_may_write(who, project, client):
    address = f"/projects/{project.code}/diary"
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    other_verifier = MembershipFactory(organisation__kind=Organisation.Kind.VERIFIER)
    assert client.get(address)["location"].startswith("/login")
    assert client_of(who.cooperative).get(address).status_code == 200
    for reader in (viewer, who.verifier, who.registrar, who.auditor):
        assert client_of(reader).get(address)["location"] == f"{address}/entries"
        for page in ("entries", "entries.csv", "season"):
            assert client_of(reader).get(f"{address}/{page}").status_code == 200
        assert client_of(reader).post(address, filled()).status_code == 302
    for reader in (stranger, other_verifier, who.buyer):
        for page in ("", "/entries", "/entries.csv", "/season"):
            assert client_of(reader).get(address + page).status_code == 404
    assert not DiaryEntry.objects.exists()


def test_the_form_works_without_a_script(who, project):
    browser = client_of(who.cooperative)
    photo = SimpleUploadedFile("稻田.jpg", picture(), content_type="image/jpeg")
    address = f"/projects/{project.code}/diary"
    answer = browser.post(address, filled(photo=photo))
    assert answer["location"] == address
    entry = DiaryEntry.objects.get()
    assert (entry.kind, entry.parcels, entry.content) == ("harvest", ["A01", "A02"], {"yield_t_per_ha": "6.6"})
    assert (entry.happened_time, entry.accuracy_m) == (dt.time(10, 30), 8)
    document = Document.objects.get()
    assert (document.diary_entry, document.kind, document.is_public) == (entry, "photo", False)
    shown = browser.get(address).content.decode()
    assert "6.6" in shown
    assert str(document.public_id) in shown


def test_what_is_sent_twice_by_an_impatient_thumb_is_written_once(who, project):
    browser, entry = client_of(who.cooperative), filled()
    for _time in range(2):
        assert browser.post(f"/projects/{project.code}/diary", entry).status_code == 302
    assert DiaryEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"parcels": []}, "parcels"),
        ({"parcels": ["B01"]}, "parcels"),
        ({"season": "winter"}, "season"),
        ({"happened_on": "2099-01-01"}, "happened_on"),
        ({"happened_on": "yesterday"}, "happened_on"),
        ({"harvest-yield_t_per_ha": "450"}, "harvest-yield_t_per_ha"),
        ({"harvest-yield_t_per_ha": "-1"}, "harvest-yield_t_per_ha"),
        ({"harvest-yield_t_per_ha": ""}, "harvest-yield_t_per_ha"),
        ({"harvest-yield_t_per_ha": "much"}, "harvest-yield_t_per_ha"),
        ({"note": "x" * 2_001}, "note"),
        ({"latitude": "95"}, "__all__"),
        ({"photo": SimpleUploadedFile("a.jpg", b"<html><script>1</script>")}, "photo"),
        ({"replaces": "1"}, "replaces"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_what_was_typed_is_kept(who, project, changes, field):
    answer = client_of(who.cooperative).post(f"/projects/{project.code}/diary", filled(**changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert 'value="10:30"' in answer.content.decode()
    assert not DiaryEntry.objects.exists()
    assert not Document.objects.exists()


def test_the_next_entry_begins_with_what_was_last_said(who, project):
    written(who, project, kind="fertiliser", content={"n_kg_per_ha": "75"})
    form = client_of(who.cooperative).get(f"/projects/{project.code}/diary").context["form"]
    assert form["fertiliser-n_kg_per_ha"].value() == "75"
    assert form["kind"].value() is None


def test_an_entry_is_corrected_by_another(who, project):
    wrong = written(who, project)
    browser, address = client_of(who.cooperative), f"/projects/{project.code}/diary"
    form = browser.get(address, {"replaces": wrong.pk}).context["form"]
    assert (form["kind"].value(), form["drainage-water_level_cm"].value()) == ("drainage", "-5")
    browser.post(address, filled(replaces=wrong.pk))
    wrong.refresh_from_db()
    assert wrong.withdrawn_at is not None
    assert wrong.replaced_by.kind == "harvest"
    for other in (wrong.pk, "x", "9" * 30):
        assert browser.get(address, {"replaces": other}).status_code in (200, 404)


def test_the_list_is_filtered_and_exported(who, project):
    written(who, project, note="=1+1")
    entry = written(who, project, kind="flooding", parcels=["A01", "A02"], content={}, season="")
    withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=entry.pk, reason="Wrong day.")
    browser, address = client_of(who.auditor), f"/projects/{project.code}/diary/entries"
    assert len(browser.get(address).context["rows"]) == 1
    assert len(browser.get(address, {"withdrawn": "on"}).context["rows"]) == 2
    assert len(browser.get(address, {"parcel": "A02"}).context["rows"]) == 0
    assert len(browser.get(address, {"kind": "drainage", "season": "early"}).context["rows"]) == 1
    assert len(browser.get(address, {"starts_on": "2024-06-01"}).context["rows"]) == 0
    for query in ("?parcel=%00", "?kind=x", "?starts_on=x", "?page=9999999999999999999", "?season=" + "x" * 500):
        assert browser.get(address + query).status_code in (200, 422)
        assert browser.get(f"{address}.csv{query}").status_code in (200, 422)
    lines = browser.get(f"{address}.csv", {"withdrawn": "on"}).getvalue().decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 3
    assert "'=1+1" in "\n".join(lines)


def test_the_list_asks_the_database_no_more_for_more_entries(who, project, django_assert_num_queries):
    browser, address = client_of(who.cooperative), f"/projects/{project.code}/diary/entries"
    for count in (1, 4):
        for _entry in range(count):
            written(who, project)
        with django_assert_num_queries(9):
            browser.get(address)


def test_an_entry_is_withdrawn_with_a_reason(who, project):
    entry = written(who, project)
    address = f"/projects/{project.code}/diary/{entry.pk}/withdraw"
    assert client_of(who.auditor).post(address, {"reason": "x"}).status_code == 403
    assert client_of(who.buyer).post(address, {"reason": "x"}).status_code == 404
    browser = client_of(who.cooperative)
    browser.post(address, {"reason": " "})
    entry.refresh_from_db()
    assert entry.withdrawn_at is None
    browser.post(address, {"reason": "Wrong field."})
    entry.refresh_from_db()
    assert entry.withdrawal_reason == "Wrong field."
    assert browser.post(address, {"reason": "Again."}).status_code == 409


def test_a_draft_takes_no_entries_and_says_so(who):
    draft = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.DRAFT)
    answer = client_of(who.cooperative).get(f"/projects/{draft.code}/diary")
    assert "takes no entries in this state" in answer.content.decode()


def test_the_season_is_shown_beside_what_was_registered(who, project):
    for kind, day, content in (
        ("planting", dt.date(2024, 4, 1), {"method": "transplanting"}),
        ("harvest", dt.date(2024, 7, 22), {"yield_t_per_ha": "6.6"}),
    ):
        written(who, project, kind=kind, happened_on=day, content=content)
    browser, address = client_of(who.cooperative), f"/projects/{project.code}/diary/season"
    answer = browser.get(address, {"year": "2024"})
    [(season, remarks)] = answer.context["seasons"]
    assert (season.parcel, season.days, season.water) == ("A01", 112, "continuous")
    assert {remark.code for remark in remarks} >= {"no_water", "other_water"}
    assert [parcels for _season, _text, parcels in answer.context["others"]] == [["A02"]]
    assert f"/projects/{project.code}/diary/report" in answer.content.decode()
    assert browser.get(address, {"year": "x"}).status_code == 422
    assert browser.get(address).status_code == 200


def test_a_report_takes_the_season_over(who, project):
    browser, address = client_of(who.cooperative), f"/projects/{project.code}/diary/report"
    assert browser.post(address, {"vintage": "2020"})["location"].endswith("/diary/season?year=2020")
    for kind, day, content in (
        ("planting", dt.date(2020, 4, 1), {"method": "transplanting"}),
        ("fertiliser", dt.date(2020, 4, 1), {"n_kg_per_ha": "120"}),
        ("harvest", dt.date(2020, 7, 22), {"yield_t_per_ha": "6.6"}),
    ):
        written(who, project, kind=kind, happened_on=day, content=content)
    begun = browser.post(address, {"vintage": "2020"})
    report = MonitoringReport.objects.get()
    assert begun["location"] == f"/projects/{project.code}/reports/{report.pk}/edit"
    assert (report.status, report.vintage) == ("draft", 2020)
    [season] = report.practices["A01"]["seasons"]
    assert season["project"]["n_kg_per_ha"] == "120"
    assert address in browser.get(begun["location"]).content.decode()
    # Pressed again, it is the same draft.
    written(who, project, kind="fertiliser", happened_on=dt.date(2020, 5, 1), content={"n_kg_per_ha": "30"})
    assert browser.post(address, {"vintage": "2020"})["location"] == begun["location"]
    report.refresh_from_db()
    assert report.practices["A01"]["seasons"][0]["project"]["n_kg_per_ha"] == "150"
    for nonsense in ("", "x", "1800", "9999"):
        assert browser.post(address, {"vintage": nonsense}).status_code == 404
    assert client_of(who.auditor).post(address, {"vintage": "2020"}).status_code == 403
    assert client_of(who.buyer).post(address, {"vintage": "2020"}).status_code == 404


def test_the_page_is_not_kept_by_any_cache_but_the_worker(who, project):
    answer = client_of(who.cooperative).get(f"/projects/{project.code}/diary")
    assert answer["cache-control"] == "no-store"


def test_the_worker_keeps_what_the_page_is_made_of(who, project, client):
    answer = client.get("/diary-worker.js")
    assert answer["content-type"].startswith("text/javascript")
    assert answer["service-worker-allowed"] == "/projects/"
    assert answer.content.decode() == worker_source()
    page = client_of(who.cooperative).get(f"/projects/{project.code}/diary").content.decode()
    for name in KEPT:
        if not name.endswith(("drafts.js", "sending.js", "photos.js")):
            assert f"/static/{name}" in page, name


def test_logging_out_asks_about_what_was_not_sent(who, project):
    page = client_of(who.cooperative).get(f"/projects/{project.code}/diary").content.decode()
    assert f'data-person="{who.cooperative.user.public_id}"' in page
    assert "js/diary/leave.js" in page
