"""Cosignatures of witnesses, and proofs as text."""

import base64
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.cosignatures import CosignatureSigner, CosignatureVerifier, verify_checkpoint
from ledger.transparency.merkle import empty_root
from ledger.transparency.notes import (
    MAX_NOTE_BYTES,
    NoteError,
    Signer,
    Verifier,
    checkpoint_text,
    decode_vkey,
    encode_vkey,
    key_id,
    parse_note,
)
from ledger.transparency.proofs import InclusionText, decode_inclusion, encode_inclusion

LOG = Signer("tianhui.test/log", bytes(range(32)))
WITNESS = CosignatureSigner("witness.test/w1", bytes(range(1, 33)))
OTHER = CosignatureSigner("witness.test/w2", bytes(range(2, 34)))
TEXT = checkpoint_text("tianhui.test/log", 7, bytes(range(32)))
NOTE = LOG.sign(TEXT)
LINE = WITNESS.signature_line(TEXT, 1_700_000_000)


def verified(note, *witnesses):
    return verify_checkpoint(note, Verifier(LOG.vkey), [CosignatureVerifier(each.vkey) for each in witnesses])


def test_a_cosignature_is_made_as_published():
    raw = base64.b64decode(LINE.split(" ")[2])
    assert LINE.startswith("— witness.test/w1 ")
    assert raw[:4] == key_id("witness.test/w1", 4, WITNESS.public_key)
    assert int.from_bytes(raw[4:12], "big") == 1_700_000_000
    message = b"cosignature/v1\ntime 1700000000\n" + TEXT.encode()
    Ed25519PublicKey.from_public_bytes(WITNESS.public_key).verify(raw[12:], message)
    name, hex_id, key = WITNESS.vkey.split("+", 2)
    assert (name, hex_id) == ("witness.test/w1", raw[:4].hex())
    assert base64.b64decode(key) == b"\x04" + WITNESS.public_key


def test_a_checkpoint_is_verified_with_the_witnesses_that_one_knows():
    note = NOTE + LINE + OTHER.signature_line(TEXT, 5)
    found = verified(note, WITNESS, OTHER)
    assert (found.body.origin, found.body.size, found.body.root) == ("tianhui.test/log", 7, bytes(range(32)))
    assert [(each.name, each.seconds) for each in found.cosignatures] == [
        ("witness.test/w1", 1_700_000_000),
        ("witness.test/w2", 5),
    ]
    assert found.cosignatures[0].line == LINE
    assert verified(note).cosignatures == ()
    assert verified(NOTE, WITNESS).cosignatures == ()


def test_lines_of_unknown_keys_and_types_are_not_looked_at():
    unknown = [
        Signer("tianhui.test/log", bytes(32)).signature_line(TEXT),
        Signer("witness.test/w1", bytes(range(1, 33))).signature_line(TEXT),
        f"— somebody.test {base64.b64encode(b'1234' + bytes(2_420)).decode()}\n",
        f"— witness.test/w1 {base64.b64encode(b'1234?').decode()}\n",
    ]
    assert len(verified(NOTE + "".join(unknown) + LINE, WITNESS).cosignatures) == 1


def test_a_line_that_is_there_twice_counts_once():
    assert len(verified(NOTE + LINE + LINE, WITNESS).cosignatures) == 1
    later = WITNESS.signature_line(TEXT, 1_700_000_009)
    assert verified(NOTE + later + LINE, WITNESS).cosignatures[0].seconds == 1_700_000_009


def test_a_witness_under_two_names_counts_once():
    again = CosignatureSigner("witness.test/again", bytes(range(1, 33)))
    note = NOTE + LINE + again.signature_line(TEXT, 1)
    assert len(verified(note, WITNESS, again).cosignatures) == 1


def damaged_lines():
    raw = base64.b64decode(LINE.split(" ")[2])
    for changed in (
        raw[:4] + (1_700_000_001).to_bytes(8, "big") + raw[12:],
        raw[:4] + b"\xff" * 8 + raw[12:],
        raw[:-1] + bytes([raw[-1] ^ 1]),
        raw[:-1],
        raw + b"\x00",
        raw[:11],
    ):
        yield f"— witness.test/w1 {base64.b64encode(changed).decode()}\n"


@pytest.mark.parametrize("line", list(damaged_lines()))
def test_a_damaged_line_of_a_known_witness_spoils_the_checkpoint(line):
    for note in (NOTE + line, NOTE + LINE + line, NOTE + line + LINE):
        with pytest.raises(NoteError):
            verified(note, WITNESS)
        assert verified(note).body.size == 7


def test_a_damaged_line_of_the_log_beside_a_good_one_spoils_the_note():
    bad = Signer("tianhui.test/log", bytes(range(32))).signature_line("other\n")
    with pytest.raises(NoteError):
        verified(NOTE + bad)


def test_a_cosignature_of_another_checkpoint_does_not_hold():
    elsewhere = WITNESS.signature_line(checkpoint_text("tianhui.test/log", 8, bytes(32)), 1_700_000_000)
    with pytest.raises(NoteError):
        verified(NOTE + elsewhere, WITNESS)


def test_a_checkpoint_of_another_log_that_the_key_signed_is_refused():
    with pytest.raises(NoteError, match="another log"):
        verified(LOG.sign(checkpoint_text("elsewhere.test/log", 7, bytes(32))))


def test_a_cosigner_signs_checkpoints_alone():
    with pytest.raises(NoteError):
        WITNESS.signature_line("a text\n", 1)


SMALL = (1).to_bytes(32, "little")


