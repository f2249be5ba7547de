"""Add documents, publish them, withdraw them."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved, WrongState
from ledger.parties.access import log_name, require_approved
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.projects.claims import check_reason
from ledger.projects.concern import is_concerned
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.documents import entries, store
from ledger.projects.documents.inspection import Inspected, inspect, without_metadata
from ledger.projects.documents.models import Document
from ledger.projects.locks import lock_project
from ledger.projects.models import MonitoringReport, Project
from ledger.texts import check_texts
from ledger.transparency.services import append_record

MAX_DOCUMENTS = 5_000
Kind = Document.Kind
# What only those may say who have examined.
OF_EXAMINERS = (Kind.VALIDATION_REPORT, Kind.VERIFICATION_REPORT)
EXAMINERS = (Organisation.Kind.VERIFIER, Organisation.Kind.OPERATOR)
CLOSED = (Project.Status.REJECTED, Project.Status.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A file that somebody hands in, and what it is said to be."""

    content: bytes
    file_name: str
    kind: str
    title: str = ""
    report_id: int | None = None
    parcel_code: str = ""
    diary_entry_id: int | None = None
    is_public: bool = False


def add_document(*, actor: Membership, project_id: int, new: NewDocument) -> Document:
    """Keep a file of a project, after it was looked into; its hash goes into the log.

    A photo of a diary entry that was sent before comes back as it is.

    Locks: the project, and the folder (shared).
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue (file, kind, title, report, parcel,
    diary_entry; the project's room is used up).
    """
    _require_adder(actor)
    # Looked into before anything is locked: that takes as long as the file is large.
    file = inspect(new.content, new.file_name)
    shown = without_metadata(file.content, file.content_type) if new.is_public else None
    return _add(actor, project_id, new, file, shown)


@transaction.atomic
def _add(actor: Membership, project_id: int, new: NewDocument, file: Inspected, shown: bytes | None) -> Document:
    project = lock_project(project_id)
    if not is_concerned(project, actor):
        raise NotFound()
    if project.status in CLOSED:
        raise WrongState(state=project.get_status_display())
    document = _document(actor, project, new, file)
    before = _sent_before(document)
    if before is not None:
        return before
    _check_room(project, document.size_bytes + len(shown or b""))
    document.uploaded_by, document.uploaded_at = actor.user, timezone.now()
    store.keep(file.content)
    document.save()
    append_record(
        kind="document_added", body=entries.document_added(document), actor=log_name(actor), at=document.uploaded_at
    )
    if new.is_public:
        _publish(actor, document, shown, document.uploaded_at)
    return document


def may_add(project: Project, membership: Membership | None) -> bool:
    """Return whether `add_document` lets somebody add to a project, so that a page offers it."""
    if membership is None or project.status in CLOSED or not is_concerned(project, membership):
        return False
    try:
        _require_adder(membership)
    except (NotAllowed, OrganisationNotApproved):
        return False
    return True


def _require_adder(actor: Membership) -> None:
    require_right(actor, Right.RECORD, Right.JUDGE, Right.APPROVE)
    require_approved(actor)


def _document(actor: Membership, project: Project, new: NewDocument, file: Inspected) -> Document:
    if new.kind not in Kind.values:
        raise InvalidValue(field="kind", reason=_("There is no such kind of document."))
    if new.kind in OF_EXAMINERS and actor.organisation.kind not in EXAMINERS:
        raise InvalidValue(field="kind", reason=_("Only the body that has examined hands in its report."))
    document = Document(
        project=project,
        organisation=actor.organisation,
        report=_report(project, new.report_id),
        parcel_code=_parcel(project, new.parcel_code),
        diary_entry=_diary_entry(project, new.diary_entry_id),
        kind=new.kind,
        title=new.title.strip() or file.file_name,
        file_name=file.file_name,
        content_type=file.content_type,
        size_bytes=len(file.content),
        sha256=file.sha256,
    )
    check_texts(document)
    return document


