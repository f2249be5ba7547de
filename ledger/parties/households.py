"""Member households of a cooperative: one at a time, or a whole list by CSV."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import HouseholdListRefused, InvalidValue, NotFound, WrongState
from ledger.parties.access import log_name, reads_everything, require_approved
from ledger.parties.models import Household, Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row
from ledger.texts import check_texts, is_storable
from ledger.transparency.services import NewRecord, append_record, append_records

MAX_HOUSEHOLDS = 10_000
"""In one list, and in one cooperative."""
MAX_BYTES = 2_000_000
MAX_COLUMNS = 50
MAX_REPORTED = 20
"""Wrong lines that a refusal names."""
COLUMNS = ("code", "name")
HEADERS = {
    "code": "code", "household code": "code", "number": "code", "户号": "code", "编号": "code", "农户编号": "code", "农户号": "code",
    "name": "name", "household": "name", "户名": "name", "姓名": "name", "户主": "name", "农户": "name", "户主姓名": "name",
}  # fmt: skip


class Line(NamedTuple):
    """A household as a line of a file says it."""

    number: int
    code: str
    name: str


def require_keeper(actor: Membership) -> None:
    """Refuse everyone but owners and traders of an approved cooperative.

    Raises: NotAllowed, OrganisationNotApproved.
    """
    require_right(actor, Right.PREPARE)
    require_approved(actor)


def access_household(*, public_id: UUID, membership: Membership) -> Household:
    """Return a household: to its own cooperative, the operator and auditors.

    Raises: NotFound.
    """
    household = Household.objects.select_related("cooperative").filter(public_id=public_id).first()
    if household is None:
        raise NotFound()
    if household.cooperative_id != membership.organisation_id and not reads_everything(membership):
        raise NotFound()
    return household


@transaction.atomic
def add_household(*, actor: Membership, code: str, name: str) -> Household:
    """Add a member household.

    Raises: NotAllowed, OrganisationNotApproved, InvalidValue (code, name; a code that is taken; too many).
    """
    require_keeper(actor)
    household = Household(cooperative=actor.organisation, code=plain_code(code), name=plain_name(name))
    _check(household)
    _check_room(actor.organisation, 1)
    _save(household)
    append_record(kind="household_added", body=_named(household), actor=log_name(actor), at=household.created_at)
    return household


@transaction.atomic
def rename_household(*, actor: Membership, public_id: UUID, code: str, name: str) -> Household:
    """Give a household another name or code. Neither is in the log.

    Locks: the household.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue.
    """
    require_keeper(actor)
    household = _lock(actor, public_id)
    household.code, household.name = plain_code(code), plain_name(name)
    _check(household)
    _save(household)
    return household


@transaction.atomic
def leave_household(*, actor: Membership, public_id: UUID) -> Household:
    """Note that a household is no member any more: it shares in vintages that began before, and keeps what it has.

    Locks: the household.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState where it has left.
    """
    require_keeper(actor)
    household = _lock(actor, public_id)
    if household.left_at is not None:
        raise WrongState(state=_("a household that has left"))
    household.left_at = timezone.now()
    household.save(update_fields=["left_at"])
    append_record(
        kind="household_left",
        body=_named(household),
        actor=log_name(actor),
        at=household.left_at,
    )
    return household


@transaction.atomic
def import_households(*, actor: Membership, content: bytes) -> list[Household]:
    """Add the households of a CSV file, all of them or none.

    Raises: NotAllowed, OrganisationNotApproved, InvalidValue (no such file), HouseholdListRefused, naming the lines.
    """
    require_keeper(actor)
    lines = read_households(content)
    _check_room(actor.organisation, len(lines))
    problems = [*_problems_of(lines), *_taken(actor.organisation, lines)]
    if problems:
        raise _refused(problems)
    try:
        with transaction.atomic():
            added = Household.objects.bulk_create(
                [Household(cooperative=actor.organisation, code=line.code, name=line.name) for line in lines]
            )
    except IntegrityError as error:
        # Somebody has added one of them at the same moment.
        raise _refused(_taken(actor.organisation, lines)) from error
    append_records(NewRecord("household_added", _named(each), log_name(actor), each.created_at) for each in added)
    return added


def read_households(content: bytes) -> list[Line]:
    """Return the lines of a CSV file: UTF-8, with a byte order mark or without, or GBK; with a header of either language.

    Raises: InvalidValue where it is no such file.
    """
    if len(content) > MAX_BYTES:
        raise _unreadable(_("The file is larger than two megabytes."))
    text = _decoded(content)
    if "\x00" in text:
        raise _unreadable(_("This is no CSV file: save the sheet as CSV."))
    delimiter = max((",", "\t", ";"), key=text.partition("\n")[0].count)
    try:
        rows = _rows(text, delimiter)
        columns = _columns(next(rows, (0, []))[1])
        lines = [Line(number, *_cells(row, columns)) for number, row in rows]
    except csv.Error as error:
        raise _unreadable(_("This is no CSV file: save the sheet as CSV.")) from error
    if not lines:
        raise _unreadable(_("The file names no household."))
    return lines


def households_csv(households: Sequence[Household]) -> Iterator[str]:
    """Yield households as CSV, which can be read in again elsewhere."""
    yield BYTE_ORDER_MARK
    yield csv_row((*COLUMNS, "member_since", "left_at"))
    for each in households:
        left = timezone.localdate(each.left_at).isoformat() if each.left_at else ""
        yield csv_row((each.code, each.name, timezone.localdate(each.created_at).isoformat(), left))


def plain_code(code: str) -> str:
    """Return a code as it is kept: full-width digits and letters become plain ones, spaces around it go."""
    return " ".join(unicodedata.normalize("NFKC", code).split())


def plain_name(name: str) -> str:
    """Return a name as it is kept: spaces around it go, and of those within, wide ones too, one plain one stays."""
    return " ".join(name.split())


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(_("The file's characters cannot be read: save it as UTF-8 or GBK."))


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line that it ends on."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    count = 0
    for row in reader:
        if len(row) > MAX_COLUMNS:
            raise _unreadable(
                _("Line %(line)s has more than %(most)s columns.") % {"line": reader.line_num, "most": 50}
            )
        if not any(cell.strip() for cell in row):
            continue
        count += 1
        if count > MAX_HOUSEHOLDS + 1:
            raise _too_many()
        yield reader.line_num, row


def _columns(header: Sequence[str]) -> tuple[int, int]:
    """Return where codes and names stand."""
    found: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = HEADERS.get(unicodedata.normalize("NFKC", cell).strip().lower())
        if name is not None:
            found.setdefault(name, place)
    if len(found) < len(COLUMNS):
        raise _unreadable(_("The first line must name the columns: code and name (户号, 户名)."))
    return found["code"], found["name"]


def _cells(row: Sequence[str], columns: tuple[int, int]) -> tuple[str, str]:
    code, name = (row[place].strip() if place < len(row) else "" for place in columns)
    # What our own export has put before a cell that a spreadsheet might take for a formula.
    return plain_code(code.removeprefix("'")), plain_name(name.removeprefix("'"))


def _problems_of(lines: Sequence[Line]) -> list[str]:
    first_at: dict[str, int] = {}
    problems = []
    for line in lines:
        problem = _problem(line.code, line.name)
        if not problem and line.code in first_at:
            problem = _("code %(code)s is on line %(line)s already") % {"code": line.code, "line": first_at[line.code]}
        first_at.setdefault(line.code, line.number)
        if problem:
            problems.append(_at(line, problem))
    return problems


def _problem(code: str, name: str) -> str:
    """Return what is wrong with a household's code and name; nothing where nothing is."""
    if not code:
        return _("the code is missing")
    if not name:
        return _("the name is missing")
    if len(code) > _most("code"):
        return _("the code is longer than %(count)s characters") % {"count": _most("code")}
    if len(name) > _most("name"):
        return _("the name is longer than %(count)s characters") % {"count": _most("name")}
    if not is_storable(code + name) or not (code + name).isprintable():
        return _("it holds a character that cannot be stored")
    return ""


