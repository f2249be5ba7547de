"""Let another key sign the log: a record says so with the signatures of both, and checkpoints that cover it are the new key's.

Where it is stopped at any line, the log goes on with the key that its history asks for, and doing it again goes on from there:

1. the next key is made, in a file beside the key's;
2. the record and the row of the new key are written, in one transaction;
3. the sequencer gives the record its place, and signs with the next key from there on;
4. the old key's file is put aside, and the next one takes its name.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ledger.transparency.history import enter_first_key, key_periods
from ledger.transparency.keys import key_file, next_key_file, signer_in, signer_of
from ledger.transparency.locks import session_lock
from ledger.transparency.models import LogKey
from ledger.transparency.notes import Signer, rotation_text
from ledger.transparency.seeds import make_seed, read_seed, sync_folder, write_seed
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import append_record

WAIT_SECONDS = 60.0
_LOCK = 0x7469_616E_6875_6902


class RotationError(RuntimeError):
    """The key cannot be changed, or not in this way."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What came of it: the new key, the smallest size that it signs, and where the old one's file lies now."""

    vkey: str
    from_size: int
    retired_file: Path | None


def rotate_log_key(*, new_key_file: Path | None = None) -> Rotation:
    """Put the key in a file, or a fresh one, in the place of the log's signing key, or end a rotation that was begun.

    Locks: an advisory lock of the session; whoever comes second is refused.
    Raises: RotationError, LogKeyMismatch; OSError, ValueError where a key file cannot be read or written.
    """
    with session_lock(_LOCK) as is_ours:
        if not is_ours:
            raise RotationError("Another rotation is under way.")
        newest = _newest_vkey()
        if new_key_file is not None:
            _put_in_place(new_key_file, newest)
        elif _is_in_use(newest):
            make_seed(next_key_file())
        if next_key_file().exists():
            _hand_over(newest, signer_in(next_key_file()))
        return _finish()


def _newest_vkey() -> str:
    """Return the key that was written down last, though its record may still wait for its place."""
    return LogKey.objects.order_by("-pk").values_list("vkey", flat=True).first() or enter_first_key()


def _is_in_use(vkey: str) -> bool:
    path = key_file()
    return path.exists() and signer_in(path).vkey == vkey


def _put_in_place(new_key_file: Path, newest: str) -> None:
    """Make the key in a file the next one, unless it signs already or another one is under way.

    Raises: RotationError.
    """
    seed = read_seed(new_key_file)
    vkey = Signer(settings.LOG_ORIGIN, seed).vkey
    if vkey == newest and _is_in_use(newest):
        return
    write_seed(next_key_file(), seed)
    begun = signer_in(next_key_file()).vkey
    if begun != vkey:
        raise RotationError(
            f"A rotation to {begun} was begun: end it first without a new key file, or delete {next_key_file()} "
            "where nothing has been signed with it."
        )


def _hand_over(newest: str, new: Signer) -> None:
    """Write the record that both keys sign, unless it is written already.

    Raises: RotationError for a key that has signed before, LogKeyMismatch where the old key is not at hand.
    """
    if new.vkey == newest:
        return
    if LogKey.objects.filter(vkey=new.vkey).exists():
        raise RotationError(f"{new.vkey} has signed this log before, and does not come back.")
    text = rotation_text(newest, new.vkey)
    note = signer_of(newest).sign(text) + new.signature_line(text)
    body = {"old_vkey": newest, "new_vkey": new.vkey, "note": note}
    with transaction.atomic():
        record_id = append_record(kind="log_key_rotated", body=body, actor="system")
        LogKey.objects.create(vkey=new.vkey, record_id=record_id, note=note, created_at=timezone.now())


def _finish() -> Rotation:
    """Wait until the new key has signed, then let its file take the old one's name."""
    vkey = _newest_vkey()
    signer_of(vkey)
    deadline = time.monotonic() + WAIT_SECONDS
    while (period := key_periods()[-1]).vkey != vkey:
        if time.monotonic() > deadline:
            raise RotationError("The record waits for its place in the log. Run this again when the log goes on.")
        if not sequence_log():
            time.sleep(0.1)
    return Rotation(vkey, period.from_size, None if _is_in_use(vkey) else _exchange_files())


def _exchange_files() -> Path | None:
    """Keep the old key under a name of its own, and let the next one take its place: at no moment is there none."""
    current, retired = key_file(), None
    if current.exists():
        retired = current.with_name(f"{current.name}.retired-{signer_in(current).key_id.hex()}")
        if not retired.exists():
            os.link(current, retired)
    os.replace(next_key_file(), current)
    sync_folder(current.parent)
    return retired
