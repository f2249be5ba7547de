"""Read the lists of movements that banks' own pages export as CSV."""

import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.journal.bank.content import (
    CREDIT,
    DEBIT,
    MAX_ENTRIES,
    StatementContent,
    StatementEntry,
    joined,
    made_up_reference,
    other_account,
    read_fen,
    require_cny,
    too_many_entries,
    unreadable,
)
from ledger.journal.bank.headers import HEADERS, Columns, columns_of, missing_from

FORMAT = "csv"
# Banks set titles, the account and the period above the header, and totals below the movements.
HEADER_WITHIN = 20
MAX_LINES = 2 * MAX_ENTRIES
DELIMITERS = (",", "\t", ";")
TOTALS = ("合计", "总计", "小计", "total")
_DIRECTIONS = {
    "贷": CREDIT, "贷方": CREDIT, "收": CREDIT, "收入": CREDIT, "c": CREDIT, "cr": CREDIT, "crdt": CREDIT, "credit": CREDIT,
    "借": DEBIT, "借方": DEBIT, "支": DEBIT, "支出": DEBIT, "d": DEBIT, "dr": DEBIT, "dbit": DEBIT, "debit": DEBIT,
}  # fmt: skip
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_UNIT = re.compile(r"\((元|人民币|人民币元|cny|rmb|yuan)\)")
_DAY = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))"
    r"(?:[ T]*\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?| *\d{6})?",
    re.ASCII,
)
_ACCOUNT = re.compile(r"[账帐]号[\s:,]*([0-9][0-9 -]{4,40}[0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One movement: its cells by what their columns hold."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def where(self) -> str:
        return _("Line %(line)s") % {"line": self.line}

    def fen(self, column: str) -> int:
        """Return the amount in a column, zero where nothing stands there. Units: yuan in the cell, fen out."""
        text = "".join(_plain(self[column]).replace("¥", "").split())
        if _THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        return read_fen(text, where=self.where) if text.strip("-") else 0


@dataclass(frozen=True, slots=True)
class Movement:
    """What a row moves. A figure with a minus sign in a column for one side takes back what stood there before."""

    row: Row
    signed_fen: int
    is_reversal: bool


def read_csv(content: bytes, *, account: str) -> StatementContent:
    """Return what a bank's CSV export says; `account` is the one that it is of, where the file does not say so.

    Raises: InvalidValue, naming the line, or the header that is missing.
    """
    above, rows = _table(_decode(content))
    if not rows:
        raise unreadable(_("The file holds no movements."))
    movements = [_movement(row) for row in rows]
    opening_fen, closing_fen = _balances(movements)
    entries = tuple(_entry(movement) for movement in movements if movement.signed_fen)
    days = [_day(row) for row in rows]
    return StatementContent(
        FORMAT,
        _account(above, rows, account),
        min(days),
        max(days),
        opening_fen,
        closing_fen,
        entries,
        skipped=len(rows) - len(entries),
    )


def _decode(content: bytes) -> str:
    marks_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marks_utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise unreadable(_("The file is not text in UTF-8 or GB18030 (GBK)."))


def _table(text: str) -> tuple[str, list[Row]]:
    """Return what stands above the header, and the movements below it."""
    delimiter, place = _find_header(text)
    lines = list(islice(_lines(text, delimiter, strict=True), MAX_LINES))
    if len(lines) == MAX_LINES:
        raise too_many_entries()
    columns = columns_of([_as_header(cell) for cell in lines[place][1]])
    if missing := missing_from(columns):
        raise unreadable(
            _("The header for “%(missing)s” is missing. One of these is accepted: %(accepted)s."),
            missing=f"{HEADERS[missing][0]} / {missing}",
            accepted=", ".join(HEADERS[missing]),
        )
    above = "\n".join(",".join(cells) for _line, cells in lines[:place])
    return above, [_row(line, cells, columns) for line, cells in lines[place + 1 :] if _is_movement(cells)]


def _find_header(text: str) -> tuple[str, int]:
    """Return the delimiter, and the place of the line that names the most columns with it."""
    most, found = 1, None
    for delimiter in DELIMITERS:
        for place, (_line, cells) in enumerate(islice(_lines(text, delimiter, strict=False), HEADER_WITHIN)):
            named = len(columns_of([_as_header(cell) for cell in cells]))
            if named > most:
                most, found = named, (delimiter, place)
    if found is None:
        raise unreadable(_("The file has no line of headers: it needs at least a date, an amount and a reference."))
    return found


def _lines(text: str, delimiter: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    try:
        for cells in reader:
            yield reader.line_num, [_cell(cell) for cell in cells]
    except csv.Error as error:
        raise unreadable(_("Line %(line)s cannot be read: %(error)s."), line=reader.line_num, error=error) from None


def _cell(text: str) -> str:
    """Return what a cell holds: spreadsheets wrap numbers as ="123", or put a tab or ' before them."""
    text = text.strip()
    return text[2:-1].strip() if text.startswith('="') and text.endswith('"') else text.removeprefix("'")


def _plain(text: str) -> str:
    """Return figures and headers as ASCII has them, where they are written in full width."""
    return unicodedata.normalize("NFKC", text).casefold().replace("−", "-").strip()


def _as_header(cell: str) -> str:
    return " ".join(_UNIT.sub("", _plain(cell)).split())


def _is_movement(cells: Sequence[str]) -> bool:
    first = next((cell for cell in cells if cell), "")
    return bool(first) and not _plain(first).startswith(TOTALS)


def _row(line: int, cells: Sequence[str], columns: Columns) -> Row:
    def value(column: str, places: tuple[int, ...]) -> str:
        found = [cells[place] for place in places if place < len(cells)]
        return joined(found) if column == "text" else next(filter(None, found), "")

    return Row(line, {column: value(column, places) for column, places in columns.items()})


def _movement(row: Row) -> Movement:
    credit_fen, debit_fen = row.fen("credit"), row.fen("debit")
    if credit_fen and debit_fen:
        raise unreadable(_("%(where)s has a credit and a debit."), where=row.where)
    if credit_fen or debit_fen or "amount" not in row.cells:
        return Movement(row, credit_fen - debit_fen, is_reversal=credit_fen < 0 or debit_fen < 0)
    amount_fen = row.fen("amount")
    if "direction" not in row.cells or not amount_fen:
        return Movement(row, amount_fen, is_reversal=False)
    direction = _DIRECTIONS.get(_plain(row["direction"]))
    if direction is None:
        raise unreadable(
            _("%(where)s: “%(text)s” is neither a credit nor a debit."), where=row.where, text=row["direction"][:20]
        )
    return Movement(row, amount_fen if direction == CREDIT else -amount_fen, is_reversal=amount_fen < 0)


def _entry(movement: Movement) -> StatementEntry:
    row, booked_on = movement.row, _day(movement.row)
    if currency := _plain(row["currency"]).upper():
        require_cny(currency, where=row.where)
    direction = CREDIT if movement.signed_fen > 0 else DEBIT
    amount_fen = abs(movement.signed_fen)
    facts = (booked_on, direction, amount_fen, row["counterparty"], row["counterparty_account"], row["text"])
    return StatementEntry(
        reference=row["reference"] or made_up_reference(*facts),
        direction=direction,
        amount_fen=amount_fen,
        booked_on=booked_on,
        is_reversal=movement.is_reversal,
        counterparty_name=row["counterparty"],
        counterparty_account=row["counterparty_account"],
        text=row["text"],
    )


def _day(row: Row) -> dt.date:
    found = _DAY.fullmatch(_plain(row["date"]).upper())
    try:
        if found is None:
            raise ValueError
        return dt.date(*(int(part) for part in found.groups() if part))
    except ValueError:
        raise unreadable(_("%(where)s: “%(text)s” is not a date."), where=row.where, text=row["date"][:40]) from None


def _account(above: str, rows: Sequence[Row], given: str) -> str:
    """Return the account: as its column says, as it stands above the header, or as it was given with the file."""
    named = {"".join(row["account"].split()) for row in rows} - {""}
    if len(named) > 1:
        raise unreadable(_("The file holds movements of several accounts: import each by itself."))
    if found := _ACCOUNT.search(_plain(above)):
        named.add(found[1].replace(" ", ""))
    own = next(iter(named), given)
    if not own:
        raise InvalidValue(field="account", reason=_("The file does not say of which account it is: write it here."))
    if given and given != own:
        raise other_account(own)
    return own


def _balances(movements: Sequence[Movement]) -> tuple[int | None, int | None]:
    """Return the opening and the closing balance, where each line gives the balance after it; newest first or last.

    Raises: InvalidValue where the balances do not follow from the amounts.
    """
    if not all(movement.row["balance"] for movement in movements):
        return None, None
    steps = [(movement.row.fen("balance"), movement) for movement in movements]
    if broken := _first_broken(steps):
        steps.reverse()
        if _first_broken(steps):
            raise unreadable(
                _("%(where)s: the balance does not follow from the amounts and the balance before."),
                where=broken.row.where,
            )
    first_fen, first = steps[0]
    return first_fen - first.signed_fen, steps[-1][0]


def _first_broken(steps: Sequence[tuple[int, Movement]]) -> Movement | None:
    """Return the first movement that does not lead from the balance before it to its own."""
    for (before_fen, _before), (after_fen, movement) in pairwise(steps):
        if before_fen + movement.signed_fen != after_fen:
            return movement
    return None