def _report(project: Project, report_id: int | None) -> MonitoringReport | None:
    if report_id is None:
        return None
    # A draft may be thrown away.
    handed_in = MonitoringReport.objects.filter(project=project).exclude(status=MonitoringReport.Status.DRAFT)
    report = handed_in.filter(pk=report_id).defer("case", "sheet").first()
    if report is None:
        raise InvalidValue(field="report", reason=_("The project has no such report."))
    return report


def _parcel(project: Project, code: str) -> str:
    if code and not project.parcels.filter(code=code).exists():
        raise InvalidValue(field="parcel", reason=_("The project has no parcel %(code)s.") % {"code": code[:40]})
    return code


def _diary_entry(project: Project, entry_id: int | None) -> DiaryEntry | None:
    if entry_id is None:
        return None
    entry = DiaryEntry.objects.filter(project=project, pk=entry_id).first()
    if entry is None:
        raise InvalidValue(field="diary_entry", reason=_("There is no such entry."))
    return entry


def _sent_before(document: Document) -> Document | None:
    if document.diary_entry is None:
        return None
    return Document.objects.filter(diary_entry=document.diary_entry, sha256=document.sha256, withdrawn_at=None).first()


def _check_room(project: Project, size_bytes: int) -> None:
    used = project.documents.aggregate(count=Count("pk"), size=Sum("size_bytes"))
    if used["count"] >= MAX_DOCUMENTS:
        raise InvalidValue(field="file", reason=_("A project has 5,000 documents at most."))
    room_bytes = settings.DOCUMENTS_PROJECT_MB * 1_000_000
    if (used["size"] or 0) + size_bytes > room_bytes:
        reason = _("The documents of a project take %(megabytes)s MB at most: this one does not fit any more.")
        raise InvalidValue(field="file", reason=reason % {"megabytes": settings.DOCUMENTS_PROJECT_MB})


@transaction.atomic
def publish_document(*, actor: Membership, public_id: UUID) -> Document:
    """Let everybody read a document; of an image a copy without its metadata, for it tells where it was taken.

    Locks: the project, and the folder (shared).
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState.
    """
    document = _lock_own(actor, public_id)
    if document.published_at is not None:
        raise WrongState(state=_("public"))
    shown = without_metadata(store.read(document.sha256), document.content_type)
    _publish(actor, document, shown, timezone.now())
    return document


def _publish(actor: Membership, document: Document, shown: bytes | None, at: dt.datetime) -> None:
    document.public_sha256 = store.keep(shown) if shown is not None else ""
    document.published_by, document.published_at = actor.user, at
    document.save(update_fields=["public_sha256", "published_by", "published_at"])
    append_record(kind="document_published", body=entries.document_published(document), actor=log_name(actor), at=at)


@transaction.atomic
def withdraw_document(*, actor: Membership, public_id: UUID, reason: str) -> Document:
    """Withdraw a document: it is public no more, and marked to those whom it concerns. The file stays, as the log says.

    Locks: the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    document = _lock_own(actor, public_id)
    check_reason(reason)
    document.withdrawn_by, document.withdrawn_at = actor.user, timezone.now()
    document.withdrawal_reason = reason.strip()
    document.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawal_reason"])
    append_record(
        kind="document_withdrawn",
        body=entries.document_withdrawn(document),
        actor=log_name(actor),
        at=document.withdrawn_at,
    )
    return document


def _lock_own(actor: Membership, public_id: UUID) -> Document:
    """Lock the project of a document that the actor's organisation has added, and return the document as it is then."""
    _require_adder(actor)
    named = Document.objects.filter(public_id=public_id, organisation=actor.organisation).values("project").first()
    if named is None:
        raise NotFound()
    lock_project(named["project"])
    document = Document.objects.select_related("project", "organisation").get(public_id=public_id)
    if document.withdrawn_at is not None:
        raise WrongState(state=_("withdrawn"))
    return document
