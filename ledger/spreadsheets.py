"""CSV and XLSX that people open in a spreadsheet: Chinese is read as such, and no cell is a formula."""

import csv
import re
from collections.abc import Iterable
from io import StringIO
from tempfile import TemporaryFile
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

MAX_TITLE = 31
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BYTE_ORDER_MARK = "\ufeff"
"""At the start of a file: without it Excel does not take it for UTF-8."""
# What a spreadsheet may take for a formula, written in full width, too.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
NEGATIVE_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?", re.ASCII)


def csv_row(values: Iterable[object]) -> str:
    """Return a line of CSV in which no cell is a formula."""
    written = StringIO()
    csv.writer(written).writerow([_plain(str(value)) for value in values])
    return written.getvalue()


def _plain(text: str) -> str:
    """Return a cell that no spreadsheet runs; a number may be negative."""
    is_risky = text.startswith(FORMULA_STARTS) and not NEGATIVE_NUMBER.fullmatch(text)
    return f"'{text}" if is_risky else text


def workbook_file(pages: Iterable[tuple[str, Iterable[Iterable[object]]]]) -> IO[bytes]:
    """Write pages, each a title and its rows, into a workbook of XLSX, and return it as a temporary file, gone when closed.

    Row by row: what is in memory does not grow with the length. Texts are texts whatever they begin with, numbers are numbers.
    """
    book = Workbook(write_only=True)
    for title, rows in pages:
        sheet = book.create_sheet(title[:MAX_TITLE])
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    file = TemporaryFile()  # noqa: SIM115 (whoever asked for it closes it)
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: Any, value: object) -> object:
    if isinstance(value, int | float | None):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))
    if not text.startswith("="):
        return text
    cell = WriteOnlyCell(sheet, text)
    # Or it would be a formula; a text it is shown as, and not run.
    cell.data_type = "s"
    return cell
