"""Documents and diary by the API: who is answered how, and files as nobody should send them."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.uploads import MAX_REQUEST_BYTES
from ledger.models import Document, Membership, Organisation
from ledger.projects.documents import store
from tests.callers import Caller, is_problem, statuses
from tests.desk import client_of
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.files import pdf, photo_with_place, picture, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="A01")
    return project


def send(caller, project, content=None, name="a.pdf", **fields):
    file = SimpleUploadedFile(name, pdf() if content is None else content, content_type="text/html")
    given = {"kind": "contract", "file": file} | fields
    return caller.post(f"/api/v1/projects/{project.code}/documents", given)


def test_a_document_is_handed_in_read_published_and_withdrawn(who, project):
    caller = Caller(who.cooperative)
    answer = send(caller, project, title="合同", parcel="A01")
    assert answer.status_code == 201, answer.content
    document = answer.json()
    assert (document["content_type"], document["parcel"], document["is_public"]) == ("application/pdf", "A01", False)
    assert caller.ask(f"/documents/{document['id']}").json() == document
    assert caller.ask(f"/projects/{project.code}/documents", parcel="A01").json()["results"] == [document]
    assert caller.ask(f"/projects/{project.code}/documents", kind="photo").json()["results"] == []
    assert caller.get(document["address"]).content == pdf()
    assert caller.send(f"/documents/{document['id']}/publish").json()["is_public"] is True
    assert Caller().ask(f"/documents/{document['id']}").status_code == 200
    withdrawn = caller.send(f"/documents/{document['id']}/withdraw", {"reason": "Another version."})
    assert withdrawn.json()["withdrawal_reason"] == "Another version."
    assert Caller().ask(f"/documents/{document['id']}").status_code == 404


def test_who_is_answered_how(who, project):
    document = send(Caller(who.cooperative), project).json()
    concerned = {"cooperative": 200, "buyer": 404, "verifier": 404, "registrar": 200, "treasurer": 200, "auditor": 200}
    for path in (f"/documents/{document['id']}", f"/documents/{document['id']}/content"):
        assert statuses(who, "GET", path) == concerned | {"stranger": 404}
    assert statuses(who, "GET", f"/projects/{project.code}/documents") == dict.fromkeys([*concerned, "stranger"], 200)
    assert statuses(who, "POST", f"/documents/{document['id']}/publish") == {
        **{"cooperative": 200, "buyer": 403, "verifier": 404, "registrar": 404, "treasurer": 403, "auditor": 403},
        "stranger": 401,
    }
    diary = f"/projects/{project.code}/diary"
    assert statuses(who, "GET", diary) == concerned | {"stranger": 401}
    entry = {"client_uuid": str(uuid.uuid4()), "kind": "flooding", "parcels": ["A01"], "happened_on": "2024-05-01"}
    assert statuses(who, "POST", diary, entry) == {
        **{"cooperative": 201, "buyer": 403, "verifier": 403, "registrar": 403, "treasurer": 403, "auditor": 403},
        "stranger": 401,
    }
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    other = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    assert Caller(viewer).ask(diary).status_code == 200
    assert Caller(viewer).send(diary, entry).status_code == 403
    assert Caller(other).ask(diary).status_code == 404
    assert Caller(other).send(diary, entry).status_code == 404
    assert send(Caller(viewer), project).status_code == 403
    assert send(Caller(other), project).status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "fields", "pointer"),
    [
        (b"<html><script>alert(1)</script>", "a.jpg", {}, "/file"),
        (b"<svg onload=alert(1)>", "a.svg", {}, "/file"),
        (picture() + workbook(), "a.jpg", {}, "/file"),
        (b"", "a.pdf", {}, "/file"),
        (pdf(), "a.pdf", {"kind": "secret"}, "/kind"),
        (pdf(), "a.pdf", {"kind": "validation_report"}, "/kind"),
        (pdf(), "a.pdf", {"parcel": "B01"}, "/parcel"),
        (pdf(), "a.pdf", {"report": "1"}, "/report"),
        (pdf(), "a.pdf", {"report": "x"}, "/report"),
        (pdf(), "a.pdf", {"diary_entry": "9" * 19}, "/diary_entry"),
        (pdf(), "a.pdf", {"is_public": "yes"}, "/is_public"),
        (pdf(), "a.pdf", {"owner": "me"}, "/owner"),
        (pdf(), "a.pdf", {"title": "a\x00b"}, "/title"),
        (pdf(), "a.pdf", {"title": ["a", "b"]}, "/title"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(who, project, content, name, fields, pointer):
    answer = send(Caller(who.cooperative), project, content, name, **fields)
    assert answer.status_code in (400, 422), answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Document.objects.exists()


def test_what_is_no_form_is_refused(who, project):
    caller, address = Caller(who.cooperative), f"/api/v1/projects/{project.code}/documents"
    assert caller.post(address, "{}", content_type="application/json").status_code == 415
    assert caller.post(address, b"junk", content_type="multipart/form-data; boundary=x").status_code == 400
    assert caller.post(address, b"junk", content_type="multipart/form-data").status_code == 400
    assert is_problem(caller.post(address, {"kind": "contract"}), 400, "invalid_input")


def test_a_request_that_says_it_is_huge_is_refused_unread(who, project):
    caller = Caller(who.cooperative)
    answer = caller.generic(
        "POST",
        f"/api/v1/projects/{project.code}/documents",
        b"--x--",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(MAX_REQUEST_BYTES + 1),
    )
    assert answer.status_code == 400


def test_a_file_is_handed_out_so_that_nothing_runs(who, project):
    caller = Caller(who.cooperative)
    paper = caller.get(send(caller, project, name="合同 1.pdf").json()["address"])
    assert paper["content-type"] == "application/pdf"
    assert paper["content-disposition"].startswith("attachment; filename*=utf-8''")
    assert paper["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert paper["x-content-type-options"] == "nosniff"
    assert paper["cache-control"] == "private, no-cache"
    photo = caller.get(send(caller, project, picture(), "a.jpg", kind="photo").json()["address"])
    assert photo["content-disposition"] == 'inline; filename="a.jpg"'
    assert re.fullmatch('"[0-9a-f]{64}"', photo["etag"])
    again = caller.get(photo.request["PATH_INFO"], headers={"if-none-match": photo["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_page_hands_the_same_file_out(who, project):
    document = send(
        Caller(who.cooperative), project, photo_with_place(), "a.jpg", kind="photo", is_public="true"
    ).json()
    address = f"/documents/{document['id']}"
    own, public = client_of(who.cooperative).get(address), client_of(who.buyer).get(address)
    assert own.content == photo_with_place()
    assert public.content == store.read(document["public_sha256"])
    assert b"Phone of Lin" not in public.content
    assert own["etag"] != public["etag"]
    assert own["content-security-policy"].startswith("default-src 'none'; sandbox")


def test_a_file_that_is_lost_is_said_not_to_be_readable(who, project):
    caller = Caller(who.cooperative)
    document = send(caller, project).json()
    store.path_of(document["sha256"]).unlink()
    assert is_problem(caller.get(document["address"]), 503, "file_out_of_reach")


def test_an_entry_is_sent_again_and_its_photos_too(who, project):
    caller, address = Caller(who.cooperative), f"/projects/{project.code}/diary"
    entry = {"client_uuid": str(uuid.uuid4()), "kind": "flooding", "parcels": ["A01"], "happened_on": "2024-05-01"}
    first, second = caller.send(address, entry), caller.send(address, entry)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert is_problem(caller.send(address, entry | {"note": "x"}), 409, "idempotency_conflict")
    photos = [
        send(caller, project, picture(), "a.jpg", kind="photo", diary_entry=str(first.json()["id"])).json()
        for _time in range(2)
    ]
    assert photos[0] == photos[1]
    [listed] = caller.ask(address).json()["results"]
    assert listed["photos"] == [{"id": photos[0]["id"], "sha256": photos[0]["sha256"]}]
    assert is_problem(caller.send(address, entry | {"parcels": ["X"]}), 409, "idempotency_conflict")
    wrong = entry | {"client_uuid": str(uuid.uuid4()), "content": {"water_level_cm": "900"}}
    assert is_problem(caller.send(address, wrong), 422, "invalid_value", "/content/water_level_cm")
    withdrawn = caller.send(f"{address}/{first.json()['id']}/withdraw", {"reason": "Wrong field."})
    assert withdrawn.json()["withdrawal_reason"] == "Wrong field."
    assert caller.ask(address).json()["results"] == []
    assert len(caller.ask(address, withdrawn="true", kind="flooding", parcel="A01").json()["results"]) == 1


def test_a_session_needs_its_csrf_token(who, project):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(who.cooperative.user)
    answer = browser.post(f"/api/v1/projects/{project.code}/diary", {}, content_type="application/json")
    assert is_problem(answer, 403, "permission_denied")