@pytest.mark.parametrize(
    "vkey",
    [
        LOG.vkey,
        encode_vkey("w", WITNESS.public_key, 2),
        encode_vkey("w", WITNESS.public_key, 5),
        encode_vkey("w", WITNESS.public_key + b"x", 4),
        encode_vkey("w", SMALL, 4),
        encode_vkey("w", b"\xff" * 32, 4),
        encode_vkey("two words", WITNESS.public_key, 4),
        WITNESS.vkey[:-4],
        WITNESS.vkey[:-1] + "=",
        WITNESS.vkey.replace("+", "++", 1),
        WITNESS.vkey.replace("w1", "w9"),
        WITNESS.vkey + "\n\nx",
        "",
    ],
)
def test_a_key_of_another_type_or_malformed_is_no_witness(vkey):
    with pytest.raises(NoteError):
        CosignatureVerifier(vkey)


def test_a_witness_key_is_no_log_key():
    with pytest.raises(NoteError):
        decode_vkey(WITNESS.vkey)


# Hostile notes

HOSTILE = [
    b"",
    b"\n",
    b"\n\n",
    b"\xff\xfe" + NOTE.encode(),
    NOTE.encode().replace(b"\xe2\x80\x94", b"\xe2\x80"),
    NOTE.encode("utf-16"),
    NOTE.replace("\n", "\r\n").encode(),
    NOTE.replace("\n\n", "\n\r\n").encode(),
    NOTE.encode() + b"\x00",
    NOTE.encode() + b"\n",
    NOTE.encode() + b"\n\n",
    NOTE.encode()[:-1],
    NOTE.encode().replace(b" ", b"  "),
    NOTE.encode().replace(b" ", "\u00a0".encode()),
    (NOTE[:-3] + "-_\n").encode(),
    (NOTE[:-2] + " =\n").encode(),
    (NOTE[:-1] + "====\n").encode(),
    (NOTE[:-1] + "AAAA\n").encode(),
    NOTE.encode() + "— name\n".encode(),
    NOTE.encode() + "— a+b AAAAAAA=\n".encode(),
    NOTE.encode() + "— name AAAA\n".encode(),
    NOTE.encode() + "— na\u2003me AAAAAAA=\n".encode(),
    (TEXT + "\n" + LOG.signature_line(TEXT) * 101).encode(),
    TEXT.encode() + b"\n" + b"x" * MAX_NOTE_BYTES,
    (TEXT + "\n").encode(),
]


@pytest.mark.parametrize("note", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_note_is_refused_in_words(note):
    with pytest.raises(NoteError):
        verified(note, WITNESS)


def test_half_a_character_is_refused():
    with pytest.raises(NoteError):
        parse_note("\ud800" + NOTE)


def test_base64_with_bits_left_over_is_refused():
    # 68 bytes: the last letter before the padding has two bits to spare.
    sloppy = NOTE[:-3] + chr(ord(NOTE[-3]) + 1) + "=\n"
    assert base64.b64decode(sloppy.split(" ")[-1]) == base64.b64decode(NOTE.split(" ")[-1])
    with pytest.raises(NoteError, match="canonical"):
        verified(sloppy)


def test_a_hundred_signatures_are_read():
    others = [Signer(f"other.test/{at}", bytes(32)).signature_line(TEXT) for at in range(98)]
    assert len(verified(NOTE + "".join(others) + LINE, WITNESS).cosignatures) == 1


@given(st.binary(max_size=200))
def test_no_bytes_bring_anything_but_a_refusal(note):
    with pytest.raises(NoteError):
        verified(note, WITNESS)


@given(st.integers(0, len(NOTE + LINE) - 1), st.sampled_from("\n\r\x00 A=+—\u00a0é9"))
def test_a_checkpoint_with_one_letter_changed_never_says_something_else(at, letter):
    note = NOTE + LINE
    changed = note[:at] + letter + note[at + 1 :]
    try:
        found = verified(changed, WITNESS)
    except NoteError:
        return
    assert found.body == verified(note).body
    assert found.cosignatures in ((), verified(note, WITNESS).cosignatures)


# Proofs as text

PROOF = InclusionText(3, (bytes(32), b"\x01" * 32), NOTE, b"the entry")


def test_a_proof_as_text_has_the_published_form():
    zero, one = base64.b64encode(bytes(32)).decode(), base64.b64encode(b"\x01" * 32).decode()
    assert encode_inclusion(PROOF) == (f"c2sp.org/tlog-proof@v1\nextra dGhlIGVudHJ5\nindex 3\n{zero}\n{one}\n\n{NOTE}")


@pytest.mark.parametrize("proof", [PROOF, InclusionText(0, (), NOTE), InclusionText(2**40, (bytes(32),) * 41, NOTE)])
def test_a_proof_as_text_is_read_back(proof):
    assert decode_inclusion(encode_inclusion(proof)) == proof


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\n\nx",
        "c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nx",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx",
        f"c2sp.org/tlog-proof@v1\nindex {2**64}\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\r\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{base64.b64encode(empty_root()).decode()}\n" * 64 + "\nx",
    ],
)
def test_a_malformed_proof_is_refused(text):
    with pytest.raises(NoteError):
        decode_inclusion(text)


def test_verification_needs_neither_django_nor_cryptography():
    script = f"""
import sys
sys.modules["django"] = sys.modules["cryptography"] = sys.modules["celery"] = None
from ledger.transparency.notes import Verifier
from ledger.transparency.cosignatures import CosignatureVerifier, verify_checkpoint
import ledger.transparency.witness, ledger.transparency.proofs
found = verify_checkpoint({NOTE + LINE!r}, Verifier({LOG.vkey!r}), [CosignatureVerifier({WITNESS.vkey!r})])
assert found.body.size == 7 and len(found.cosignatures) == 1
"""
    subprocess.run([sys.executable, "-c", script], check=True)
