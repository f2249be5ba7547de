"""Read documents: those whom they concern read all, others what is public."""

from uuid import UUID

from django.db.models import Q, QuerySet

from ledger.errors import NotFound
from ledger.parties.models import Membership
from ledger.projects.concern import projects_concerning
from ledger.projects.documents import store
from ledger.projects.documents.models import Document
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import projects_seen_by


def documents_seen_by(membership: Membership | None) -> QuerySet[Document]:
    """Return the documents that one may read, newest first: withdrawn ones only those whom they concern."""
    documents = Document.objects.select_related("project", "organisation", "report", "diary_entry").order_by("-id")
    is_public = Q(
        published_at__isnull=False,
        withdrawn_at=None,
        project__in=projects_seen_by(membership).order_by().values("pk"),
    )
    if membership is None:
        return documents.filter(is_public)
    return documents.filter(is_public | Q(project__in=projects_concerning(membership).order_by().values("pk")))


def documents_of(
    project: Project, membership: Membership | None, *, report: MonitoringReport | None = None
) -> QuerySet[Document]:
    """Return the documents of a project that one may read, newest first; of one of its reports where that is named.

    Photos of diary entries stand with their entries.
    """
    found = documents_seen_by(membership).filter(project=project, diary_entry=None)
    return found if report is None else found.filter(report=report)


def access_document(*, public_id: UUID, membership: Membership | None) -> Document:
    """Return a document.

    Raises: NotFound, also where it is not one's own to see.
    """
    document = documents_seen_by(membership).filter(public_id=public_id).first()
    if document is None:
        raise NotFound()
    return document


def shown_sha256(document: Document, membership: Membership | None) -> str:
    """Return the hash of what one is shown of a document: the file itself, or to the public a copy without metadata."""
    if document.public_sha256 and not projects_concerning(membership).filter(pk=document.project_id).exists():
        return document.public_sha256
    return document.sha256


def content_of(sha256: str) -> bytes:
    """Return the file of a hash.

    Raises: NoSuchFile.
    """
    return store.read(sha256)
