"""Verify a whole log from its bytes: signature, witnesses, tree, every record, and what was signed before."""

import datetime as dt
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ledger.transparency.cosignatures import CosignatureVerifier
from ledger.transparency.merkle import empty_root
from ledger.transparency.notes import CheckpointBody, NoteError, Verifier, parse_checkpoint, parse_note
from ledger.transparency.offline.bundles import Bundle, Bundles
from ledger.transparency.offline.findings import Findings
from ledger.transparency.offline.progress import Progress
from ledger.transparency.offline.replay import Replay
from ledger.transparency.offline.sources import KEY_FILES, MAX_NOTE_BYTES, MAX_TILE_BYTES, NotThere, Source, SourceError
from ledger.transparency.offline.state import Seen
from ledger.transparency.offline.tree import GrowingTree, RebuiltTile
from ledger.transparency.tiles import TILE_WIDTH, tile_address


@dataclass(slots=True)
class Verification:
    """What came of verifying a log."""

    vkey: str
    checkpoint: CheckpointBody
    findings: Findings
    replay: Replay
    root: bytes | None = None
    signed_by: str = ""
    cosigned_at: dict[str, dt.datetime] = field(default_factory=dict)
    consistent_with: list[int] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found to be wrong."""
        return not self.findings.total


def verify_log(
    source: Source,
    vkey: str,
    *,
    witnesses: Sequence[CosignatureVerifier] = (),
    seen: Seen | None = None,
    progress: Progress,
) -> Verification:
    """Read a log from its first byte to its last, and say all that is wrong with it.

    Raises: SourceError where it cannot be read at all.
    """
    note, checkpoint, problem = _read_checkpoint(source)
    findings = Findings()
    bundles = Bundles(source, checkpoint.size)
    result = Verification(vkey, checkpoint, findings, Replay(findings, bundles.read_again))
    if problem:
        findings.about_log(problem)
        return result
    for stray in source.strays(checkpoint.size):
        findings.about_log(f"{stray}.")
    with _without_garbage_collection():
        _Pass(source, result, seen or Seen(), progress).run(bundles)
    _check_signature(result, note)
    _check_witnesses(result, note, witnesses)
    _check_key_files(source, result)
    return result


def _read_checkpoint(source: Source) -> tuple[str, CheckpointBody, str]:
    nothing = CheckpointBody("", 0, empty_root())
    try:
        note = source.read("checkpoint", MAX_NOTE_BYTES).decode()
        checkpoint = parse_checkpoint(parse_note(note).text)
    except NotThere as error:
        raise SourceError(f"There is no log here: {error}.") from None
    except UnicodeError:
        return "", nothing, "The checkpoint is not UTF-8."
    except NoteError as error:
        return "", nothing, f"The checkpoint is malformed: {error}."
    if not checkpoint.size:
        return note, checkpoint, "The checkpoint is of an empty log: there is nothing to verify."
    return note, checkpoint, ""


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    # A million records make many objects and no cycles: looking for some took a fifth of the time.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Pass:
    """One pass over all entries."""

    def __init__(self, source: Source, result: Verification, seen: Seen, progress: Progress) -> None:
        self._source, self._result, self._progress = source, result, progress
        self._findings = result.findings
        self._tree: GrowingTree | None = GrowingTree()
        self._before = dict(sorted(seen.roots.items()))

    def run(self, bundles: Bundles) -> None:
        """Read all there is. Where neither entries nor their hashes are there, nothing after them is looked for."""
        size = self._result.checkpoint.size
        for number in range(len(bundles)):
            bundle = bundles.read(number)
            self._replay(bundle)
            self._grow(bundle, min(size - bundle.start, TILE_WIDTH))
            self._progress.show(bundle.start + len(bundle.entries), size)
            if not bundle.entries and bundle.tile is None:
                break
        self._progress.end()
        self._result.replay.finish()
        self._finish_tree()

    def _replay(self, bundle: Bundle) -> None:
        """Replay a bundle's entries, and say which of them are not what the tile over them says."""
        take, start = self._result.replay.take, bundle.start
        if bundle.tile_problem:
            self._findings.about_log(f"{bundle.tile_problem}.")
        differ: set[int] = set()
        if bundle.tile is not None and bundle.tile != bundle.leaves:
            pairs = zip(bundle.tile, bundle.leaves, strict=False)
            differ = {at for at, (stored, rebuilt) in enumerate(pairs) if stored != rebuilt}
        for at, raw in enumerate(bundle.entries):
            if at in differ:
                self._findings.about_record("its bytes and its hash in the tile of leaves do not agree", start + at)
            take(start + at, raw)
        if bundle.problem:
            self._findings.about_record(f"it cannot be read: {bundle.problem}", start + len(bundle.entries))

    def _grow(self, bundle: Bundle, width: int) -> None:
        leaves = bundle.leaves
        if len(leaves) < width:
            # The hashes of what cannot be read stand in the tile: with them the rest of the tree can be compared.
            leaves = [*leaves, *(bundle.tile or ())[len(leaves) :]]
        if self._tree is None or len(leaves) < width:
            self._tree = None
            return
        for size in [size for size in self._before if bundle.start < size <= bundle.start + width]:
            self._compare_seen(size, self._tree.root_after(leaves[: size - bundle.start]))
        for tile in self._tree.append(leaves):
            if tile.level:
                self._compare(tile)

    def _compare_seen(self, size: int, root: bytes) -> None:
        if self._before[size] == root:
            self._result.consistent_with.append(size)
            return
        since = self._result.consistent_with[-1] if self._result.consistent_with else 0
        self._findings.about_log(
            f"The log was rewritten: its first {size} records are not those that were signed when you last looked"
            f" (the difference is among records {since} to {size - 1})."
        )

    def _compare(self, tile: RebuiltTile) -> None:
        path = f"tile/{tile.level}/{tile_address(tile.number, len(tile.hashes))}"
        try:
            content = self._source.read(path, MAX_TILE_BYTES)
        except NotThere as error:
            self._findings.about_log(f"{error}.")
            return
        if content != b"".join(tile.hashes):
            first, width = tile.number << 8 * (tile.level + 1), len(tile.hashes) << 8 * tile.level
            self._findings.about_log(
                f"The file {path} is not what the entries of records {first} to {first + width - 1} give."
            )

    def _finish_tree(self) -> None:
        checkpoint = self._result.checkpoint
        for size in [size for size in self._before if size > checkpoint.size]:
            self._findings.about_log(
                f"The log was cut short: {size} records were signed when you last looked, now there are {checkpoint.size}."
            )
        if self._tree is None:
            self._findings.about_log("The tree cannot be compared with what is signed, since entries are missing.")
            return
        for tile in self._tree.partial_tiles():
            if tile.level:
                self._compare(tile)
        self._result.root = self._tree.root()
        if self._result.root != checkpoint.root:
            self._findings.about_log(
                "The entries do not give the root that is signed: something was changed, left out or put in."
            )


