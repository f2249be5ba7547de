"""Codes of an app."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from ledger.parties.security.totp import address_of, code_at, in_groups, new_secret, step_of

# RFC 6238, appendix B: the secret, and times with the last six digits of what they give.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = {
    59: "287082",
    1_111_111_109: "081804",
    1_111_111_111: "050471",
    1_234_567_890: "005924",
    2_000_000_000: "279037",
    20_000_000_000: "353130",
}


@pytest.mark.parametrize(("at", "code"), VECTORS.items())
def test_codes_are_those_of_the_standard(at, code):
    assert code_at(SECRET, at // 30) == code
    assert step_of(SECRET, code, at=at) == at // 30


@pytest.mark.parametrize("off", [-30, 0, 30])
def test_a_clock_may_be_off_by_a_step(off):
    assert step_of(SECRET, "005924", at=1_234_567_890 + off) == 1_234_567_890 // 30


@pytest.mark.parametrize("off", [-60, 60, 3_600])
def test_a_clock_that_is_off_by_more_is_refused(off):
    assert step_of(SECRET, "005924", at=1_234_567_890 + off) is None


def test_what_was_used_is_refused_with_all_before_it():
    step = 1_234_567_890 // 30
    at = 1_234_567_890
    assert step_of(SECRET, code_at(SECRET, step), at=at, after=step) is None
    assert step_of(SECRET, code_at(SECRET, step - 1), at=at, after=step) is None
    assert step_of(SECRET, code_at(SECRET, step + 1), at=at, after=step) == step + 1


@pytest.mark.parametrize("code", ["", "0", "00592", "0059240", "００５９２４", "5924", "\x00" * 6, "x" * 10_000])
def test_what_is_no_code_is_refused(code):
    assert step_of(SECRET, code, at=1_234_567_890) is None


def test_a_new_secret_is_long_and_said_in_groups():
    secret = new_secret()
    assert len(base64.b32decode(secret)) == 20
    assert secret != new_secret()
    assert in_groups(secret).replace(" ", "") == secret


def test_an_app_reads_name_and_secret():
    parts = urlsplit(address_of(SECRET, name="wu&secret=x", issuer="田汇"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {"secret": [SECRET], "issuer": ["田汇"]}
