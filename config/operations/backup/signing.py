"""Say of each file of the archive what it is, signed: whoever may write into the archive makes no backup that is believed.

A file is sealed to public keys, which anybody may have. So beside it lies a signed note (C2SP signed-note) with its hashes.
"""

import json
import os
from pathlib import Path
from typing import Any

from config.operations.backup.errors import BackupError, Damaged
from config.operations.backup.sealing import sync_folder
from ledger.transparency.notes import NoteError, Signer, Verifier
from ledger.transparency.seeds import make_seed, read_seed

NAME = "tianhui-backup"
FIRST_LINE = "tianhui backup"
SUFFIX = ".note"


def signer_in(path: Path, *, make: bool = False) -> Signer:
    """Return who signs what this host backs up.

    Raises: BackupError where there is no key, or others can read it.
    """
    if make:
        make_seed(path)
    try:
        return Signer(NAME, read_seed(path))
    except (OSError, ValueError) as error:
        raise BackupError(f"The key that signs backups cannot be read: {error}") from None


def verifier_of(vkey: str) -> Verifier:
    """Return who checks what was signed.

    Raises: BackupError.
    """
    try:
        return Verifier(vkey)
    except NoteError as error:
        raise BackupError(f"BACKUP_VKEY is no verifier key: {error}.") from None


def write_note(path: Path, said: dict[str, Any], signer: Signer) -> None:
    """Write what is said of a file, signed and durably."""
    text = f"{FIRST_LINE}\n{json.dumps(said, sort_keys=True)}\n"
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(signer.sign(text))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync_folder(path.parent)


def read_note(path: Path, verifier: Verifier) -> dict[str, Any]:
    """Return what is said of a file.

    Raises: Damaged where the note is missing, or is not signed by the key that was given.
    """
    try:
        text = verifier.verify(path.read_text(encoding="utf-8"))
        first, _newline, said = text.partition("\n")
        found = json.loads(said)
    except FileNotFoundError:
        raise Damaged(f"{path} is missing: what it is beside cannot be believed.") from None
    except (NoteError, ValueError) as error:
        raise Damaged(f"{path} is not what this host's backup has signed: {error}.") from None
    if first != FIRST_LINE or not isinstance(found, dict):
        raise Damaged(f"{path} was signed, and says nothing of a backup.")
    return found
