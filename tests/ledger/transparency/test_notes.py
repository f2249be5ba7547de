"""Signed notes, checkpoints and keys, as C2SP has them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency import ed25519
from ledger.transparency.notes import (
    NoteError,
    Signer,
    Verifier,
    checkpoint_text,
    decode_vkey,
    encode_vkey,
    parse_checkpoint,
    parse_note,
)

SEED = bytes(range(32))


def test_what_is_signed_verifies_with_the_key_that_is_handed_out():
    signer = Signer("tianhui.example/log", SEED)
    note = signer.sign("one\n\ntwo\n")
    assert Verifier(signer.vkey).verify(note) == "one\n\ntwo\n"
    assert encode_vkey(*decode_vkey(signer.vkey)) == signer.vkey


def test_a_changed_note_does_not_verify():
    signer = Signer("tianhui.example/log", SEED)
    note = signer.sign("size 7\n")
    verifier = Verifier(signer.vkey)
    other = Signer("tianhui.example/log", bytes(32))
    elsewhere = Signer("elsewhere/log", SEED)
    changed = [
        note.replace("size 7", "size 8"),
        note.replace("\n\n", "\n"),
        note[:-1],
        note + "x\n",
        note.replace("— ", "- "),
        note.replace("=\n", "!\n"),
        "size 7\n\n",
        "",
        "\x00" + note,
        note.replace("\n\n", "\r\n\r\n"),
        other.sign("size 7\n"),
        elsewhere.sign("size 7\n"),
        note[:-9] + "AAAAAAA=\n",
    ]
    for attempt in changed:
        with pytest.raises(NoteError):
            verifier.verify(attempt)


def test_a_note_may_carry_other_peoples_signatures():
    signer, witness = Signer("tianhui.example/log", SEED), Signer("witness", bytes(32))
    text = "size 7\n"
    both = signer.sign(text) + witness.sign(text).rpartition("\n\n")[2]
    assert Verifier(signer.vkey).verify(both) == Verifier(witness.vkey).verify(both) == text
    assert [line.name for line in parse_note(both).signatures] == ["tianhui.example/log", "witness"]


@pytest.mark.parametrize(
    "vkey",
    ["", "name", "name+00000000", "name+00000000+!!!", "name+00000000+AAAA", "a+b+c+d"],
)
def test_a_malformed_key_is_refused(vkey):
    with pytest.raises(NoteError):
        decode_vkey(vkey)


def test_a_key_with_another_id_is_refused():
    name, _id, key = Signer("log", SEED).vkey.split("+", 2)
    with pytest.raises(NoteError):
        decode_vkey(f"{name}+00000000+{key}")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\t"])
def test_a_keys_name_has_no_space_and_no_plus(name):
    with pytest.raises(NoteError):
        Signer(name, SEED)


@pytest.mark.parametrize("text", ["", "no newline", "bell \a\n"])
def test_what_is_no_text_is_not_signed(text):
    with pytest.raises(NoteError):
        Signer("log", SEED).sign(text)


def test_a_checkpoint_says_origin_size_and_root():
    root = bytes(range(32))
    text = checkpoint_text("tianhui.example/log", 1_234, root)
    assert text == f"tianhui.example/log\n1234\n{base64.b64encode(root).decode()}\n"
    body = parse_checkpoint(text)
    assert (body.origin, body.size, body.root) == ("tianhui.example/log", 1_234, root)
    assert parse_checkpoint(text + "an extension\n") == body


@pytest.mark.parametrize(
    "text",
    ["", "log\n", "log\n1\n", "\n1\nAAAA\n", "log\n01\nAAAA\n", "log\n-1\nAAAA\n", "log\n１\nAAAA\n", "log\n1\n!\n", "log\n1\nAAAA\n"],
)  # fmt: skip
def test_a_malformed_checkpoint_is_refused(text):
    with pytest.raises(NoteError):
        parse_checkpoint(text)


# The verification in plain Python


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64))
def test_our_ed25519_agrees_with_another_one(seed, message):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert ed25519.verify(public, message, signature)
    assert not ed25519.verify(public, message + b"!", signature)
    assert not ed25519.verify(public, message, bytes([signature[0] ^ 1]) + signature[1:])
    assert not ed25519.verify(public, message, signature[:32] + bytes([signature[32] ^ 1]) + signature[33:])
