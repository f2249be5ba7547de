"""What the log says of documents (docs/log-entries.md): hashes, for titles and names of files may name people."""

from typing import Any

from ledger.projects.digests import json_sha256, text_sha256
from ledger.projects.documents.models import Document


def naming_of(document: Document) -> dict[str, Any]:
    """Return what people call a document, as it is hashed."""
    return {"title": document.title, "file_name": document.file_name, "parcel": document.parcel_code}


def document_added(document: Document) -> dict[str, Any]:
    """Return the body of the record of a document."""
    body = {
        "project": document.project.code,
        "document": str(document.public_id),
        "document_kind": document.kind,
        "organisation": str(document.organisation.public_id),
        "content_type": document.content_type,
        "size_bytes": document.size_bytes,
        "sha256": document.sha256,
        "naming_sha256": json_sha256(naming_of(document)),
    }
    if document.report_id is not None:
        body["report"] = str(document.report_id)
    if document.diary_entry_id is not None:
        body["diary_entry"] = str(document.diary_entry_id)
    return body


def document_published(document: Document) -> dict[str, Any]:
    """Return the body of the record that a document is public now; of an image with the hash of what is shown."""
    body = {"project": document.project.code, "document": str(document.public_id)}
    return body | {"public_sha256": document.public_sha256} if document.public_sha256 else body


def document_withdrawn(document: Document) -> dict[str, Any]:
    """Return the body of the record of a document's withdrawal."""
    return {
        "project": document.project.code,
        "document": str(document.public_id),
        "reason_sha256": text_sha256(document.withdrawal_reason),
    }
