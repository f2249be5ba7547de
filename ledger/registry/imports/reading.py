"""Read a CSV file of any size row by row, and say where and why a row, or the whole file, cannot be read.

A row that is wrong in itself is refused and the rest read on. What makes all that follows doubtful refuses the file: another
encoding than UTF-8, a quotation mark that is never closed, a line or a field without end, columns that are missing.
"""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.utils.translation import gettext_noop

MAX_LINE_BYTES = 1_000_000
MAX_COLUMNS = 200
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class FileRefused(Exception):
    """A file that is refused whole. The message is an English message id, with its parameters."""

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message % params)
        self.message = message
        self.params = params


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is refused, and which of its fields is at fault; the reason is an English message id."""

    reason: str
    field: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row and the line of the file on which it begins: its fields by name, or why it cannot be read."""

    number: int
    fields: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None


def read_header(file: BinaryIO) -> Sequence[str]:
    """Return the names of a file's columns, in lower case.

    Raises: FileRefused.
    """
    names = next(_parsed(file), None)
    if names is None:
        raise FileRefused(gettext_noop("The file is empty."))
    if isinstance(names[1], Refusal):
        raise FileRefused(gettext_noop("The first line cannot be read: it must name the columns, with commas between."))
    return _checked_names(names[1])


def read_lines(file: BinaryIO, wanted: Collection[str], required: Collection[str]) -> Iterator[Line]:
    """Yield the rows of a file with those of their fields that are wanted.

    Raises: FileRefused, also in the middle.
    """
    rows = _parsed(file)
    first = next(rows, None)
    if first is None:
        raise FileRefused(gettext_noop("The file is empty."))
    if isinstance(first[1], Refusal):
        raise FileRefused(gettext_noop("The first line cannot be read: it must name the columns, with commas between."))
    names = _checked_names(first[1])
    if missing := [name for name in required if name not in names]:
        message = gettext_noop("Columns are missing: %(columns)s. The first line must name the columns.")
        raise FileRefused(message, columns=", ".join(missing))
    places = [(name, names.index(name)) for name in wanted if name in names]
    for number, cells in rows:
        if isinstance(cells, Refusal):
            yield Line(number, refusal=cells)
        elif len(cells) != len(names):
            yield Line(number, refusal=_wrong_length(cells, names))
        else:
            yield Line(number, {name: cells[place].strip() for name, place in places})


def _checked_names(cells: Sequence[str]) -> Sequence[str]:
    if len(cells) > MAX_COLUMNS:
        message = gettext_noop("The file has %(count)s columns: there may be %(most)s at most.")
        raise FileRefused(message, count=len(cells), most=MAX_COLUMNS)
    names = [cell.strip().lower() for cell in cells]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise FileRefused(gettext_noop("Columns stand there twice: %(columns)s."), columns=", ".join(twice[:5])[:200])
    return names


def _wrong_length(cells: Sequence[str], names: Sequence[str]) -> Refusal:
    if len(cells) > len(names):
        return Refusal(gettext_noop("The row has more columns than the first line names."), given=str(len(cells)))
    return Refusal(gettext_noop("The row has fewer columns than the first line names."), given=str(len(cells)))


def _parsed(file: BinaryIO) -> Iterator[tuple[int, Sequence[str] | Refusal]]:
    """Yield the cells of each row with the line on which it begins; empty lines are left out.

    Raises: FileRefused.
    """
    reader = csv.reader(_decoded(file), strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # The module has no other names for what is wrong.
            if "unexpected end" in str(error) or "field larger" in str(error):
                message = gettext_noop(
                    "A quotation mark on line %(line)s is never closed, or a field there has no end: nothing after it can be read."
                )
                raise FileRefused(message, line=begins) from None
            yield begins, Refusal(gettext_noop("The row is not CSV: look for quotation marks in it."))
            continue
        if cells is None:
            return
        if cells:
            yield begins, cells


def _decoded(file: BinaryIO) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            if line.startswith(OTHER_MARKS):
                raise _not_utf8(number)
            line = line.removeprefix(BYTE_ORDER_MARK)
        if len(line) > MAX_LINE_BYTES:
            message = gettext_noop(
                "Line %(line)s is longer than %(most)s bytes: this is no list of projects or credits."
            )
            raise FileRefused(message, line=number, most=MAX_LINE_BYTES)
        try:
            yield line.decode()
        except UnicodeDecodeError:
            raise _not_utf8(number) from None


def _not_utf8(line: int) -> FileRefused:
    message = gettext_noop("Line %(line)s is not UTF-8 (GBK, perhaps): save the file as UTF-8 and import it again.")
    return FileRefused(message, line=line)