def _check_signature(result: Verification, note: str) -> None:
    """Check that the checkpoint is signed by the pinned key, or by the one that the log has changed to since."""
    keys = result.replay.rotations.keys() or [result.vkey]
    if result.vkey not in keys:
        result.findings.about_log(f"The log has had the keys {', '.join(keys)}; the key that you gave is none of them.")
        return
    verifier = Verifier(keys[-1])
    try:
        verifier.verify(note)
    except NoteError as error:
        result.findings.about_log(f"The checkpoint is not signed by {keys[-1]}: {error}.")
        return
    if result.checkpoint.origin != verifier.name:
        result.findings.about_log(f"The checkpoint is of the log {result.checkpoint.origin}, not of {verifier.name}.")
    result.signed_by = keys[-1]


def _check_witnesses(result: Verification, note: str, witnesses: Sequence[CosignatureVerifier]) -> None:
    for witness in witnesses:
        try:
            result.cosigned_at[witness.name] = _cosigned_at(note, witness)
        except NoteError as error:
            result.findings.about_log(f"The checkpoint is not witnessed as you asked: {error}.")


def _cosigned_at(note: str, witness: CosignatureVerifier) -> dt.datetime:
    found = witness.find(note)
    if found is None:
        raise NoteError(f"{witness.name} has not cosigned it with this key")
    try:
        return dt.datetime.fromtimestamp(found.seconds, dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise NoteError(f"the cosignature of {witness.name} is of no time that there is") from None


def _check_key_files(source: Source, result: Verification) -> None:
    """Compare the keys that lie beside the log with the one that was handed over: they are for convenience only."""
    rotations = result.replay.rotations
    history = [(0, (rotations.keys() or [result.vkey])[0])]
    history += [(rotation.index + 1, rotation.new_vkey) for rotation in rotations.found]
    expected = {
        # After a change of keys the newest one; before, the one that was handed over.
        "vkey": history[-1][1],
        "keys": "\n".join(f"{first_size} {vkey}" for first_size, vkey in history),
    }
    for name in KEY_FILES:
        found = source.beside(name)
        if found is not None and found.strip() != expected[name]:
            result.findings.about_log(f"The folder's {name} is {found.strip()!r:.300}, not {expected[name]!r:.300}.")
