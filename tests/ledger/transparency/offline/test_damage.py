"""An exported folder that was damaged, cut or filled with strange files is told so in one line, never by a traceback."""

import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.transparency.notes import Signer, checkpoint_text
from tests.benchmarks.large_log import ORIGIN, SEED, write_log
from tests.log_folders import write_folder

RECORDS = 1_400
OTHER_KEY = Signer(ORIGIN, bytes(32)).vkey


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a folder with a log of five full bundles and one that is not, and its key."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, write_log(folder, RECORDS)


@pytest.fixture
def damaged(whole, tmp_path):
    """Return a copy of the log, to be damaged, and its key."""
    folder = tmp_path / "log"
    shutil.copytree(whole[0], folder)
    return folder, whole[1]


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def problems(report):
    return [finding["problem"] for finding in report["findings"]]


def test_a_made_up_log_holds(whole, verify):
    report = verify(*whole)
    assert (report["verified"], report["size"]) == (True, RECORDS)
    assert [path for path in files_of(whole[0]) if ".p/" in path] == [
        "tile/0/005.p/120",
        "tile/1/000.p/5",
        "tile/entries/005.p/120",
    ]


@given(data=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_byte_that_is_flipped_is_found(whole, verify, data):
    """In every kind of file; in entries and leaves the very record is named."""
    folder, vkey = whole
    name = data.draw(st.sampled_from(files_of(folder)))
    path = folder / name
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    flipped = bytearray(content)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(flipped)
    try:
        report = verify(folder, vkey)
    finally:
        path.write_bytes(content)
    # White space around a key, and base64's unused bits, say nothing.
    assert not report["verified"] or bytes(flipped).split() == content.split(), (name, at)
    if name.startswith(("tile/entries", "tile/0")):
        bundle = int(name.split("/")[2][:3])
        assert report["findings"][0]["index"] // 256 == bundle
    if name.startswith("tile/0"):
        assert report["findings"][0]["index"] == bundle * 256 + at // 32
        assert report["findings_total"] == 1


def test_a_byte_within_an_entry_names_its_record(damaged, verify):
    folder, vkey = damaged
    path = folder / "tile/entries/002"
    content = bytearray(path.read_bytes())
    at = content.index(b'"amount":') + 9
    content[at] ^= 1
    path.write_bytes(content)
    finding = verify(folder, vkey)["findings"][0]
    assert finding["problem"] == "its bytes and its hash in the tile of leaves do not agree"
    assert 512 <= finding["index"] < 768


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tile/0/003", "The file tile/0/003 is missing."),
        ("tile/1/000.p/5", "The file tile/1/000.p/5 is missing."),
        ("tile/entries/003", "it cannot be read: The file tile/entries/003 is missing"),
    ],
)
def test_a_file_that_is_missing_is_named(damaged, verify, name, says):
    folder, vkey = damaged
    (folder / name).unlink()
    assert says in problems(verify(folder, vkey))


def test_a_missing_bundle_names_the_first_record_that_cannot_be_read(damaged, verify):
    folder, vkey = damaged
    (folder / "tile/entries/003").unlink()
    report = verify(folder, vkey)
    assert report["findings"][0]["index"] == 768
    # The rest of the tree is compared with the help of the leaves' hashes, which are there.
    assert report["signed_root"] == report["rebuilt_root"]


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("tile/entries/001", -1, "ends within an entry"),
        ("tile/entries/001", 0, "has 0 entries, not 256"),
        ("tile/entries/001", 1, "ends within an entry"),
        ("tile/0/001", -32, "has 8160 bytes, not 8192"),
        ("tile/0/001", 8_193, "has more than the 8192 bytes that it can have"),
        ("tile/1/000.p/5", -1, "is not what the entries of records 0 to 1279 give"),
    ],
)
def test_a_file_of_another_size_is_named(damaged, verify, name, size, says):
    folder, vkey = damaged
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[:size] if size <= 1 else content.ljust(size, b"\0"))
    assert any(says in problem for problem in problems(verify(folder, vkey)))


def test_a_bundle_with_one_entry_too_many_is_named(damaged, verify):
    folder, vkey = damaged
    path = folder / "tile/entries/001"
    path.write_bytes(path.read_bytes() + b"\x00\x02{}")
    finding = verify(folder, vkey)["findings"][0]
    assert (finding["index"], finding["problem"]) == (
        512,
        "it cannot be read: The file tile/entries/001 has 257 entries, not 256",
    )


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "tile/0/006",
        "tile/0/005.p/7",
        "tile/0/004.p/7",
        "tile/2/000.p/1",
        "tile/x/000",
        "tile/entries/5",
        "tile/00/000",
    ],
)
def test_a_file_that_does_not_belong_to_the_log_is_named(damaged, verify, name):
    folder, vkey = damaged
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")
    assert problems(verify(folder, vkey)) == [f"The file {name} does not belong to a log of {RECORDS} records."]


