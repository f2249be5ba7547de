"""Documents: added, published, withdrawn; by whom, and what becomes of their files."""

import os
import threading
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from ledger.credits.reconciliation import check_files
from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved, WrongState
from ledger.models import Document, Membership, Organisation, Project, Record
from ledger.projects.documents import store
from ledger.projects.documents.selectors import access_document, documents_seen_by, shown_sha256
from ledger.projects.documents.services import NewDocument, add_document, publish_document, withdraw_document
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, ReportFactory
from tests.files import pdf, photo_with_place, picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Keep the files of a test apart."""
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    return settings.DOCUMENTS_DIR


@pytest.fixture
def project(who):
    return ProjectFactory(proponent=who.cooperative.organisation)


def paper(**changes):
    return NewDocument(**{"content": pdf(), "file_name": "合同.pdf", "kind": "contract", "title": "合同"} | changes)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def kinds():
    return list(Record.objects.filter(kind__startswith="document_").order_by("id").values_list("kind", flat=True))


def test_a_document_is_kept_by_its_hash(who, project, folder):
    document = add_document(actor=who.cooperative, project_id=project.pk, new=paper())
    assert (document.content_type, document.size_bytes, document.title) == ("application/pdf", len(pdf()), "合同")
    assert files(folder) == [document.sha256]
    path = store.path_of(document.sha256)
    assert path.read_bytes() == pdf()
    assert path.stat().st_mode & 0o077 == 0
    assert kinds() == ["document_added"]
    assert document.uploaded_at <= timezone.now()


def test_one_file_handed_in_twice_is_kept_once(who, project, folder):
    for _time in range(2):
        add_document(actor=who.cooperative, project_id=project.pk, new=paper())
    assert Document.objects.count() == 2
    assert len(files(folder)) == 1


def test_only_those_add_whom_it_concerns(who, project):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    applied = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE, organisation__status="applied")
    refusals = {
        viewer: NotAllowed,
        who.buyer: NotAllowed,
        who.auditor: NotAllowed,
        who.treasurer: NotAllowed,
        stranger: NotFound,
        # A verifier that nothing of the project was given to.
        who.verifier: NotFound,
        applied: OrganisationNotApproved,
    }
    for actor, refusal in refusals.items():
        with pytest.raises(refusal):
            add_document(actor=actor, project_id=project.pk, new=paper())
    assert not Document.objects.exists()
    for actor in (who.cooperative, who.registrar):
        add_document(actor=actor, project_id=project.pk, new=paper())


def test_who_examined_hands_in_the_report(who, project):
    report = ReportFactory(project=project, verifier=who.verifier.organisation)
    new = paper(kind="verification_report", report_id=report.pk)
    with pytest.raises(InvalidValue) as refused:
        add_document(actor=who.cooperative, project_id=project.pk, new=new)
    assert refused.value.field == "kind"
    document = add_document(actor=who.verifier, project_id=project.pk, new=new)
    assert (document.report, document.organisation) == (report, who.verifier.organisation)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "secret"}, "kind"),
        ({"report_id": 0}, "report"),
        ({"parcel_code": "X9"}, "parcel"),
        ({"diary_entry_id": 0}, "diary_entry"),
        ({"title": "x" * 121}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"content": b""}, "file"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(who, project, folder, changes, field):
    with pytest.raises(InvalidValue) as refused:
        add_document(actor=who.cooperative, project_id=project.pk, new=paper(**changes))
    assert refused.value.field == field
    assert files(folder) == []
    assert kinds() == []


def test_another_projects_report_and_parcel_are_unknown(who, project):
    other = ProjectFactory(proponent=who.cooperative.organisation)
    for changes in ({"report_id": ReportFactory(project=other).pk}, {"parcel_code": ParcelFactory(project=other).code}):
        with pytest.raises(InvalidValue):
            add_document(actor=who.cooperative, project_id=project.pk, new=paper(**changes))


def test_a_project_has_so_much_room(who, project, settings, folder):
    settings.DOCUMENTS_PROJECT_MB = 0
    with pytest.raises(InvalidValue) as refused:
        add_document(actor=who.cooperative, project_id=project.pk, new=paper())
    assert refused.value.field == "file"
    assert files(folder) == []


def test_a_rejected_project_takes_none(who):
    project = ProjectFactory(proponent=who.cooperative.organisation, status=Project.Status.REJECTED)
    with pytest.raises(WrongState):
        add_document(actor=who.cooperative, project_id=project.pk, new=paper())


def test_the_public_sees_a_photo_without_its_place(who, project, folder):
    new = paper(content=photo_with_place(), file_name="a.jpg", kind="photo")
    document = add_document(actor=who.cooperative, project_id=project.pk, new=new)
    assert access_document(public_id=document.public_id, membership=who.auditor) == document
    for stranger in (None, who.buyer):
        with pytest.raises(NotFound):
            access_document(public_id=document.public_id, membership=stranger)
    published = publish_document(actor=who.cooperative, public_id=document.public_id)
    assert published.public_sha256 not in ("", document.sha256)
    assert sorted(files(folder)) == sorted([document.sha256, published.public_sha256])
    assert shown_sha256(published, None) == shown_sha256(published, who.buyer) == published.public_sha256
    assert shown_sha256(published, who.cooperative) == shown_sha256(published, who.auditor) == document.sha256
    assert kinds() == ["document_added", "document_published"]
    with pytest.raises(WrongState):
        publish_document(actor=who.cooperative, public_id=document.public_id)


def test_a_document_may_be_public_from_the_start(who, project):
    document = add_document(actor=who.cooperative, project_id=project.pk, new=paper(is_public=True))
    assert (document.is_public, document.public_sha256) == (True, "")
    assert list(documents_seen_by(None)) == [document]


def test_what_is_withdrawn_is_public_no_more(who, project):
    document = add_document(actor=who.cooperative, project_id=project.pk, new=paper(is_public=True))
    with pytest.raises(InvalidValue):
        withdraw_document(actor=who.cooperative, public_id=document.public_id, reason=" ")
    withdraw_document(actor=who.cooperative, public_id=document.public_id, reason="Another version.")
    assert not documents_seen_by(None).exists()
    assert documents_seen_by(who.cooperative).get().withdrawal_reason == "Another version."
    for again in (
        lambda: withdraw_document(actor=who.cooperative, public_id=document.public_id, reason="Again."),
        lambda: publish_document(actor=who.cooperative, public_id=document.public_id),
    ):
        with pytest.raises(WrongState):
            again()
    assert kinds() == ["document_added", "document_published", "document_withdrawn"]


def test_another_organisations_document_is_not_ones_own(who, project):
    document = add_document(actor=who.registrar, project_id=project.pk, new=paper())
    with pytest.raises(NotFound):
        withdraw_document(actor=who.cooperative, public_id=document.public_id, reason="Not mine.")
    with pytest.raises(NotFound):
        publish_document(actor=who.cooperative, public_id=document.public_id)


def test_verifiers_see_what_was_given_to_them(who, project):
    document = add_document(actor=who.cooperative, project_id=project.pk, new=paper())
    other = MembershipFactory(organisation__kind=Organisation.Kind.VERIFIER)
    assert not documents_seen_by(who.verifier).exists()
    project.validator = who.verifier.organisation
    project.save()
    assert list(documents_seen_by(who.verifier)) == [document]
    ReportFactory(project=project, verifier=other.organisation)
    assert list(documents_seen_by(other)) == [document]
    other.organisation.status = Organisation.Status.SUSPENDED
    other.organisation.save()
    assert not documents_seen_by(MembershipFactory._meta.model.objects.get(pk=other.pk)).exists()


# The folder


def test_a_file_that_is_gone_or_changed_is_named(who, project):
    kept = add_document(actor=who.cooperative, project_id=project.pk, new=paper())
    shown = add_document(
        actor=who.cooperative,
        project_id=project.pk,
        new=paper(content=picture(), file_name="a.jpg", kind="photo", is_public=True),
    )
    assert check_files().holds
    call_command("verify_documents")
    store.path_of(kept.sha256).write_bytes(b"another")
    store.path_of(shown.public_sha256).unlink()
    result = check_files()
    assert not result.holds
    assert str(kept.public_id) in result.detail
    assert str(shown.public_id) in result.detail
    with pytest.raises(store.NoSuchFile):
        store.read(kept.sha256)


def test_files_without_a_row_are_swept_when_they_are_old(who, project, folder):
    """As a process leaves them that is killed after the file is written, before the row is committed."""
    document = add_document(actor=who.cooperative, project_id=project.pk, new=paper())
    orphan = store.keep(b"orphan")
    unfinished = folder / store.UNFINISHED / "tmp1"
    unfinished.write_bytes(b"half")
    stranger = folder / "notes.txt"
    stranger.write_text("somebody else's")
    assert store.sweep_orphans() == 0
    yesterday = time.time() - 2 * store.ORPHAN_AFTER_SECONDS
    for path in (store.path_of(orphan), unfinished, store.path_of(document.sha256), stranger):
        os.utime(path, (yesterday, yesterday))
    assert store.sweep_orphans() == 2
    assert files(folder) == sorted([document.sha256, "notes.txt"])


def test_a_file_that_is_handed_in_again_is_young_again(folder):
    orphan = store.keep(b"orphan")
    yesterday = time.time() - 2 * store.ORPHAN_AFTER_SECONDS
    os.utime(store.path_of(orphan), (yesterday, yesterday))
    store.keep(b"orphan")
    assert store.sweep_orphans() == 0


def test_a_damaged_file_is_mended_by_handing_it_in_again(folder):
    sha256 = store.keep(b"whole")
    store.path_of(sha256).write_bytes(b"damaged")
    assert store.keep(b"whole") == sha256
    assert store.read(sha256) == b"whole"


@pytest.mark.django_db(transaction=True)
def test_sweeping_waits_for_those_who_add(who, folder):
    """Between a file and the commit of its row nobody sweeps it, however old the file is that was there before."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    from django.db import transaction

    with transaction.atomic():
        sha256 = store.keep(pdf())
    yesterday = time.time() - 2 * store.ORPHAN_AFTER_SECONDS
    swept = []

    def sweep():
        swept.append(store.sweep_orphans(older_than_seconds=0))
        connection.close()

    sweeper = threading.Thread(target=sweep)
    with transaction.atomic():
        add_document(actor=who.cooperative, project_id=project.pk, new=paper())
        os.utime(store.path_of(sha256), (yesterday, yesterday))
        sweeper.start()
        sweeper.join(0.5)
        assert sweeper.is_alive(), "the sweeper waits"
    sweeper.join()
    assert swept == [0]
    assert check_files().holds
