"""Whatever is handed in, a statement comes out or a refusal: nothing else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidValue
from ledger.journal.bank.content import StatementContent
from ledger.journal.bank.models import BankEntry
from ledger.journal.bank.reading import read_statement
from ledger.journal.posting import MAX_AMOUNT
from ledger.texts import check_texts
from tests.statements import ACCOUNT, SAMPLES

NAMES = sorted(path.name for path in SAMPLES.iterdir())
# What files are made of, so that a change often leaves something that can almost be read.
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"<", b"</", b">", b"&", b"&#0;", b'"', b",", b"\n", b"-", b".", b"9" * 40, b"\x00", b"CRDT", b"USD"]
    ),
    st.sampled_from(
        [b"<Ntry>", b"</Ntry>", b"<TxDtls>", b"</TxDtls>", b"PDNG", b"0001-01-01", b"9999-12-31T23:59:59-12:00"]
    ),
)


@st.composite
def damaged(draw: Any) -> bytes:
    """Return a sample in which a few places are written over."""
    content = (SAMPLES / draw(st.sampled_from(NAMES))).read_bytes()
    for _time in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 30))
        content = content[:start] + draw(PIECES) + content[end:]
    return content


def read_or_refuse(content: bytes) -> StatementContent | None:
    try:
        return read_statement(content, account=ACCOUNT)
    except InvalidValue as error:
        refused = error
    assert refused.field in ("file", "account")
    assert 0 < len(str(refused)) < 600
    return None


@settings(max_examples=600, deadline=None)
@given(damaged())
def test_a_damaged_file_is_read_or_refused_and_what_is_read_can_be_kept(content: bytes) -> None:
    read = read_or_refuse(content)
    for each in read.entries if read is not None else ():
        assert 0 < each.amount_fen <= MAX_AMOUNT
        assert 0 < each.payments <= 1_000_000
        check_texts(BankEntry(bank_reference=each.reference, counterparty_name=each.counterparty_name, text=each.text))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
)
def test_any_bytes_are_refused(content: bytes) -> None:
    assert read_or_refuse(content) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_cut_short_is_refused_or_has_fewer_entries(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    whole = read_statement(content, account=ACCOUNT)
    for length in range(0, len(content), 7):
        part = read_or_refuse(content[:length])
        assert part is None or (name.endswith(".csv") and len(part.entries) <= len(whole.entries))
