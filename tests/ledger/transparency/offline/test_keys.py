"""Keys that change are followed from the one that was handed over; witnesses must have cosigned."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.transparency.notes import Signer, key_id, rotation_text
from tests.benchmarks.large_log import Story
from tests.log_folders import encode, write_folder

ORIGIN = "tianhui.test/keys"
FIRST, SECOND, THIRD = (Signer(ORIGIN, bytes([number]) * 32) for number in (1, 2, 3))
ENTRIES = list(Story().tell(1_100))
WITNESS_NAME, WITNESS_SEED = "witness.example", bytes([9]) * 32
COSIGNED_AT = 1_764_000_000


def problems(report):
    return [finding["problem"] for finding in report["findings"]]


def rotated(number, old, new, *, signers=None, text=None):
    """Return an entry by which the log changes its key."""
    text = text or rotation_text(old.vkey, new.vkey)
    one, *others = [signer.sign(text) for signer in signers or (old, new)]
    note = one + "".join(other.rpartition("\n\n")[2] for other in others)
    body = {"old_vkey": old.vkey, "new_vkey": new.vkey, "note": note}
    head = {"v": 1, "id": str(10_000 + number), "kind": "log_key_rotated", "at": "2026-03-01T00:00:00.000000Z"}
    return encode(head | {"actor": "system", "nonce": "A" * 22, "body": body})


@pytest.fixture
def log(tmp_path):
    """Write a log that has had three keys."""
    entries = [*ENTRIES[:500], rotated(1, FIRST, SECOND), *ENTRIES[500:900], rotated(2, SECOND, THIRD), *ENTRIES[900:]]
    write_folder(tmp_path, entries, THIRD)
    return tmp_path


@pytest.mark.parametrize("key", [FIRST, SECOND, THIRD])
def test_any_key_that_the_log_has_had_leads_to_the_newest(log, verify, key):
    report = verify(log, key.vkey)
    assert report["verified"], report["findings"]
    assert report["signed_by"] == THIRD.vkey
    assert [rotation["index"] for rotation in report["rotations"]] == [500, 901]


def test_the_summary_tells_of_the_change(log, run):
    _status, out, _errors = run("verify", log, "--key", FIRST.vkey)
    assert f"Its signature is that of {THIRD.vkey}.\n" in out
    assert "Its key was changed in record 500, signed by the old key and the new one.\n" in out


def test_a_key_that_the_log_never_had_is_refused(log, verify):
    stranger = Signer(ORIGIN, bytes(32))
    assert problems(verify(log, stranger.vkey))[0] == (
        f"The log has had the keys {FIRST.vkey}, {SECOND.vkey}, {THIRD.vkey}; the key that you gave is none of them."
    )


def test_an_old_key_signs_no_checkpoint_after_the_change(tmp_path, verify):
    write_folder(tmp_path, [*ENTRIES[:500], rotated(1, FIRST, SECOND), *ENTRIES[500:]], FIRST)
    found = problems(verify(tmp_path, FIRST.vkey))
    assert f"The checkpoint is not signed by {SECOND.vkey}: no signature of {ORIGIN} with this key." in found


@pytest.mark.parametrize(
    ("rotation", "says"),
    [
        (rotated(1, FIRST, SECOND, signers=[SECOND]), "is not signed by both keys"),
        (rotated(1, FIRST, SECOND, signers=[FIRST]), "is not signed by both keys"),
        (rotated(1, FIRST, SECOND, signers=[FIRST, THIRD]), "is not signed by both keys"),
        (rotated(1, FIRST, SECOND, text="another text\n"), "says something else than its record"),
        (rotated(1, FIRST, Signer("another.name/log", bytes(32))), "changes to one of another name"),
    ],
)
def test_a_change_that_both_keys_have_not_signed_is_found(tmp_path, verify, rotation, says):
    write_folder(tmp_path, [*ENTRIES[:500], rotation, *ENTRIES[500:]], SECOND)
    finding = verify(tmp_path, FIRST.vkey)["findings"][0]
    assert (finding["index"], finding["kind"]) == (500, "log_key_rotated")
    assert says in finding["problem"]


def test_a_change_from_a_key_that_signs_no_more_is_found(tmp_path, verify):
    entries = [*ENTRIES[:500], rotated(1, FIRST, SECOND), rotated(2, FIRST, THIRD), *ENTRIES[500:]]
    write_folder(tmp_path, entries, THIRD)
    finding = verify(tmp_path, FIRST.vkey)["findings"][0]
    assert (finding["index"], finding["problem"]) == (501, "the log's key changes from another one than it last had")


@pytest.mark.parametrize(
    ("keys", "holds"),
    [
        ([(0, FIRST), (501, SECOND), (902, THIRD)], True),
        ([(0, FIRST), (502, SECOND), (902, THIRD)], False),
        ([(0, FIRST), (902, THIRD)], False),
    ],
)
def test_the_list_of_keys_beside_the_log_must_be_the_logs(log, verify, keys, holds):
    (log / "keys").write_text("".join(f"{size} {signer.vkey}\n" for size, signer in keys))
    assert verify(log, FIRST.vkey)["verified"] is holds


# Witnesses


def witness_vkey(name=WITNESS_NAME, seed=WITNESS_SEED):
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return f"{name}+{key_id(name, 4, public).hex()}+{base64.b64encode(bytes([4]) + public).decode()}"


def cosign(folder, text=None, seconds=COSIGNED_AT):
    """Put a witness's line under a log's checkpoint."""
    path = folder / "checkpoint"
    note = path.read_text()
    key = Ed25519PrivateKey.from_private_bytes(WITNESS_SEED)
    text = text or note.partition("\n\n")[0] + "\n"
    signature = key.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    own_id = key_id(WITNESS_NAME, 4, key.public_key().public_bytes_raw())
    line = base64.b64encode(own_id + COSIGNED_AT.to_bytes(8, "big") + signature).decode()
    path.write_text(f"{note}— {WITNESS_NAME} {line}\n")


def test_a_witness_that_has_cosigned_is_reported(log, verify, run):
    cosign(log)
    report = verify(log, FIRST.vkey, "--witness", witness_vkey())
    assert report["verified"]
    assert report["cosigned_at"] == {WITNESS_NAME: "2025-11-24T16:00:00+00:00"}
    _status, out, _errors = run("verify", log, "--key", FIRST.vkey, "--witness", witness_vkey())
    assert f"The witness {WITNESS_NAME} has cosigned it, on 2025-11-24 at 16:00:00 UTC.\n" in out


def test_a_witness_that_has_not_cosigned_is_missed(log, verify):
    says = f"The checkpoint is not witnessed as you asked: {WITNESS_NAME} has not cosigned it with this key."
    assert problems(verify(log, FIRST.vkey, "--witness", witness_vkey())) == [says]


def test_a_witness_with_another_key_is_not_the_one(log, verify):
    cosign(log)
    other = witness_vkey(seed=bytes(32))
    assert "has not cosigned it with this key" in problems(verify(log, FIRST.vkey, "--witness", other))[0]


@pytest.mark.parametrize("lie", [{"text": "tianhui.test/keys\n7\nAAAA\n"}, {"seconds": COSIGNED_AT + 1}])
def test_a_cosignature_of_something_else_does_not_hold(log, verify, lie):
    cosign(log, **lie)
    says = f"The checkpoint is not witnessed as you asked: the signature of {WITNESS_NAME} does not hold."
    assert problems(verify(log, FIRST.vkey, "--witness", witness_vkey())) == [says]


def test_the_logs_own_key_is_no_witness(log, run):
    status, _out, errors = run("verify", log, "--key", FIRST.vkey, "--witness", FIRST.vkey)
    assert (status, errors.startswith("--witness: the verifier key is not of an Ed25519 key of type 4")) == (2, True)
