"""Read serial numbers as people write them."""

import re
import unicodedata

from ledger.errors import NoSerialNumber, UnknownSerialNumber
from ledger.journal.models import SerialCounter

MAX_SERIAL = 2**63 - 1
# A number, or the first and last of a run, with or without the code of the batch before it.
_WRITTEN = re.compile(r"(?:(TH-[0-9]{2}-[0-9]{6,9}-[0-9]{4})-)?([0-9]{1,40})(?: ?[-–—] ?[0-9]{1,40})?")


def read_serial(text: str) -> tuple[int, str | None]:
    """Return a serial number and the batch's code that stands before it, if one does; of a run its first number.

    Raises: NoSerialNumber for what is none, UnknownSerialNumber for one that no ledger could hold.
    """
    match = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
    if match is None or not int(match[2]):
        raise NoSerialNumber(field="serial")
    if int(match[2]) > MAX_SERIAL:
        raise UnknownSerialNumber(field="serial", serial=match[2], highest=highest_serial())
    return int(match[2]), match[1]


def highest_serial() -> int:
    """Return the highest serial number that was ever issued; 0 before the first."""
    return (SerialCounter.objects.values_list("next_serial", flat=True).first() or 1) - 1
