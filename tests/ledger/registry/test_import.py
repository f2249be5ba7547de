"""Files of other registries: what is kept, what is refused and why, and that nothing half-read is ever there."""

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from ledger.errors import DomainError
from ledger.models import ReferenceCredit, ReferenceImport, ReferenceProject, StagedCredit
from ledger.registry.imports import services
from ledger.registry.imports.services import begin_import, file_of, run_import, run_waiting_imports, take_in
from tests.desk import client_of

PROJECTS = b"""project_id,name,registry,proponent,protocol,category,country,status,listed_at,issued,retired,is_compliance,project_url
VCS1,Paddy,verra,Coop,vm0051,agriculture,China,registered,2020-01-31,100,10,False,https://example.org/1
VCS2,\xe7\xa8\xbb\xe7\x94\xb0,verra,,,,China,,,,,,
"""
CREDITS = b"""project_id,quantity,vintage,transaction_date,transaction_type,retirement_note
VCS1,100,2019,2020-02-01,issuance,
VCS1,10,2019,2020-03-01 00:00:00+00:00,retirement,thanks
VCS1,10,2019,2020-03-01,retirement,
VCS2,5.0,,,Cancellation,
"""


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.REGISTRY_FILES = tmp_path


def imported(content, name="file.csv"):
    source = take_in(chunks=[content], file_name=name)
    run_import(import_id=source.pk)
    source.refresh_from_db()
    return source


def refusals(source):
    return list(source.refusals.values_list("line", "field", "reason"))


def credits_file(*rows):
    return b"project_id,quantity,vintage,transaction_date,transaction_type\n" + b"\n".join(rows) + b"\n"


@pytest.mark.django_db
def test_projects_and_credits_are_kept_as_the_file_says():
    projects, transactions = imported(PROJECTS), imported(CREDITS)
    assert (projects.kind, projects.state, projects.rows_read, projects.rows_new) == ("projects", "done", 2, 2)
    assert (transactions.kind, transactions.rows_read, transactions.rows_accepted) == ("credits", 4, 4)
    first = ReferenceProject.objects.get(project_id="VCS1")
    assert (first.registry, first.issued_t, first.retired_t, first.is_compliance) == ("verra", 100, 10, False)
    assert first.listed_on == dt.date(2020, 1, 31)
    assert ReferenceProject.objects.get(project_id="VCS2").name == "稻田"
    rows = first.credits.order_by("id").values_list("quantity_t", "transaction_type", "occurrence")
    assert list(rows) == [(100, "issuance", 1), (10, "retirement", 1), (10, "retirement", 2)]
    assert not StagedCredit.objects.exists()


@pytest.mark.django_db
def test_the_same_file_twice_is_nothing_new_and_a_longer_one_adds_what_is_new():
    imported(PROJECTS)
    first = imported(CREDITS)
    assert imported(CREDITS).pk == first.pk
    assert ReferenceCredit.objects.count() == 4
    longer = imported(CREDITS + b"VCS1,10,2019,2020-03-01,retirement,\n")
    assert (longer.rows_accepted, longer.rows_new) == (5, 1)
    assert ReferenceCredit.objects.count() == 5
    changed = imported(PROJECTS.replace(b"Paddy", b"Paddies"))
    assert (changed.rows_accepted, changed.rows_new) == (2, 0)
    assert ReferenceProject.objects.get(project_id="VCS1").name == "Paddies"


