"""Where a log is read from: a folder as `manage.py export_log` writes it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ledger.transparency.tiles import TILE_WIDTH, TileError, parse_tile_address

MAX_NOTE_BYTES = 1_000_000
MAX_TILE_BYTES = 32 * TILE_WIDTH
MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + 65_535)
KEY_FILES = ("vkey", "keys")


class SourceError(Exception):
    """A log cannot be read at all: no folder, no server, no right to read. The sentence says what to do."""


class NotThere(Exception):
    """The log lacks a file that a log of its size has."""


class Source(Protocol):
    """Reads a log's files by their C2SP names."""

    def read(self, path: str, limit: int) -> bytes:
        """Return a file of at most `limit` bytes.

        Raises: NotThere, SourceError.
        """
        ...

    def strays(self, size: int) -> Iterator[str]:
        """Yield what there is that does not belong to a log of that size."""
        ...

    def beside(self, name: str) -> str | None:
        """Return what a file beside the log says, or None where there is none."""
        ...


class FolderSource:
    """A log in a folder."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise SourceError(f"There is no folder {folder}.")
        self.folder = folder

    def read(self, path: str, limit: int) -> bytes:
        """Return a file; a link, a pipe or a file that is too large is as good as none.

        Raises: NotThere, SourceError.
        """
        try:
            descriptor = os.open(self.folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise NotThere(f"The file {path} is missing") from None
        except PermissionError:
            raise SourceError(f"You may not read {self.folder / path}.") from None
        except OSError:
            raise NotThere(f"The file {path} is no ordinary file") from None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotThere(f"The file {path} is no ordinary file")
            content = file.read(limit + 1)
        if len(content) > limit:
            raise NotThere(f"The file {path} has more than the {limit} bytes that it can have")
        return content

    def strays(self, size: int) -> Iterator[str]:
        """Yield what stands in the folder and does not belong to a log of that size."""
        try:
            yield from self._strays_within(self.folder, size)
        except OSError as error:
            raise SourceError(f"{error.filename} cannot be read: {error.strerror}.") from None

    def beside(self, name: str) -> str | None:
        """Return what a file says that is not C2SP's but lies beside the log."""
        try:
            return self.read(name, MAX_NOTE_BYTES).decode(errors="replace")
        except NotThere:
            return None

    def _strays_within(self, folder: Path, size: int) -> Iterator[str]:
        for found in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path = os.path.relpath(found.path, self.folder)
            if found.is_symlink():
                yield f"The file {path} is a link, not a file"
            elif found.is_dir(follow_symlinks=False):
                yield from self._strays_within(Path(found.path), size)
            elif not belongs_to_log(path, size):
                yield f"The file {path} does not belong to a log of {size} records"


def belongs_to_log(path: str, size: int) -> bool:
    """Return whether a log of that size has a file of that name. Source: C2SP tlog-tiles."""
    if path in ("checkpoint", *KEY_FILES):
        return True
    top, _, rest = path.partition("/")
    level_name, _, address = rest.partition("/")
    if top != "tile" or not (level_name == "entries" or (level_name.isascii() and level_name.isdigit())):
        return False
    level = 0 if level_name == "entries" else int(level_name)
    if level > 7 or level_name not in ("entries", str(level)):
        return False
    try:
        number, width = parse_tile_address(address)
    except TileError:
        return False
    return width == min((size >> 8 * level) - number * TILE_WIDTH, TILE_WIDTH)
