"""What is too large for the log has its hash there: texts and settings, outlines of fields, cases and calculation sheets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import gettext

from ledger.credits.reconciliation.projects import PROJECT_CODE
from ledger.journal.reconciliation.invariants import MAX_BREACHES, InvariantResult, entries, newest
from ledger.projects.digests import json_sha256, sheet_sha256

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Document:
    """SQL for documents, each with its row's number and the hash that the log has; and how it is hashed."""

    name: str
    sql: str
    digest: Callable[[Any], str] = json_sha256


def _of_project(content: str, key: str, *kinds: str) -> str:
    """Return SQL for what projects say, with the hash in the newest record of these kinds."""
    return f"""
        SELECT project.id, {content}, said.body ->> '{key}'
          FROM ledger_project project
          LEFT JOIN ({newest(entries(*kinds), "project")}) said ON said.body ->> 'project' = {PROJECT_CODE}
    """


def _of_report(content: str, key: str) -> str:
    return f"""
        SELECT report.id, {content}, said.body ->> '{key}'
          FROM ledger_monitoringreport report
          JOIN ({newest(entries("report_submitted", "report_corrected"), "report")}) said
               ON said.body ->> 'report' = report.id::text
    """


def _of_version(content: str, key: str) -> str:
    return f"""
        SELECT version.id, {content}, said.body ->> '{key}'
          FROM ledger_reportversion version
          JOIN ({entries("report_corrected")}) said
               ON said.body ->> 'report' = version.report_id::text
              AND said.body ->> 'replaces_version' = version.number::text
    """


DETAILS = """
    jsonb_build_object('ndc_information', project.ndc_information, 'co_benefits', project.co_benefits,
                       'labels', project.labels, 'related_projects', project.related_projects,
                       'estimations', project.estimations, 'other_listings', project.other_listings)
"""
NO_DETAILS = """
    '{"ndc_information": "", "co_benefits": [], "labels": [], "related_projects": [], "estimations": [],
      "other_listings": []}'::jsonb
"""
"""What a project has of them that was never described."""

DOCUMENTS = (
    Document(
        "project",
        _of_project(
            """
            jsonb_build_object('description', project.description, 'description_en', project.description_en,
                               'illustrative', project.illustrative, 'settings', project.settings)
            """,
            "content_sha256",
            "project_created",
            "project_described",
        ),
    ),
    Document(
        "details of project",
        _of_project(
            f"CASE WHEN said.record_id IS NOT NULL OR {DETAILS} <> {NO_DETAILS} THEN {DETAILS} END",
            "details_sha256",
            "project_described",
        ),
    ),
    Document(
        "forecast of project", _of_project("project.forecast", "forecast_sha256", "project_submitted"), sheet_sha256
    ),
    Document(
        "parcel",
        f"""
        SELECT parcel.id,
               jsonb_build_object('name', parcel.name, 'geometry', parcel.geometry, 'practices', parcel.practices),
               said.body ->> 'content_sha256'
          FROM ledger_parcel parcel
          JOIN ledger_project project ON project.id = parcel.project_id
          JOIN (SELECT DISTINCT ON (body ->> 'project', body ->> 'parcel') * FROM ({entries("parcel_added")}) said
                 ORDER BY body ->> 'project', body ->> 'parcel', record_id DESC) said
               ON said.body ->> 'project' = {PROJECT_CODE} AND said.body ->> 'parcel' = parcel.code
        """,
    ),
    Document(
        "diary entry",
        f"""
        SELECT entry.id,
               jsonb_build_object('parcels', entry.parcels, 'season', entry.season,
                                  'happened_time', entry.happened_time::text, 'content', entry.content, 'note', entry.note,
                                  'latitude', entry.latitude::text, 'longitude', entry.longitude::text,
                                  'accuracy_m', entry.accuracy_m),
               said.body ->> 'content_sha256'
          FROM ledger_diaryentry entry
          LEFT JOIN ({newest(entries("diary_entry_added"), "diary_entry")}) said
               ON said.body ->> 'diary_entry' = entry.id::text
        """,
    ),
    Document(
        "names of document",
        f"""
        SELECT document.id,
               jsonb_build_object('title', document.title, 'file_name', document.file_name, 'parcel', document.parcel_code),
               said.body ->> 'naming_sha256'
          FROM ledger_document document
          LEFT JOIN ({newest(entries("document_added"), "document")}) said
               ON said.body ->> 'document' = document.public_id::text
        """,
    ),
    Document("case of report", _of_report('report."case"', "case_sha256")),
    Document("sheet of report", _of_report("report.sheet", "sheet_sha256"), sheet_sha256),
    Document("case of report's version", _of_version('version."case"', "replaces_case_sha256")),
    Document("sheet of report's version", _of_version("version.sheet", "replaces_sheet_sha256"), sheet_sha256),
    Document(
        "answers of risk assessment",
        f"""
        SELECT risk.id, risk.answers, said.body ->> 'answers_sha256'
          FROM ledger_riskassessment risk
          JOIN ({newest(entries("risk_stated"), "assessment")}) said ON said.body ->> 'assessment' = risk.id::text
        """,
    ),
)


def check_documents() -> InvariantResult:
    """Hash every document again, and return whether each comes to what the log has."""
    breaches = list(islice(_breaches(), MAX_BREACHES))
    name = gettext("each document has the hash that its record says")
    return InvariantResult(9, name, not breaches, "; ".join(breaches))


def _breaches() -> Iterator[str]:
    for document in DOCUMENTS:
        for number, content, said in _rows(document.sql):
            if (document.digest(orjson.loads(content)) if content else None) != said:
                yield f"{document.name} {number}"


def _rows(sql: str) -> Iterator[tuple[int, str | None, str | None]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
