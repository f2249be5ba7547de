"""CSV and GeoJSON: texts that can be read, in UTF-8 or GB 18030, and of which a spreadsheet runs nothing."""

import csv
import io

import orjson
from django.utils.translation import gettext as _

from ledger.projects.documents.inspection.refusal import Refused
from ledger.spreadsheets import FORMULA_STARTS, NEGATIVE_NUMBER

MAX_BYTES = 5_000_000
MAX_COLUMNS = 500
MAX_ROWS = 100_000
MAX_CELL = 32_000
GEOJSON_TYPES = frozenset(
    ("FeatureCollection", "Feature", "Polygon", "MultiPolygon", "Point", "MultiPoint", "LineString")
)
ALLOWED_CONTROLS = frozenset(b"\t\n\r\x0c")


def is_text(content: bytes) -> bool:
    """Return whether bytes are a text: without control characters, and in an encoding that we read."""
    if set(content) & (frozenset(range(32)) - ALLOWED_CONTROLS):
        return False
    return _decoded(content) is not None


def _decoded(content: bytes) -> str | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _check_size(content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise Refused(_("A table or a map is 5 MB at most."))


def check_csv(content: bytes) -> None:
    """Refuse a table that is too large, or in which a cell is a formula.

    Raises: Refused, naming the place.
    """
    _check_size(content)
    text = _decoded(content)
    if text is None:
        raise Refused(_("The text is neither UTF-8 nor GB 18030."))
    try:
        for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            _check_row(row, cells)
    except csv.Error as error:
        raise Refused(_("This is no CSV: %(why)s") % {"why": error}) from None


def _check_row(row: int, cells: list[str]) -> None:
    if row > MAX_ROWS or len(cells) > MAX_COLUMNS:
        raise Refused(_("A table has 100,000 rows and 500 columns at most."))
    for column, cell in enumerate(cells, 1):
        if len(cell) > MAX_CELL:
            raise Refused(_("Row %(row)s, column %(column)s: the cell is too long.") % {"row": row, "column": column})
        cell = cell.strip()
        if cell not in ("-", "") and cell.startswith(FORMULA_STARTS) and not _is_number(cell):
            reason = _("Row %(row)s, column %(column)s begins like a formula: a spreadsheet would run it.")
            raise Refused(reason % {"row": row, "column": column})


def _is_number(cell: str) -> bool:
    return NEGATIVE_NUMBER.fullmatch("-" + cell.lstrip("+-")) is not None


def check_geojson(content: bytes) -> None:
    """Refuse what is no GeoJSON.

    Raises: Refused.
    """
    _check_size(content)
    try:
        found = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise Refused(_("This is not GeoJSON: it cannot be read as JSON.")) from None
    if not isinstance(found, dict) or found.get("type") not in GEOJSON_TYPES:
        raise Refused(_("This is not GeoJSON: its type is none that GeoJSON has."))
