"""What the key has signed, remembered beside it: a database that has less of the log, or another log, is not signed for.

Whoever restores a backup, or starts a copy, has a database that may be older than what was signed last. The state file
(`log-signing-key.state`) lies beside the key and is in no backup of the database, so it cannot go back with it. It holds the
size and the root that were signed last, and a token that the database has, too: a key that was copied without its state
signs nothing. A standby that takes over has the token and all that was signed, and goes on.
"""

import base64
import fcntl
import json
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from ledger.transparency.keys import LogKeyMismatch, key_file
from ledger.transparency.models import Checkpoint, LogBinding
from ledger.transparency.seeds import sync_folder

RESTORED_SETTING = "tianhui.restored"
"""The setting that a restore writes into the copy's own configuration, so that it is there from its first moment."""
AGAIN = "See docs/backup.md, `manage.py take_into_service`."


class LogStateMismatch(LogKeyMismatch):
    """The database is not the one that the key has signed for, or has less of the log: to sign would fork it."""


class RestoredCopy(LogStateMismatch):
    """This is a restored copy that nobody has taken into service."""


@dataclass(frozen=True, slots=True)
class SignedState:
    """What the key has signed last: the size and the root, and the token of the database's binding."""

    token: str
    size: int
    root: bytes


def state_file() -> Path:
    """Return where the key's state is: beside the key, or where LOG_STATE_FILE says."""
    named = settings.LOG_STATE_FILE
    path = key_file()
    return Path(named) if named else path.with_name(f"{path.name}.state")


def restored_label() -> str:
    """Return what the restore has written into this database's configuration; empty where it is no restored copy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s, true)", [RESTORED_SETTING])
        (label,) = cursor.fetchone()
    return label or ""


def permitted_binding(size: int) -> str:
    """Return the token under which this database may be signed for now, at a log of `size` records so far.

    Called by whoever holds the sequencer's lock, in its transaction.

    Raises: RestoredCopy; LogStateMismatch where the state beside the key knows another database, or more than this one has;
    OSError, ValueError where the state cannot be read or kept: what cannot be remembered is not signed.
    """
    if label := restored_label():
        raise RestoredCopy(f"This database is a restored copy ({label}): nothing is signed. {AGAIN}")
    token = LogBinding.objects.order_by("-pk").values_list("token", flat=True).first()
    state = read_state()
    if token is None:
        return _begin(state, size)
    if state is None:
        raise LogStateMismatch(
            f"{state_file()} is missing, which says what this key has signed: nothing is signed. Put it beside the key, as "
            f"it was on the host that signed last. {AGAIN}"
        )
    if state.token != str(token):
        raise LogStateMismatch(
            f"{state_file()} is of another database than this one, or of before it was restored: nothing is signed. {AGAIN}"
        )
    if state.size > size:
        raise LogStateMismatch(
            f"The key has signed {state.size} records, and this database has {size} in its log: it is older than what was "
            f"signed. Nothing is signed. {AGAIN}"
        )
    if state.size and not has_signed_tree(state.size, state.root):
        raise LogStateMismatch(
            f"The first {state.size} records of this database are not those that the key has signed. Nothing is signed. "
            f"{AGAIN}"
        )
    return str(token)


def has_signed_tree(size: int, root: bytes) -> bool:
    """Tell whether this database has the checkpoint that was signed over that root."""
    return Checkpoint.objects.filter(tree_size=size, root_hash=root).exists()


def read_state() -> SignedState | None:
    """Return what the key has signed last; None where no state was kept.

    Raises: ValueError where the file does not say it.
    """
    path = state_file()
    try:
        said = json.loads(path.read_bytes())
        return SignedState(
            str(uuid.UUID(said["token"])), int(said["size"]), base64.b64decode(said["root"], validate=True)
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} does not say what the key has signed: put it back as it was. {AGAIN}") from None


def keep_signed(state: SignedState) -> None:
    """Remember durably what was signed; what was signed after it by another process stands.

    Locks: the state's lock file.
    """
    with _alone():
        known = read_state()
        if known is None or known.token != state.token or known.size < state.size:
            _write(state)


def bind(
    *, kind: str, token: str | None = None, record_id: int | None = None, label: str = "", statement: str = ""
) -> str:
    """Write into the database that from now on the state with this token signs for it, and return the token."""
    token = token or str(uuid.uuid4())
    LogBinding.objects.create(
        token=token, kind=kind, record_id=record_id, label=label, statement=statement, created_at=timezone.now()
    )
    return token


def replace_state(state: SignedState) -> None:
    """Write the state anew, whatever it said. For whoever takes a restored copy into service.

    Locks: the state's lock file.
    """
    with _alone():
        _write(state)


def _begin(state: SignedState | None, size: int) -> str:
    """Bind a database that has never been bound: a new one, or one that was signed before keys remembered.

    Where the transaction that does this fails, the state stays, has signed nothing, and gives way the next time.
    """
    if state is not None and state.size:
        raise LogStateMismatch(
            f"The key has signed {state.size} records of a log that this database knows nothing of. Nothing is signed: a "
            f"new log has a key of its own (LOG_SIGNING_KEY_FILE). {AGAIN}"
        )
    token = str(uuid.uuid4())
    replace_state(SignedState(token, 0, b""))
    return bind(kind=LogBinding.Kind.ADOPTED if size else LogBinding.Kind.BEGUN, token=token)


@contextmanager
def _alone() -> Iterator[None]:
    path = state_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(state: SignedState) -> None:
    path = state_file()
    said = {"token": state.token, "size": state.size, "root": base64.b64encode(state.root).decode()}
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        json.dump(said, file)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    sync_folder(path.parent)
