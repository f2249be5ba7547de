"""Diary entries and documents are as their records say, and the files are there, as they were handed in."""

from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.credits.reconciliation.projects import PROJECT_CODE
from ledger.journal.reconciliation.invariants import MAX_BREACHES, Invariant, InvariantResult, entries, newest, person
from ledger.projects.documents import store
from ledger.projects.documents.models import Document


def _hashed(text: str) -> str:
    return f"CASE WHEN {text} <> '' THEN encode(sha256(convert_to({text}, 'UTF8')), 'hex') END"


def _withdrawal(alias: str) -> str:
    """Return SQL for whether a withdrawal is not as its record says, or one is without the other."""
    return f"""
        ({person(f"{alias}.withdrawn_by_id", "withdrawer")}, log_time({alias}.withdrawn_at), {_hashed(f"{alias}.withdrawal_reason")})
        IS DISTINCT FROM (withdrawn.actor, withdrawn.at, withdrawn.body ->> 'reason_sha256')
    """


INVARIANTS = (
    Invariant(
        9,
        _("each entry of a field diary is as its records say"),
        f"""
        SELECT entry.id AS diary_entry, said.body ->> 'diary_entry' AS recorded
          FROM (SELECT entry.*, {PROJECT_CODE} AS project,
                       {person("entry.created_by_id", "creator")} AS creator
                  FROM ledger_diaryentry entry
                  LEFT JOIN ledger_project project ON project.id = entry.project_id
                  LEFT JOIN ledger_user creator ON creator.id = entry.created_by_id) entry
          FULL JOIN ({newest(entries("diary_entry_added"), "diary_entry")}) said
                    ON said.body ->> 'diary_entry' = entry.id::text
          LEFT JOIN ({newest(entries("diary_entry_withdrawn"), "diary_entry")}) withdrawn
                    ON withdrawn.body ->> 'diary_entry' = entry.id::text
          LEFT JOIN ledger_user withdrawer ON withdrawer.id = entry.withdrawn_by_id
         WHERE entry.id IS NULL OR said.record_id IS NULL
            OR (entry.project, entry.kind, entry.happened_on::text, entry.replaces_id::text, entry.creator,
                log_time(entry.created_at)) IS DISTINCT FROM
               (said.body ->> 'project', said.body ->> 'entry_kind', said.body ->> 'happened_on',
                said.body ->> 'replaces', said.actor, said.at)
            OR {_withdrawal("entry")}
        """,
    ),
    Invariant(
        9,
        _("each document is as its records say"),
        f"""
        SELECT document.public_id AS document, said.body ->> 'document' AS recorded
          FROM (SELECT document.*, count(*) OVER (PARTITION BY document.public_id) AS copies,
                       {PROJECT_CODE} AS project, organisation.public_id::text AS organisation,
                       {person("document.uploaded_by_id", "uploader")} AS uploader,
                       {person("document.published_by_id", "publisher")} AS publisher
                  FROM ledger_document document
                  LEFT JOIN ledger_project project ON project.id = document.project_id
                  LEFT JOIN ledger_organisation organisation ON organisation.id = document.organisation_id
                  LEFT JOIN ledger_user uploader ON uploader.id = document.uploaded_by_id
                  LEFT JOIN ledger_user publisher ON publisher.id = document.published_by_id) document
          FULL JOIN ({newest(entries("document_added"), "document")}) said
                    ON said.body ->> 'document' = document.public_id::text
          LEFT JOIN ({newest(entries("document_published"), "document")}) published
                    ON published.body ->> 'document' = document.public_id::text
          LEFT JOIN ({newest(entries("document_withdrawn"), "document")}) withdrawn
                    ON withdrawn.body ->> 'document' = document.public_id::text
          LEFT JOIN ledger_user withdrawer ON withdrawer.id = document.withdrawn_by_id
         WHERE document.id IS NULL OR said.record_id IS NULL OR document.copies > 1
            OR (document.project, document.organisation, document.kind, document.content_type, document.size_bytes::text,
                document.sha256, document.report_id::text, document.diary_entry_id::text, document.uploader,
                log_time(document.uploaded_at)) IS DISTINCT FROM
               (said.body ->> 'project', said.body ->> 'organisation', said.body ->> 'document_kind',
                said.body ->> 'content_type', said.body ->> 'size_bytes', said.body ->> 'sha256', said.body ->> 'report',
                said.body ->> 'diary_entry', said.actor, said.at)
            OR (document.publisher, log_time(document.published_at), document.public_sha256) IS DISTINCT FROM
               (published.actor, published.at, coalesce(published.body ->> 'public_sha256', ''))
            OR {_withdrawal("document")}
        """,
    ),
)


def check_files() -> InvariantResult:
    """Hash the file of every document again, and return whether each is there and what it was."""
    breaches = list(islice(_breaches(), MAX_BREACHES))
    return InvariantResult(
        9, gettext("the file of each document is there and has its hash"), not breaches, "; ".join(breaches)
    )


def _breaches() -> Iterator[str]:
    named = Document.objects.order_by("id").values_list("public_id", "sha256", "public_sha256")
    for public_id, sha256, public_sha256 in named.iterator():
        for wanted in filter(None, (sha256, public_sha256)):
            found = store.hash_of(wanted)
            if found != wanted:
                yield f"document {public_id}: {'no file' if found is None else 'another file'} {wanted}"