@pytest.mark.django_db
def test_a_byte_order_mark_is_read_over():
    assert imported(b"\xef\xbb\xbf" + PROJECTS).rows_accepted == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (b"VCS1,-5,2019,2020-02-01,issuance", "quantity", "Tonnes cannot be negative."),
        (b"VCS1,0,2019,2020-02-01,issuance", "quantity", "A transaction moves at least one tonne."),
        (b"VCS1,1e3,2019,2020-02-01,issuance", "quantity", "Not a whole number of tonnes."),
        (b"VCS1,1.5,2019,2020-02-01,issuance", "quantity", "Not a whole number of tonnes."),
        (b"VCS1,NaN,2019,2020-02-01,issuance", "quantity", "Not a whole number of tonnes."),
        (b"VCS1,\xd9\xa5,2019,2020-02-01,issuance", "quantity", "Not a whole number of tonnes."),
        (b"VCS1,9999999999999999,2019,2020-02-01,issuance", "quantity", "More tonnes than there can be."),
        (b"VCS1,5,20190,2020-02-01,issuance", "vintage", "A vintage in the future."),
        (b"VCS1,5,3000,2020-02-01,issuance", "vintage", "A vintage in the future."),
        (b"VCS1,5,x,2020-02-01,issuance", "vintage", "Not a year."),
        (b"VCS1,5,2019,2999-01-01,issuance", "transaction_date", "A date in the future."),
        (b"VCS1,5,2019,2020-02-31,issuance", "transaction_date", "Not a date such as 2024-06-30."),
        (b"VCS1,5,2019,01/02/2020,issuance", "transaction_date", "Not a date such as 2024-06-30."),
        (b"VCS1,5,2019,2020-02-01,sale", "transaction_type", "Not one of: issuance, retirement, cancellation."),
        (b",5,2019,2020-02-01,issuance", "project_id", "This is missing."),
        (b"VCS\x001,5,2019,2020-02-01,issuance", "project_id", "This holds a character that cannot be stored."),
        (b"V" * 65 + b",5,2019,2020-02-01,issuance", "project_id", "The text is too long."),
        (b"VCS9,5,2019,2020-02-01,issuance", "project_id", "This project is not known: import the projects first."),
        (b"VCS1,5,2019,2020-02-01", "", "The row has fewer columns than the first line names."),
        (b"VCS1,5,2019,2020-02-01,issuance,x", "", "The row has more columns than the first line names."),
        (b'"VCS1"x,5,2019,2020-02-01,issuance', "", "The row is not CSV: look for quotation marks in it."),
    ],
)
def test_a_wrong_row_is_refused_with_its_line_and_the_others_are_kept(row, field, reason):
    imported(PROJECTS)
    good = b"VCS1,1,2019,2020-02-01,issuance"
    source = imported(credits_file(good, row, good))
    assert (source.state, source.rows_read, source.rows_accepted, source.rows_refused) == ("done", 3, 2, 1)
    assert refusals(source) == [(3, field, reason)]
    assert ReferenceCredit.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "field"),
    [
        (b"VCS3,n,verra,,,,,,,,,perhaps,", "is_compliance"),
        (b"VCS3,n,verra,,,,,,,,,,javascript:alert(1)", "project_url"),
        (b"VCS3,n,,,,,,,,,,,", "registry"),
        (b"VCS1,n,verra,,,,,,,,,,", "project_id"),
        (b"VCS3," + b"n" * 501 + b",verra,,,,,,,,,,", "name"),
        (b"VCS3,n,verra,,,,,,,-1,,,", "issued"),
        (b"VCS3,n,verra,,,,,,2999-01-01,,,,", "listed_at"),
    ],
)
def test_a_wrong_project_is_refused(row, field):
    source = imported(PROJECTS + row + b"\n")
    assert [(line, name) for line, name, _reason in refusals(source)] == [(4, field)]
    assert source.rows_accepted == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"project_id\n",
        b"a,b\n1,2\n",
        PROJECTS.replace(b"project_id", b"project_id;"),
        ",".join(f"c{n}" for n in range(1_000_000)).encode(),
        ",".join(f"c{n}" for n in range(300)).encode(),
        b"project_id,registry,registry\n",
        "project_id,registry,名\n".encode("gbk"),
        PROJECTS.decode().encode("utf-16"),
        b'"project_id,registry\n',
        b"\x00" * 5_000_000,
    ],
    ids=[
        *(
            "empty",
            "blank",
            "short",
            "other",
            "semicolons",
            "million",
            "many",
            "twice",
            "gbk",
            "utf16",
            "quote",
            "zeros",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused_when_it_is_handed_in(content, settings):
    with pytest.raises(DomainError) as refused:
        take_in(chunks=[content], file_name="x.csv")
    assert refused.value.field == "file"
    assert not ReferenceImport.objects.exists()
    assert not list(services.folder().iterdir())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (credits_file(b"VCS1,1,2019,2020-02-01,issuance", "VCS1,1,2019,2020-02-01,注销".encode("gbk")), "not UTF-8"),
        (credits_file(b"VCS1,1,2019,2020-02-01,issuance", b'"VCS1,1,2019,2020-02-01,issuance'), "never closed"),
        (credits_file(b"VCS1,1,2019,2020-02-01,issuance", b'"' + b"x\n" * 200_000), "never closed"),
        (credits_file(b"VCS1,1,2019,2020-02-01,issuance", b"x" * 2_000_000), "longer than"),
    ],
    ids=["gbk", "quote", "field", "line"],
)
def test_a_file_that_goes_wrong_in_the_middle_is_refused_whole(content, message):
    imported(PROJECTS)
    source = imported(content)
    assert (source.state, source.rows_accepted) == ("failed", 0)
    assert message in source.failure["message"]
    assert not ReferenceCredit.objects.exists()
    assert not StagedCredit.objects.exists()
    assert not file_of(source.kind, source.sha256).exists()


