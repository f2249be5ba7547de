"""Read serial numbers as people write them."""

import re
import unicodedata

from ledger.credits.models import Batch
from ledger.errors import NoSerialNumber, SerialNumberElsewhere, UnknownSerialNumber
from ledger.journal.models import SerialCounter
from ledger.journal.serials import name_before_serials

MAX_SERIAL = 2**63 - 1
# A number, or the first and last of a run, with or without the code of the batch before it. The number of a tranche is
# short, and a serial number that follows it has its twelve digits: what is written so is a batch's code and one of its numbers.
_WRITTEN = re.compile(
    r"(?:(TH-[0-9]{2}-[0-9]{6,9}-[0-9]{4})-(?:[0-9]{1,5}-(?=[0-9]{12}))?)?([0-9]{1,40})(?: ?[-–—] ?[0-9]{1,40})?"
)


def find_serial(text: str) -> int:
    """Return the serial number that somebody wrote, which is one that was issued; of a run its first number.

    Raises: NoSerialNumber, UnknownSerialNumber; SerialNumberElsewhere where another batch's code stands before it.
    """
    match = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
    if match is None or not int(match[2]):
        raise NoSerialNumber(field="serial")
    serial, named = int(match[2]), match[1]
    code = _code_of_batch(serial)
    if code is None:
        raise UnknownSerialNumber(field="serial", serial=serial, highest=highest_serial())
    batch = name_before_serials(code)
    if named not in (None, batch):
        raise SerialNumberElsewhere(field="serial", serial=serial, named=named, batch=batch)
    return serial


def highest_serial() -> int:
    """Return the highest serial number that was ever issued; 0 before the first."""
    return (SerialCounter.objects.values_list("next_serial", flat=True).first() or 1) - 1


def _code_of_batch(serial: int) -> str | None:
    if serial > MAX_SERIAL:
        return None
    return Batch.objects.filter(serials__contains=serial).values_list("asset__code", flat=True).order_by().first()
