"""CSV that people open in a spreadsheet: Chinese is read as such, and no cell is a formula."""

import csv
import re
from collections.abc import Iterable
from io import StringIO

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