def _most(column: str) -> int:
    return int(Household._meta.get_field(column).max_length or 0)  # type: ignore[union-attr]


def _taken(cooperative: Organisation, lines: Sequence[Line]) -> list[str]:
    codes = [line.code for line in lines]
    taken = set(Household.objects.filter(cooperative=cooperative, code__in=codes).values_list("code", flat=True))
    return [
        _at(line, _("there is a household with code %(code)s already") % {"code": line.code})
        for line in lines
        if line.code in taken
    ]


def _at(line: Line, problem: str) -> str:
    return _("Line %(line)s: %(problem)s.") % {"line": line.number, "problem": problem}


def _refused(problems: Sequence[str]) -> HouseholdListRefused:
    more = len(problems) - MAX_REPORTED
    named = list(problems[:MAX_REPORTED]) + ([_("and %(count)s more.") % {"count": more}] if more > 0 else [])
    return HouseholdListRefused(field="file", problems="\n".join(named))


def _unreadable(reason: str) -> InvalidValue:
    return InvalidValue(field="file", reason=reason)


def _too_many() -> InvalidValue:
    return _unreadable(_("A cooperative has at most %(most)s households.") % {"most": MAX_HOUSEHOLDS})


def _check(household: Household) -> None:
    for field in COLUMNS:
        if not getattr(household, field):
            raise InvalidValue(field=field, reason=_("This must not be empty."))
    check_texts(household)
    for field in COLUMNS:
        if not getattr(household, field).isprintable():
            raise InvalidValue(field=field, reason=_("This holds a character that cannot be stored."))


def _check_room(cooperative: Organisation, more: int) -> None:
    # Two lists at one moment may come to more together: that many households are no danger to anything.
    if Household.objects.filter(cooperative=cooperative).count() + more > MAX_HOUSEHOLDS:
        raise _too_many()


def _save(household: Household) -> None:
    try:
        with transaction.atomic():
            household.save()
    except IntegrityError as error:
        raise InvalidValue(field="code", reason=_("Another household has this code.")) from error


def _lock(actor: Membership, public_id: UUID) -> Household:
    household = (
        Household.objects.select_for_update(of=("self",))
        .filter(public_id=public_id, cooperative=actor.organisation)
        .first()
    )
    if household is None:
        raise NotFound()
    return household


def _named(household: Household) -> dict[str, Any]:
    """Return what the log says of a household: neither its name nor its code."""
    return {"household": str(household.public_id), "cooperative": str(household.cooperative.public_id)}
