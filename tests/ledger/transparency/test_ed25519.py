"""Ed25519 in plain Python: RFC 8032's vectors, and the edges at which implementations part."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.transparency import ed25519

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493

# RFC 8032 §7.1: tests 1, 2, 3 and SHA(abc): seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize("vector", RFC_8032, ids=["1", "2", "3", "SHA(abc)"])
def test_the_vectors_of_rfc_8032_hold(vector):
    seed, public, message, signature = (bytes.fromhex(part) for part in vector)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert (key.public_key().public_bytes_raw(), key.sign(message)) == (public, signature)
    assert ed25519.is_public_key(public)
    assert ed25519.verify(public, message, signature)
    assert not ed25519.verify(public, message + b"\x00", signature)


# The eight points of small order, in each encoding that there is.
SMALL_ORDER = [
    *(y.to_bytes(32, "little") for y in (0, 1, P - 1)),
    (1 << 255).to_bytes(32, "little"),
    *(
        bytes.fromhex(half + last)
        for half, last in (
            ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc", "05"),
            ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc", "85"),
            ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03", "7a"),
            ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03", "fa"),
        )
    ),
]
NOT_CANONICAL = [
    *((P + more).to_bytes(32, "little") for more in range(19)),
    ((1 << 255) | 1).to_bytes(32, "little"),  # x = 0 with a sign
    ((1 << 255) | (P - 1)).to_bytes(32, "little"),
    b"\xff" * 32,
]


@pytest.mark.parametrize("encoded", [*SMALL_ORDER, *NOT_CANONICAL], ids=bytes.hex)
def test_a_point_under_which_anyone_can_sign_is_no_key(encoded):
    assert not ed25519.is_public_key(encoded)
    identity = (1).to_bytes(32, "little")
    for nonce_point in (identity, *SMALL_ORDER):
        assert not ed25519.verify(encoded, b"any message", nonce_point + bytes(32))


def test_without_that_choice_anyone_could_sign_under_the_identity():
    identity = (1).to_bytes(32, "little")
    # OpenSSL, which follows RFC 8032 to the letter, takes this one.
    Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), b"any message")


@pytest.mark.parametrize("encoded", [b"", bytes(31), bytes(33), (2).to_bytes(32, "little")])
def test_what_is_no_point_is_no_key(encoded):
    assert not ed25519.is_public_key(encoded)
    assert not ed25519.verify(encoded, b"m", bytes(64))


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC, SIGNATURE = KEY.public_key().public_bytes_raw(), KEY.sign(b"m")
S = int.from_bytes(SIGNATURE[32:], "little")


def other_one_holds(public, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize(
    "signature",
    [
        SIGNATURE[:32] + (S + ORDER).to_bytes(32, "little"),
        SIGNATURE[:32] + ORDER.to_bytes(32, "little"),
        SIGNATURE[:32] + bytes(32),
        SIGNATURE[:32] + b"\xff" * 32,
        SIGNATURE[:31] + bytes([SIGNATURE[31] ^ 0x80]) + SIGNATURE[32:],
        bytes(32) + SIGNATURE[32:],
        (1).to_bytes(32, "little") + SIGNATURE[32:],
        P.to_bytes(32, "little") + SIGNATURE[32:],
        (P + 1).to_bytes(32, "little") + SIGNATURE[32:],
        bytes(64),
        b"\xff" * 64,
        SIGNATURE[:-1],
        SIGNATURE + b"\x00",
        b"",
    ],
    ids=bytes.hex,
)
def test_a_signature_in_another_form_does_not_hold_here_or_elsewhere(signature):
    assert ed25519.verify(PUBLIC, b"m", SIGNATURE)
    assert not ed25519.verify(PUBLIC, b"m", signature)
    assert not other_one_holds(PUBLIC, b"m", signature)


def test_the_equation_is_the_one_without_the_cofactor():
    """A key with a part of small order: with the cofactor all of these would hold, without it one in eight does."""
    small = ed25519._decode(SMALL_ORDER[4])
    mixed_point = ed25519._add(ed25519._decode(PUBLIC), small)
    inverse = pow(mixed_point[2], P - 2, P)
    x, y = mixed_point[0] * inverse % P, mixed_point[1] * inverse % P
    mixed = (y | (x & 1) << 255).to_bytes(32, "little")
    scalar = int.from_bytes(hashlib.sha512(bytes(range(32))).digest()[:32], "little")
    scalar = (scalar & ((1 << 254) - 8)) | (1 << 254)
    found = set()
    for at in range(40):
        message = b"m%d" % at
        k = int.from_bytes(hashlib.sha512(SMALL_ORDER[1] + mixed + message).digest(), "little") % ORDER
        signature = SMALL_ORDER[1] + (k * scalar % ORDER).to_bytes(32, "little")
        ours = ed25519.verify(mixed, message, signature)
        assert ours == other_one_holds(mixed, message, signature) == (k % 8 == 0)
        found.add(ours)
    assert found == {True, False}
