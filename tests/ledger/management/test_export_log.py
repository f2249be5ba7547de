"""The log is written into a folder as C2SP has it, goes on from an earlier export, and spoils nothing that is not its own."""

import base64
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from ledger.models import Checkpoint, Record
from ledger.transparency import selectors
from ledger.transparency.keys import log_signer
from ledger.transparency.offline.bundles import split_bundle
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from ledger.transparency.tiles import tile_address, tiles_of

pytestmark = pytest.mark.django_db


def grow(count):
    """Append so many records, and bring them into the log."""
    with transaction.atomic():
        append_records([NewRecord("weather_seen", {"day": day}, "system", timezone.now()) for day in range(count)])
    sequence_log()


def export(folder, *arguments):
    out = StringIO()
    call_command("export_log", str(folder), *arguments, stdout=out)
    return dict(line.split(None, 1) for line in out.getvalue().splitlines())


def files(folder):
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def expected(size):
    tiles = {f"tile/{level}/{tile_address(number, width)}" for level, number, width in tiles_of(size)}
    bundles = {f"tile/entries/{tile_address(number, width)}" for level, number, width in tiles_of(size) if level == 0}
    return tiles | bundles | {"checkpoint", "vkey"}


def test_a_folder_holds_the_log_as_it_is_served(tmp_path, client):
    grow(600)
    folder = tmp_path / "new" / "log"
    assert export(folder) == {"size": "600", "new": "600", "folder": str(folder)}
    assert files(folder).keys() == expected(600)
    assert (folder / "vkey").read_text() == f"{log_signer().vkey}\n"
    for name in files(folder).keys() - {"vkey"}:
        if "entries" not in name:
            response = client.get(f"/log/{name}")
            assert (response.status_code, response.content) == (200, (folder / name).read_bytes())
    entries, rest = split_bundle((folder / "tile/entries/002.p/88").read_bytes())
    assert (entries, rest) == ([bytes(each.entry) for each in Record.objects.order_by("pk")[512:600]], False)


def test_an_export_goes_on_from_an_earlier_one(tmp_path):
    grow(600)
    export(tmp_path)
    before = files(tmp_path)
    grow(1_000)
    assert export(tmp_path) == {"size": "1600", "new": "1000", "folder": str(tmp_path)}
    after = files(tmp_path)
    assert after.keys() == expected(1_600)
    assert {name for name in before if after.get(name) == before[name]} == {
        "tile/0/000",
        "tile/0/001",
        "tile/entries/000",
        "tile/entries/001",
    }


def test_an_export_without_news_changes_no_tile(tmp_path):
    grow(300)
    export(tmp_path)
    before = files(tmp_path)
    assert export(tmp_path)["new"] == "0"
    after = files(tmp_path)
    assert {name for name in before if after[name] != before[name]} == {"checkpoint", "vkey"}


def test_an_export_that_was_broken_off_is_taken_up_again(tmp_path, monkeypatch):
    grow(700)
    read, reads = selectors.entries, iter(range(100))

    def stumble(first, count):
        if next(reads) == 2:
            raise KeyboardInterrupt
        return read(first, count)

    monkeypatch.setattr(selectors, "entries", stumble)
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path)
    assert files(tmp_path).keys() == {"vkey", "tile/entries/000", "tile/entries/001"}
    monkeypatch.undo()
    grow(100)
    (tmp_path / "tile/entries/.writing-abc").write_bytes(b"half a fi")
    (tmp_path / "tile/0/001.p").mkdir(parents=True)
    (tmp_path / "tile/0/001.p/3").write_bytes(b"")
    assert export(tmp_path)["new"] == "800"
    assert files(tmp_path).keys() == expected(800)


def test_an_earlier_state_is_written_where_it_is_asked_for(tmp_path):
    grow(300)
    grow(200)
    assert export(tmp_path, "--upto", "499")["size"] == "300"
    assert (tmp_path / "checkpoint").read_text() == Checkpoint.objects.get(tree_size=300).note
    assert files(tmp_path).keys() == expected(300)
    with pytest.raises(CommandError, match="Nothing is signed yet"):
        export(tmp_path, "--upto", "299")
    with pytest.raises(CommandError, match="from 1"):
        export(tmp_path, "--upto", "0")


def test_a_longer_export_is_not_cut_short(tmp_path):
    grow(300)
    grow(200)
    export(tmp_path)
    before = files(tmp_path)
    with pytest.raises(CommandError, match="holds 500 records already, more than 300"):
        export(tmp_path, "--upto", "300")
    assert files(tmp_path) == before


def test_an_empty_log_is_not_written(tmp_path):
    with pytest.raises(CommandError, match="Nothing is signed yet"):
        export(tmp_path / "log")
    assert not (tmp_path / "log").exists()


def root_of_another_log(text):
    lines = text.split("\n")
    lines[2] = base64.b64encode(bytes(32)).decode()
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "thesis.txt").write_text("my only copy"), "holds something else: thesis.txt"),
        (lambda folder: (folder / "vkey").unlink(), "there is no vkey in it"),
        (lambda folder: (folder / "vkey").write_text("log+00+AAAA"), "its vkey is of another key"),
        (lambda folder: (folder / "checkpoint").write_text("nonsense"), "The checkpoint in .* is malformed"),
        (lambda folder: (folder / "checkpoint").write_bytes(b"\xff"), "The checkpoint in .* is malformed"),
        (
            lambda folder: (folder / "checkpoint").write_text(root_of_another_log((folder / "checkpoint").read_text())),
            "its checkpoint has another root",
        ),
    ],
)
def test_a_folder_that_holds_something_else_is_left_alone(tmp_path, spoil, says):
    grow(300)
    export(tmp_path)
    spoil(tmp_path)
    before = files(tmp_path)
    with pytest.raises(CommandError, match=says):
        export(tmp_path)
    assert files(tmp_path) == before


def test_a_place_that_cannot_be_written_is_said_so(tmp_path):
    grow(1)
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written: "):
        export(tmp_path / "file" / "log")