def test_links_are_not_followed(damaged, verify, tmp_path):
    folder, vkey = damaged
    (folder / "tile/0/003").rename(tmp_path / "elsewhere")
    (folder / "tile/0/003").symlink_to(tmp_path / "elsewhere")
    assert problems(verify(folder, vkey)) == [
        "The file tile/0/003 is a link, not a file.",
        "The file tile/0/003 is no ordinary file.",
    ]


def test_a_pipe_is_not_waited_for(damaged, verify):
    folder, vkey = damaged
    (folder / "tile/0/003").unlink()
    os.mkfifo(folder / "tile/0/003")
    assert problems(verify(folder, vkey)) == ["The file tile/0/003 is no ordinary file."]


# Keys and checkpoints


def test_a_key_that_is_not_the_logs_is_said_so(whole, verify):
    folder, vkey = whole
    assert problems(verify(folder, OTHER_KEY)) == [
        f"The checkpoint is not signed by {OTHER_KEY}: no signature of {ORIGIN} with this key.",
        f"The folder's vkey is {vkey!r}, not {OTHER_KEY!r}.",
    ]


def test_a_folder_whose_key_is_another_is_said_so(damaged, verify):
    folder, vkey = damaged
    (folder / "vkey").write_text(f"{OTHER_KEY}\n")
    assert problems(verify(folder, vkey)) == [f"The folder's vkey is {OTHER_KEY!r}, not {vkey!r}."]


def test_a_folder_needs_no_key_in_it(damaged, verify):
    folder, vkey = damaged
    (folder / "vkey").unlink()
    assert verify(folder, vkey)["verified"]


def test_a_checkpoint_of_another_log_is_refused(damaged, verify):
    folder, vkey = damaged
    text = (folder / "checkpoint").read_text().partition("\n\n")[0] + "\n"
    (folder / "checkpoint").write_text(Signer(ORIGIN, SEED).sign(text.replace(ORIGIN, "elsewhere/log")))
    assert problems(verify(folder, vkey)) == [f"The checkpoint is of the log elsewhere/log, not of {ORIGIN}."]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The checkpoint is malformed: "),
        (b"\xff\n", "The checkpoint is not UTF-8."),
        (b"log\n1\nAAAA\n\n\xe2\x80\x94 log AAAAAAAAAA==\n", "The checkpoint is malformed: "),
    ],
)
def test_a_malformed_checkpoint_is_said_so(damaged, verify, content, says):
    folder, vkey = damaged
    (folder / "checkpoint").write_bytes(content)
    assert problems(verify(folder, vkey))[0].startswith(says)


def test_an_empty_log_is_nothing_to_verify(tmp_path, verify):
    signer = Signer(ORIGIN, SEED)
    write_folder(tmp_path, [], signer)
    assert problems(verify(tmp_path, signer.vkey)) == ["The checkpoint is of an empty log: there is nothing to verify."]


def test_a_checkpoint_of_more_records_than_there_are_is_found(damaged, verify):
    folder, vkey = damaged
    root = bytes(32)
    (folder / "checkpoint").write_text(Signer(ORIGIN, SEED).sign(checkpoint_text(ORIGIN, 10**15, root)))
    report = verify(folder, vkey)
    assert not report["verified"]
    assert len(report["findings"]) < 1_000


# What cannot be read at all


def test_no_folder_and_no_log_are_said_so(run, tmp_path):
    vkey = Signer(ORIGIN, SEED).vkey
    assert run("verify", tmp_path / "none", "--key", vkey) == (2, "", f"There is no folder {tmp_path / 'none'}.\n")
    status, out, errors = run("verify", tmp_path, "--key", vkey)
    assert (status, out) == (2, "")
    assert errors == "There is no log here: The file checkpoint is missing.\n"


@pytest.mark.parametrize("vkey", ["", "log", "log+00000000+AAAA", OTHER_KEY[:-4] + "AAAA"])
def test_a_malformed_key_is_refused(run, whole, vkey):
    status, out, errors = run("verify", whole[0], "--key", vkey)
    assert (status, out) == (2, "")
    assert errors.startswith("--key: ")
    status, out, errors = run("verify", whole[0], "--key", whole[1], "--witness", vkey)
    assert (status, out) == (2, "")
    assert errors.startswith("--witness: ")


def test_a_key_must_be_given(run, whole):
    status, _out, errors = run("verify", whole[0])
    assert (status, "--key" in errors) == (2, True)
