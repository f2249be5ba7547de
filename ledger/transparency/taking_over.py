"""Take a restored copy into service: a step that somebody takes knowingly, that is recorded, and that says what was lost.

Until then the copy's own configuration makes it read-only, and its log is not signed (binding.py). Where this is stopped at
any line, doing it again goes on from there: the copy's mark is taken away last.
"""

import base64
from dataclasses import dataclass

from django.db import connection, transaction

from ledger.transparency.binding import (
    RESTORED_SETTING,
    SignedState,
    bind,
    read_state,
    replace_state,
    restored_label,
)
from ledger.transparency.history import key_periods
from ledger.transparency.keys import verify_fast
from ledger.transparency.models import LogBinding
from ledger.transparency.notes import CheckpointBody, NoteError, Verifier, parse_checkpoint
from ledger.transparency.selectors import latest_checkpoint, tree_of
from ledger.transparency.services import append_record

READ_ONLY_SETTING = "default_transaction_read_only"


class TakeOverError(RuntimeError):
    """The copy cannot be taken into service, or not in this way; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a restored copy has of the log, and the most that is known to have been signed."""

    label: str
    size: int
    root: bytes
    known_size: int
    known_root: bytes

    @property
    def is_whole(self) -> bool:
        """Whether all that is known to have been signed is in the copy: to go on forks nothing."""
        return self.known_size <= self.size and (not self.known_size or _root_at(self.known_size) == self.known_root)


def standing(*, known_note: str | None) -> Standing:
    """Compare the copy's log with the state beside the key, and with the newest checkpoint that anybody has.

    Raises: TakeOverError where this is no restored copy, or nothing says how far the log had got.
    """
    label = restored_label()
    if not label:
        raise TakeOverError("This database is no restored copy: there is nothing to take into service.")
    state = read_state()
    known = [(state.size, state.root)] if state is not None and state.size else []
    if known_note is not None:
        body = _read_note(known_note)
        known.append((body.size, body.root))
    if not known:
        raise TakeOverError(
            "Neither the state beside the key nor a checkpoint says how far the log had got. Give the newest one that "
            "anybody has, best from a witness: --witnessed FILE."
        )
    newest = latest_checkpoint()
    size, root = (newest.tree_size, bytes(newest.root_hash)) if newest is not None else (0, b"")
    return Standing(label, size, root, *max(known))


@transaction.atomic
def record_taking_over(found: Standing, *, accept_lost: int | None, statement: str) -> str:
    """Write down that the copy goes on in the place of the one that is dead, and return the token of its new binding.

    Raises: TakeOverError where signed records are lost and that is not accepted by their number.
    """
    already = LogBinding.objects.filter(label=found.label).order_by("-pk").first()
    if already is not None:
        return str(already.token)
    if not found.is_whole and accept_lost != found.known_size:
        raise TakeOverError(
            f"{found.known_size} records were signed, and this copy has {found.size} of the log, or others: what was signed "
            "after it is lost, and everybody who holds the newer checkpoint will see that. Restore to a later moment. Where "
            f"there is none, say that you know: --accept-lost {found.known_size}; the log will say so itself, and each "
            "witness must pin it anew."
        )
    body = {
        "size": found.size,
        "root": _text(found.root),
        "known_size": found.known_size,
        "known_root": _text(found.known_root),
        "whole": found.is_whole,
    }
    record_id = append_record(kind="log_restored", body=body, actor="system")
    return bind(kind=LogBinding.Kind.RESTORED, record_id=record_id, label=found.label, statement=statement)


def finish_taking_over(found: Standing, token: str) -> None:
    """Let the key sign for the copy, and take its mark and its write protection away.

    Raises: TakeOverError where whoever is connected may not change the server's configuration.
    """
    replace_state(SignedState(token, found.size, found.root))
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            raise TakeOverError(
                f"It is recorded. Now delete {RESTORED_SETTING} and {READ_ONLY_SETTING} from the server's "
                "postgresql.auto.conf and reload it (SELECT pg_reload_conf()): only a superuser may do that from here."
            )
        cursor.execute(f"ALTER SYSTEM RESET {READ_ONLY_SETTING}")
        cursor.execute(f"ALTER SYSTEM RESET {RESTORED_SETTING}")
        cursor.execute("SELECT pg_reload_conf()")


def allow_writes() -> None:
    """Let this session alone write into the copy."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET {READ_ONLY_SETTING} = off")


def _read_note(note: str) -> CheckpointBody:
    """Return what a checkpoint of this log says.

    Raises: TakeOverError where none of the log's keys has signed it.
    """
    problem = "the log has no key yet"
    for period in key_periods():
        try:
            return parse_checkpoint(Verifier(period.vkey, verify_fast).verify(note))
        except NoteError as error:
            problem = str(error)
    raise TakeOverError(f"That checkpoint is not of this log: {problem}.")


def _root_at(size: int) -> bytes:
    return tree_of(size).root()


def _text(root: bytes) -> str:
    return base64.b64encode(root).decode()
