"""Public lists as files: CSV that a spreadsheet opens, and JSON; written while they are read, never whole in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from ledger.credits.models import Batch
from ledger.registry import cad_trust, offsetsdb
from ledger.registry.chunks import Addresses
from ledger.registry.search import ProjectTerms, matching_projects
from ledger.registry.selectors import public_project_ids, public_projects
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row

Rows = Iterator[dict[str, Any]]
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Table:
    """A list in a published schema: where it is found, its fields, and its rows."""

    schema: str
    name: str
    fields: Sequence[str]
    rows: Callable[[ProjectTerms, Addresses], Rows]


def _cad_trust_projects(terms: ProjectTerms, addresses: Addresses) -> Rows:
    return cad_trust.projects(matching_projects(public_projects(), terms), addresses)


def _cad_trust_units(terms: ProjectTerms, addresses: Addresses) -> Rows:
    return cad_trust.units(_batches(terms), addresses)


def _offsetsdb_projects(terms: ProjectTerms, addresses: Addresses) -> Rows:
    return offsetsdb.projects(matching_projects(public_projects(), terms), addresses)


def _offsetsdb_credits(terms: ProjectTerms, addresses: Addresses) -> Rows:
    return offsetsdb.credits(_batches(terms))


TABLES = {
    ("cad-trust", "projects"): Table("cad-trust", "projects", cad_trust.PROJECT_FIELDS, _cad_trust_projects),
    ("cad-trust", "units"): Table("cad-trust", "units", cad_trust.UNIT_FIELDS, _cad_trust_units),
    ("offsetsdb", "projects"): Table("offsetsdb", "projects", offsetsdb.PROJECT_FIELDS, _offsetsdb_projects),
    ("offsetsdb", "credits"): Table("offsetsdb", "credits", offsetsdb.CREDIT_FIELDS, _offsetsdb_credits),
}


def _batches(terms: ProjectTerms) -> Any:
    """Return the batches of the public projects that meet the terms; of a vintage, its batches alone."""
    projects = matching_projects(public_project_ids(), terms)
    batches = Batch.objects.filter(project__in=projects.values("pk"))
    return batches if terms.vintage is None else batches.filter(vintage=terms.vintage)


def as_csv(fields: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a file of CSV: a byte order mark, the fields' names, and the rows; no cell is a formula."""
    yield (BYTE_ORDER_MARK + csv_row(fields)).encode()
    found = iter(rows)
    while some := list(islice(found, ROWS_AT_ONCE)):
        yield "".join(csv_row(_cell(row[field]) for field in fields) for row in some).encode()


def as_json(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a JSON array, a row a line."""
    start, found = b"[\n", iter(rows)
    while some := list(islice(found, ROWS_AT_ONCE)):
        yield start + b",\n".join(map(orjson.dumps, some))
        start = b",\n"
    yield b"[]\n" if start == b"[\n" else b"\n]\n"


def _cell(value: object) -> object:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value
