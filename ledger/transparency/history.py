"""Which key signs which checkpoints: the first, until a record of the log puts another in its place."""

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ledger.transparency.keys import LogKeyMismatch, log_signer, verify_fast
from ledger.transparency.models import Checkpoint, LogKey
from ledger.transparency.notes import NoteError, Verifier


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """A key, and the smallest size that it signs; the note with which it took over, empty for the first."""

    vkey: str
    from_size: int
    note: str
    record_id: int | None


def key_periods() -> list[KeyPeriod]:
    """Return the keys that sign the log, the oldest first; one whose record still waits for its place is not among them."""
    rows = _in_the_log().values_list("vkey", "record__leaf__index", "note", "record_id")
    return [
        KeyPeriod(vkey, 0 if index is None else index + 1, note, record_id) for vkey, index, note, record_id in rows
    ]


def signing_vkey(size: int) -> str | None:
    """Return the verifier key that signs a checkpoint of this size; None where nothing has been signed yet."""
    reached = _in_the_log().filter(Q(record=None) | Q(record__leaf__index__lt=size))
    return reached.values_list("vkey", flat=True).last()


def current_vkey() -> str:
    """Return the verifier key that signs now."""
    return signing_vkey(2**63 - 1) or log_signer().vkey


def enter_first_key() -> str:
    """Write down the key in the file as the log's first, and return its verifier key.

    Raises: LogKeyMismatch where checkpoints were signed before with another one.
    """
    vkey = log_signer().vkey
    newest = Checkpoint.objects.order_by("-tree_size").first()
    if newest is not None and not _has_signed(vkey, newest.note):
        raise LogKeyMismatch(
            f"The checkpoint of size {newest.tree_size} was not signed with the key in the key file, {vkey}. "
            "Nothing is signed: put the key back that signed it."
        )
    LogKey.objects.create(vkey=vkey, note="", created_at=timezone.now())
    return vkey


def _in_the_log() -> QuerySet[LogKey]:
    found = LogKey.objects.filter(Q(record=None) | Q(record__leaf__isnull=False))
    return found.order_by(F("record__leaf__index").asc(nulls_first=True))


def _has_signed(vkey: str, note: str) -> bool:
    try:
        Verifier(vkey, verify_fast).verify(note)
    except NoteError:
        return False
    return True
