"""Write the log into a folder in the C2SP layout, or bring an earlier export of it up to date.

Only what is new is written, since full tiles never change. The checkpoint is replaced last, so that whoever reads the folder
meanwhile sees the old log or the new one. Source: C2SP tlog-tiles.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.transparency import selectors
from ledger.transparency.history import current_vkey, key_periods
from ledger.transparency.models import Checkpoint
from ledger.transparency.notes import CheckpointBody, NoteError, parse_checkpoint, parse_note
from ledger.transparency.offline.sources import belongs_to_log
from ledger.transparency.tiles import TILE_HEIGHT, TILE_WIDTH, encode_entry_bundle, tile_address

OURS = frozenset(("checkpoint", "vkey", "keys", "tile"))
LEVELS = 8
_BEING_WRITTEN = ".writing-"


class ExportError(Exception):
    """A log cannot be written into a folder. The sentence says why."""


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: the size of the log in the folder, and what it was before (0 where there was none)."""

    size: int
    size_before: int


def export_log(folder: Path, *, up_to: int | None = None) -> Export:
    """Write the log as it was signed last, or last at a size of no more than `up_to`, into a folder.

    Raises: ExportError where nothing is signed, or the folder holds something else, another log or a longer one.
    """
    checkpoint = _newest_checkpoint(up_to)
    if checkpoint is None:
        raise ExportError("Nothing is signed yet: there is no log to write.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = _size_before(folder, checkpoint)
        _write_files(folder, checkpoint)
        _remove_superseded(folder, checkpoint.tree_size)
    except OSError as error:
        raise ExportError(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    return Export(checkpoint.tree_size, before)


def _newest_checkpoint(up_to: int | None) -> Checkpoint | None:
    found = Checkpoint.objects.order_by("-tree_size")
    return (found if up_to is None else found.filter(tree_size__lte=up_to)).first()


def _write_files(folder: Path, checkpoint: Checkpoint) -> None:
    size = checkpoint.tree_size
    keys = _keys(size)
    # The key comes first: by it an export that is broken off is known when it is taken up again.
    _write(folder / "vkey", f"{keys[-1][1]}\n".encode())
    if len(keys) > 1:
        _write(folder / "keys", "".join(f"{first_size} {vkey}\n" for first_size, vkey in keys).encode())
    _write_entries(folder, size)
    for level in range(LEVELS):
        _write_tiles(folder, level, size >> TILE_HEIGHT * level)
    _write(folder / "checkpoint", selectors.cosigned_note(checkpoint).encode())


def _size_before(folder: Path, checkpoint: Checkpoint) -> int:
    """Return the size of the log that the folder holds.

    Raises: ExportError where it holds something else than an earlier state of this log.
    """
    names = {path.name for path in folder.iterdir() if not path.name.startswith(_BEING_WRITTEN)}
    if others := names - OURS:
        raise ExportError(f"{folder} holds something else: {min(others)}.")
    if names and "vkey" not in names:
        raise ExportError(f"{folder} holds no export of this log: there is no vkey in it.")
    if names and (folder / "vkey").read_text(errors="replace").strip() not in {vkey for _size, vkey in _keys(None)}:
        raise ExportError(f"{folder} holds another log: its vkey is of another key.")
    if "checkpoint" not in names:
        return 0
    body = _read_checkpoint(folder)
    if body.size > checkpoint.tree_size:
        raise ExportError(f"{folder} holds {body.size} records already, more than {checkpoint.tree_size}.")
    if not body.size or body.root != selectors.tree_of(body.size).root():
        raise ExportError(f"{folder} holds another log: its checkpoint has another root.")
    return body.size


def _read_checkpoint(folder: Path) -> CheckpointBody:
    try:
        return parse_checkpoint(parse_note((folder / "checkpoint").read_text(encoding="utf-8")).text)
    except (NoteError, UnicodeError) as error:
        raise ExportError(f"The checkpoint in {folder} is malformed: {error}.") from None


def _keys(size: int | None) -> list[tuple[int, str]]:
    """Return the keys of the log up to a size, the oldest first, each with the smallest size that it signs."""
    found = [(each.from_size, each.vkey) for each in key_periods() if size is None or each.from_size <= size]
    return found or [(0, current_vkey())]


def _write_entries(folder: Path, size: int) -> None:
    for number, width in _missing(folder, "entries", size):
        entries = selectors.entries(number * TILE_WIDTH, width)
        assert len(entries) == width, (
            f"the log has no entries {number * TILE_WIDTH} to {number * TILE_WIDTH + width - 1}"
        )
        _write(_path(folder, "entries", number, width), encode_entry_bundle(entries))


def _write_tiles(folder: Path, level: int, hashes: int) -> None:
    for number, width in _missing(folder, str(level), hashes):
        content = selectors.tile_hashes(level, number, width)
        assert content is not None, f"the log has no tile {level}/{number} of {width}"
        _write(_path(folder, str(level), number, width), content)


def _missing(folder: Path, level: str, count: int) -> Iterator[tuple[int, int]]:
    """Yield number and width of the tiles over so many hashes or entries that the folder lacks."""
    for number in range(-(-count // TILE_WIDTH)):
        width = min(TILE_WIDTH, count - number * TILE_WIDTH)
        if not _path(folder, level, number, width).is_file():
            yield number, width


def _path(folder: Path, level: str, number: int, width: int) -> Path:
    return folder / "tile" / level / tile_address(number, width)


def _remove_superseded(folder: Path, size: int) -> None:
    """Remove tiles that were not full in an earlier export, and what one that was broken off has left."""
    for parent, _folders, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(parent, name)
            is_partial = path.parent.name.endswith(".p")
            if name.startswith(_BEING_WRITTEN) or (
                is_partial and not belongs_to_log(str(path.relative_to(folder)), size)
            ):
                path.unlink()
        if parent.endswith(".p") and not os.listdir(parent):
            os.rmdir(parent)


def _write(path: Path, content: bytes) -> None:
    """Write a file, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=_BEING_WRITTEN)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(fresh, 0o644)
        os.replace(fresh, path)
    except BaseException:
        os.unlink(fresh)
        raise