@pytest.mark.django_db
def test_a_failed_file_may_be_handed_in_again():
    content = credits_file(b"VCS1,1,2019,2020-02-01,issuance", b'"')
    first, second = imported(content), imported(content)
    assert first.pk != second.pk
    assert (first.state, second.state) == ("failed", "failed")


class Killed(BaseException):
    """What ends a process: nobody catches it."""


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_killed_midway_leaves_nothing_and_is_done_by_the_next_worker(monkeypatch):
    imported(PROJECTS)
    rows = [b"VCS1,%d,2019,2020-02-01,issuance" % number for number in range(1, 6_001)]
    source = take_in(chunks=[credits_file(*rows)], file_name="credits.csv")

    def die(key, *_arguments):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(services.cache, "set", die)
        with pytest.raises(Killed):
            run_import(import_id=source.pk)
    source.refresh_from_db()
    assert source.state == "waiting"
    assert not ReferenceCredit.objects.exists()
    assert not StagedCredit.objects.exists()
    assert run_waiting_imports() == 1
    assert ReferenceCredit.objects.count() == 6_000
    assert run_waiting_imports() == 0


@pytest.mark.django_db
def test_a_file_that_is_gone_is_told():
    source = take_in(chunks=[PROJECTS], file_name="x.csv")
    file_of(source.kind, source.sha256).unlink()
    run_import(import_id=source.pk)
    source.refresh_from_db()
    assert (source.state, source.failure["message"]) == ("failed", services.GONE)


def test_registrars_alone_hand_files_in(who):
    outcomes = {}
    for name in ("cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor"):
        try:
            begin_import(actor=getattr(who, name), chunks=[PROJECTS], file_name="x.csv")
            outcomes[name] = True
        except DomainError:
            outcomes[name] = False
    assert [name for name, taken in outcomes.items() if taken] == ["registrar"]


def test_the_desk_takes_a_file_shows_how_far_it_is_and_hands_out_what_was_refused(who, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    registrar = client_of(who.registrar)
    imported(PROJECTS)
    answer = registrar.post(
        "/admin/ledger/referenceimport/import/",
        {"file": ContentFile(CREDITS + b"VCS1,=1+1,2019,2020-03-01,retirement,\n", name="credits.csv")},
        follow=True,
    )
    assert answer.status_code == 200
    source = ReferenceImport.objects.get(kind="credits")
    assert source.imported_by == who.registrar.user
    run_import(import_id=source.pk)
    page = registrar.get(f"/admin/ledger/referenceimport/{source.pk}/change/").content.decode()
    assert "Not a whole number of tonnes." in page
    report = registrar.get(f"/admin/ledger/referenceimport/{source.pk}/refused.csv")
    lines = b"".join(report.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[1] == "6,quantity,Not a whole number of tonnes.,'=1+1"
    refused = registrar.post("/admin/ledger/referenceimport/import/", {"file": ContentFile(b"a,b\n", name="x.csv")})
    assert refused.status_code == 422
    assert "OffsetsDB" in refused.content.decode()
    for name in ("auditor", "treasurer"):
        denied = client_of(getattr(who, name)).post("/admin/ledger/referenceimport/import/", {})
        assert denied.status_code == 403


def test_another_registrys_data_are_shown_apart_and_only_read(who, client: Client):
    imported(PROJECTS)
    imported(CREDITS)
    page = client.get("/references", headers={"accept-language": "en"}).content.decode()
    assert "<strong>Another registry" in page
    assert "VCS1" in page
    assert "VCS1" not in client.get("/projects").content.decode()
    page = client.get("/references/VCS1", headers={"accept-language": "en"}).content.decode()
    assert page.count("<tr>") == 4
    assert client.get("/references/none").status_code == 404
    assert client.get("/references/%00").status_code == 404
    found = client.get("/references", {"q": "稻田"}).context["page"]
    assert [each.project_id for each in found] == ["VCS2"]
    assert client.post("/references").status_code == 405


def test_reading_a_file_asks_the_database_no_more_for_more_rows(db, django_assert_num_queries):
    imported(PROJECTS)
    rows = [b"VCS1,%d,2019,2020-02-01,issuance" % number for number in range(1, 51)]
    for content in (credits_file(*rows[:5]), credits_file(*rows)):
        source = take_in(chunks=[content], file_name="x.csv")
        with django_assert_num_queries(11):
            run_import(import_id=source.pk)
