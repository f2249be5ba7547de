"""Write a log as a folder in the C2SP layout from nothing but entries and a key: for synthetic logs, and for logs that lie."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ledger.transparency.merkle import leaf_hash, root
from ledger.transparency.notes import Signer, checkpoint_text
from ledger.transparency.tiles import TILE_WIDTH, encode_entry_bundle, tile_address

_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class FolderWriter:
    """Writes entries one by one; the checkpoint comes last."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self._folder, self._signer = folder, signer
        self._entries: list[bytes] = []
        self._levels: list[list[bytes]] = [[]]
        self.size = 0

    def append(self, entry: bytes) -> None:
        """Append an entry."""
        self._entries.append(entry)
        self.size += 1
        if len(self._entries) == TILE_WIDTH:
            self._write_entries()
            self._close_tile(0)

    def close(self) -> None:
        """Write what is not full yet, then the checkpoint and the key."""
        self._write_entries()
        below: list[bytes] = []
        for level, hashes in enumerate(self._levels):
            if hashes:
                self._write(f"tile/{level}/{tile_address(self.size >> 8 * (level + 1), len(hashes))}", b"".join(hashes))
            if hashes or below:
                below = [root([*hashes, *below])]
        text = checkpoint_text(self._signer.name, self.size, below[0] if below else root([]))
        self._write("vkey", f"{self._signer.vkey}\n".encode())
        self._write("checkpoint", self._signer.sign(text).encode())

    def _write_entries(self) -> None:
        if self._entries:
            number = (self.size - 1) // TILE_WIDTH
            self._write(f"tile/entries/{tile_address(number, len(self._entries))}", encode_entry_bundle(self._entries))
            self._levels[0] = [leaf_hash(entry) for entry in self._entries]
            self._entries = []

    def _close_tile(self, level: int) -> None:
        hashes = self._levels[level]
        number = (self.size >> 8 * (level + 1)) - 1
        self._write(f"tile/{level}/{tile_address(number)}", b"".join(hashes))
        self._levels[level] = []
        if level + 1 == len(self._levels):
            self._levels.append([])
        self._levels[level + 1].append(root(hashes))
        if len(self._levels[level + 1]) == TILE_WIDTH:
            self._close_tile(level + 1)

    def _write(self, path: str, content: bytes) -> None:
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def write_folder(folder: Path, entries: Iterable[bytes], signer: Signer) -> None:
    """Write a whole log, and sign it."""
    writer = FolderWriter(folder, signer)
    for entry in entries:
        writer.append(entry)
    writer.close()


def encode(content: Mapping[str, Any]) -> bytes:
    """Return an entry as the log writes it: canonical JSON."""
    return _ENCODE(content).encode()
