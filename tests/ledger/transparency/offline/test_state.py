"""What was seen before is remembered: a log that was cut short or rewritten since is found, though its key has signed it."""

import json

import pytest

from ledger.transparency.notes import Signer
from tests.benchmarks.large_log import ORIGIN, SEED, Story
from tests.log_folders import write_folder

SIGNER = Signer(ORIGIN, SEED)
ENTRIES = list(Story().tell(1_300))
# Sizes at which no fact is half told: the product signs no others.
ENDS = [size for size in range(1, 1_301) if b'"trade":' in ENTRIES[size - 1]]


def end_after(size):
    return next(end for end in ENDS if end >= size)


SIZES = [end_after(size) for size in (1_010, 1_100, 1_200)]


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state.json"


@pytest.fixture
def look(tmp_path, state, verify):
    """Write a log of some entries, and verify it against what was seen before."""
    looks = iter(range(100))

    def look(entries):
        folder = tmp_path / f"log{next(looks)}"
        write_folder(folder, entries, SIGNER)
        return verify(folder, SIGNER.vkey, "--state", state)

    return look


def problems(report):
    return [finding["problem"] for finding in report["findings"]]


def test_a_log_that_grows_goes_on_from_all_that_was_seen(look, state):
    for size in SIZES:
        assert look(ENTRIES[:size])["verified"]
    assert look(ENTRIES)["consistent_with"] == SIZES
    assert look(ENTRIES)["consistent_with"] == [*SIZES, 1_300]
    content = json.loads(state.read_text())
    assert content["origin"] == ORIGIN
    assert list(content["checkpoints"]) == [str(size) for size in (*SIZES, 1_300)]


def test_a_log_cut_short_and_signed_again_is_found(look, state):
    look(ENTRIES)
    before = state.read_bytes()
    assert problems(look(ENTRIES[: SIZES[2]])) == [
        f"The log was cut short: 1300 records were signed when you last looked, now there are {SIZES[2]}."
    ]
    assert state.read_bytes() == before


def test_a_log_that_was_rewritten_and_signed_again_is_found(look, state):
    for size in SIZES:
        look(ENTRIES[:size])
    before = state.read_bytes()
    at = next(at for at in range(SIZES[1], SIZES[2]) if b'"kind":"settlement"' in ENTRIES[at])
    fork = [*ENTRIES[:at], ENTRIES[at].replace(b'"actor":"system"', b'"actor":"nobody"'), *ENTRIES[at + 1 :]]
    assert problems(look(fork)) == [
        f"The log was rewritten: its first {SIZES[2]} records are not those that were signed when you last looked"
        f" (the difference is among records {SIZES[1]} to {SIZES[2] - 1})."
    ]
    assert state.read_bytes() == before
    assert look(ENTRIES)["consistent_with"] == SIZES


def test_a_fork_of_one_size_is_found(look):
    look(ENTRIES[: SIZES[0]])
    fork = [*ENTRIES[: SIZES[0] - 1], ENTRIES[-1]]
    assert problems(look(fork))[0].startswith(f"The log was rewritten: its first {SIZES[0]} records")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is not a state file."),
        ("[]", "is not a state file."),
        ('{"format": 2}', "is not a state file."),
        ('{"format": 1, "origin": "x", "checkpoints": {"0": ""}}', "is not a state file."),
        (
            '{"format": 1, "origin": "x/log", "checkpoints": {}}',
            "remembers the log x/log, and this is tianhui.bench/log.",
        ),
    ],
)
def test_a_state_file_of_no_use_is_refused(run, tmp_path, state, content, says):
    write_folder(tmp_path / "log", ENTRIES[:300], SIGNER)
    state.write_text(content)
    status, out, errors = run("verify", tmp_path / "log", "--key", SIGNER.vkey, "--state", state)
    assert (status, out, errors) == (2, "", f"{state} {says}\n")
    assert state.read_text() == content


def test_a_state_file_that_cannot_be_written_is_said_so(run, tmp_path):
    write_folder(tmp_path / "log", ENTRIES, SIGNER)
    path = tmp_path / "nowhere" / "state.json"
    status, _out, errors = run("verify", tmp_path / "log", "--key", SIGNER.vkey, "--state", path)
    assert (status, errors) == (2, f"{path} cannot be written: No such file or directory.\n")
