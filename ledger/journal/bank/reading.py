"""Read a bank's file, whichever of the formats it is in."""

from django.utils.translation import gettext as _

from ledger.journal.bank.camt053 import read_camt053
from ledger.journal.bank.content import MAX_BYTES, StatementContent, check_content, other_account, unreadable
from ledger.journal.bank.csv_export import read_csv

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_statement(content: bytes, *, account: str = "") -> StatementContent:
    """Return what a bank's file says: camt.053 where it begins as XML does, CSV otherwise.

    `account` is the one that the file is of, where the file itself does not say so.

    Raises: InvalidValue, naming what is wrong and where.
    """
    if not content.strip():
        raise unreadable(_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise unreadable(_("The file is larger than %(most)s MB: split it by days."), most=MAX_BYTES // 1024 // 1024)
    if not _begins_as_xml(content):
        return check_content(read_csv(content, account=account))
    read = read_camt053(content)
    if account and account != read.account:
        raise other_account(read.account)
    return check_content(read)


def _begins_as_xml(content: bytes) -> bool:
    start = content[:200]
    for mark in _MARKS:
        start = start.removeprefix(mark)
    return start.replace(b"\x00", b"").lstrip().startswith(b"<")
