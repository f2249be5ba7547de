"""aics-tlog, a verifier that is not ours, accepts our checkpoints, cosignatures, tiles, entry bundles and proofs.

Run by .ci/independent_verifier, which gives it a Python with aics-tlog in it; `make test` does not collect this file.
"""

import base64
import os
import subprocess
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from ledger.models import LogLeaf
from ledger.transparency.cosignatures import CosignatureSigner
from ledger.transparency.cosigning import keep_cosignatures
from ledger.transparency.fetching import FetchError, ask
from ledger.transparency.history import current_vkey
from ledger.transparency.notes import parse_note
from ledger.transparency.proofs import decode_inclusion
from ledger.transparency.selectors import cosigned_note, entries, latest_checkpoint, tile_hashes
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from ledger.transparency.tiles import encode_entry_bundle, tile_address, tiles_of
from tests.callers import Caller
from tests.running import running
from tests.waiting import wait_until

PYTHON = os.environ["AICS_TLOG_PYTHON"]
WITNESSES = [CosignatureSigner(f"witness.test/w{at}", bytes(range(at, at + 32))) for at in (1, 2)]
SIZES = (1, 255, 256, 257, 700, 66_000)
PLACES = (0, 1, 255, 256, 511, 699, 700, 65_535, 65_536, 65_999)

AUDIT = """
import sys
from aics_tlog import FileSystemTileReader, audit_tiles, checkpoint
found, _note = checkpoint.checkpoint_from_note(open(f"{sys.argv[1]}/checkpoint", "rb").read())
report = audit_tiles(FileSystemTileReader(sys.argv[1]), found.size, found.root)
print(report.size, report.tiles, report.bundles)
"""


@pytest.fixture(autouse=True)
def _witnesses(settings, monkeypatch):
    settings.LOG_WITNESSES = [(each.vkey, "") for each in WITNESSES]


def write(size):
    """Bring the log to a size, have it cosigned, and return its checkpoint."""
    more = size - LogLeaf.objects.count()
    with transaction.atomic():
        append_records([NewRecord("fact", {"n": at}, "system", timezone.now()) for at in range(more)])
    sequence_log()
    text = parse_note(latest_checkpoint().note).text
    lines = (each.signature_line(text, int(timezone.now().timestamp())) for each in WITNESSES)
    keep_cosignatures(f"{text}\n{''.join(lines)}".encode())
    return cosigned_note(latest_checkpoint())


def export(folder: Path) -> Path:
    """Write the log into a folder in the C2SP layout."""
    checkpoint = latest_checkpoint()
    for level, number, width in tiles_of(checkpoint.tree_size):
        put(folder / "tile" / str(level) / tile_address(number, width), tile_hashes(level, number, width))
        if level == 0:
            bundle = encode_entry_bundle(entries(number * 256, width))
            put(folder / "tile" / "entries" / tile_address(number, width), bundle)
    put(folder / "checkpoint", cosigned_note(checkpoint).encode())
    return folder


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def aics(*words):
    return subprocess.run([PYTHON, "-m", "aics_tlog", *map(str, words)], capture_output=True, text=True, timeout=120)


def trusting():
    keys = [word for each in WITNESSES for word in ("--witness-key", each.vkey)]
    return ["--log-key", current_vkey(), "--origin", "tianhui.test/log", *keys, "--quorum", "2", "--max-age", "600"]


def accepts(*words):
    found = aics(*words)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def audit(folder):
    return subprocess.run([PYTHON, "-c", AUDIT, str(folder)], capture_output=True, text=True, timeout=120)


def test_it_accepts_checkpoints_tiles_and_entries_of_a_log_in_a_folder(db, tmp_path):
    checkpoints = {size: write(size) for size in SIZES}
    folder = export(tmp_path / "log")
    assert "66000" in accepts("verify-checkpoint", "--tiles", folder, *trusting())
    assert audit(folder).stdout == "66000 261 258\n"
    for place in PLACES:
        out = tmp_path / "entry"
        accepts("verify-inclusion", "--tiles", folder, "--index", place, "--entry-out", out, *trusting())
        assert out.read_bytes() == entries(place, 1)[0]
    for size, note in checkpoints.items():
        old = tmp_path / "old"
        old.write_text(note)
        accepts("verify-checkpoint", "--note", old, *trusting())
        accepts("verify-consistency", "--tiles", folder, "--old-checkpoint", old, *trusting())
        assert size <= 66_000


def test_it_accepts_the_proofs_of_our_api(db, tmp_path):
    for size in (1, 256, 700):
        write(size)
    proof = tmp_path / "proof"
    for place, size in ((0, 700), (255, 256), (256, 700), (699, 700), (0, 1), (300, 500)):
        found = Caller().ask("/log/inclusion", index=place, size=size).json()
        proof.write_text("".join(f"{each}\n" for each in found["hashes"]))
        leaf = base64.b64decode(found["leaf_hash"]).hex()
        accepts(
            *("verify-inclusion", "--index", place, "--size", size, "--leaf-hash", leaf),
            *("--root", found["root_hash"], "--proof", proof),
        )
    for first, second in ((1, 700), (256, 700), (255, 700), (300, 301), (700, 700)):
        found = Caller().ask("/log/consistency", first=first, second=second).json()
        proof.write_text("".join(f"{each}\n" for each in found["hashes"]))
        accepts(
            *("verify-consistency", "--old-size", first, "--new-size", second, "--proof", proof),
            *("--old-root", found["first_root_hash"], "--new-root", found["second_root_hash"]),
        )


def test_it_accepts_our_proofs_as_text(db, client, tmp_path):
    write(700)
    record_id = LogLeaf.objects.get(index=300).record_id
    found = decode_inclusion(client.get(f"/log/proof/{record_id}").content.decode())
    note, proof, entry = tmp_path / "note", tmp_path / "proof", tmp_path / "entry"
    note.write_text(found.checkpoint)
    accepts("verify-checkpoint", "--note", note, *trusting())
    proof.write_text("".join(f"{base64.b64encode(each).decode()}\n" for each in found.hashes))
    entry.write_bytes(entries(300, 1)[0])
    root = parse_note(found.checkpoint).text.splitlines()[2]
    accepts(
        *("verify-inclusion", "--index", 300, "--size", 700, "--leaf", entry),
        *("--root", root, "--proof", proof),
    )


@pytest.mark.django_db(transaction=True)
def test_it_accepts_the_log_as_it_is_served(tmp_path):
    old = tmp_path / "old"
    old.write_text(write(300))
    write(700)
    with running("web") as (_processes, environment):
        url = f"http://127.0.0.1:{environment['WEB_PORT']}/log"
        wait_until(lambda: answers(url))
        accepts("verify-checkpoint", "--tiles", url, *trusting())
        accepts("verify-consistency", "--tiles", url, "--old-checkpoint", old, *trusting())


def answers(url):
    try:
        return ask(f"{url}/checkpoint").status == 200
    except FetchError:
        return False


@pytest.mark.parametrize("damaged", ["tile/0/000", "tile/0/002.p/188", "tile/entries/001", "checkpoint"])
def test_it_refuses_a_log_with_one_byte_flipped(db, tmp_path, damaged):
    write(700)
    folder = export(tmp_path / "log")
    assert audit(folder).returncode == 0
    content = bytearray((folder / damaged).read_bytes())
    content[40] ^= 1
    (folder / damaged).write_bytes(content)
    found = [audit(folder).returncode, aics("verify-checkpoint", "--tiles", folder, *trusting()).returncode]
    assert any(found)
