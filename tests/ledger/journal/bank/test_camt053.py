"""ISO 20022 statements: what is read of them, and what is refused."""

import datetime as dt

import pytest

from ledger.errors import InvalidValue
from ledger.journal.bank.content import CREDIT, DEBIT, MAX_BYTES, MAX_ENTRIES
from ledger.journal.bank.reading import read_statement
from ledger.journal.bank.safe_xml import MAX_DEPTH, MAX_ELEMENTS
from tests.statements import ACCOUNT, balance, camt, entry, message, period, sample, statement

JUNE_12 = dt.date(2026, 6, 12)


def refusal(content, field="file", **options):
    """Return why a file is refused, in one sentence."""
    with pytest.raises(InvalidValue) as refused:
        read_statement(content, **options)
    assert refused.value.field == field
    return str(refused.value)


def test_a_statement_of_version_2_is_read_to_the_fen():
    read = read_statement(sample("june-daily.camt.053.001.02.xml"))
    assert (read.format, read.account) == ("camt053", ACCOUNT)
    assert (read.starts_on, read.ends_on) == (JUNE_12, JUNE_12)
    assert (read.opening_fen, read.closing_fen, read.skipped) == (125_000_000, 133_244_950, 1)
    assert [(each.reference, each.signed_fen, each.counterparty_name, each.text) for each in read.entries] == [
        ("CCB2026061200004711", 10_250_050, "海屿纸业有限公司", "购买碳信用 入金"),
        ("CCB2026061200005120", -2_000_000, "青禾溪水稻专业合作社", "出金"),
        ("CCB2026061200005121", -5_100, "", "网银转账手续费"),
    ]
    assert [each.counterparty_account for each in read.entries] == ["592900010099887", "907020100100334455", ""]
    assert {each.booked_on for each in read.entries} == {JUNE_12}


def test_a_batch_of_version_8_is_split_where_the_bank_gives_each_amount():
    read = read_statement(sample("june-batch.camt.053.001.08.xml"))
    first, second, whole, reversal = read.entries
    assert (first.reference, first.amount_fen, first.counterparty_code) == (
        "CCB2026061800000901",
        3_000_001,
        "91350100MA2RZH0Y3K",
    )
    assert (second.reference, second.amount_fen, second.text) == (
        "CCB2026061800000902",
        1_500_001,
        "碳信用保证金 LJ-77",
    )
    assert (first.payments, second.payments, whole.payments) == (1, 1, 3)
    assert (whole.reference, whole.amount_fen) == ("CCB2026061800000950", 600_000)
    assert (reversal.direction, reversal.is_reversal, reversal.counterparty_name) == (DEBIT, True, "海屿纸业有限公司")
    # The bank's times are in UTC: the day is that of the house.
    assert (read.starts_on, read.ends_on) == (dt.date(2026, 6, 18), dt.date(2026, 6, 18))


@pytest.mark.parametrize(
    "namespace",
    [f'xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}"' for version in range(2, 14)]
    + ['xmlns:b="urn:a-bank:of-its-own"', ""],
)
def test_the_namespace_does_not_matter(namespace):
    content = camt(entry("R1", "1.00")).replace(
        b'xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"', namespace.encode()
    )
    assert read_statement(content).entries[0].amount_fen == 100


def test_prefixes_and_envelopes_do_not_matter():
    inner = b"<c:BkToCstmrStmt>" + statement(entry("R1", "1.00")).encode() + b"</c:BkToCstmrStmt>"
    content = b'<Envelope><AppHdr/><c:Document xmlns:c="urn:x">' + inner + b"</c:Document></Envelope>"
    assert read_statement(content).entries[0].reference == "R1"


def test_a_file_in_another_encoding_is_read():
    text = camt(entry("R1", "1.00", name="海屿纸业有限公司")).decode()
    for encoding in ("GBK", "gb18030", "utf-16"):
        declared = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
        assert read_statement(declared).entries[0].counterparty_name == "海屿纸业有限公司"


def test_pending_entries_and_entries_of_nothing_are_skipped_and_counted():
    read = read_statement(
        camt(
            entry("R1", "1.00"),
            entry("R2", "2.00", status="PDNG"),
            entry("R3", "3", status="INFO"),
            entry("R4", "0.00"),
        )
    )
    assert [each.reference for each in read.entries] == ["R1"]
    assert read.skipped == 3


def test_statements_of_several_days_are_taken_as_one():
    first = statement(entry("R1", "5", day="2026-06-11"), balances=balance("OPBD", "10") + balance("CLBD", "15"))
    second = statement(entry("R2", "2", "DBIT"), balances=balance("OPBD", "15") + balance("CLBD", "13"))
    read = read_statement(message(second, first))
    assert (read.starts_on, read.ends_on) == (dt.date(2026, 6, 11), JUNE_12)
    assert (read.opening_fen, read.closing_fen) == (1_000, 1_300)
    assert [each.reference for each in read.entries] == ["R1", "R2"]


def test_a_gap_between_two_days_is_found():
    first = statement(entry("R1", "5", day="2026-06-11"), balances=balance("OPBD", "10") + balance("CLBD", "15"))
    second = statement(entry("R2", "2", "DBIT"), balances=balance("OPBD", "16") + balance("CLBD", "14"))
    assert "opening 10.00" in refusal(message(first, second))


def test_an_overdrawn_balance_is_below_zero():
    read = read_statement(
        camt(entry("R1", "7.50"), balances=balance("OPBD", "10", "DBIT") + balance("CLBD", "2.50", "DBIT"))
    )
    assert (read.opening_fen, read.closing_fen) == (-1_000, -250)


def test_balances_that_do_not_agree_are_refused():
    said = refusal(camt(entry("R1", "7.50"), balances=balance("OPBD", "10") + balance("CLBD", "17.51")))
    assert said == (
        "The balances do not agree: opening 10.00 and the booked entries come to 17.50, "
        "but the file says that the closing balance is 17.51."
    )


def test_without_both_balances_nothing_is_checked():
    assert read_statement(camt(entry("R1", "7.50"), balances=balance("CLBD", "1"))).opening_fen is None


def test_an_empty_day_is_a_statement():
    read = read_statement(
        camt(period=period("2026-06-13", "2026-06-14"), balances=balance("OPBD", "1") + balance("CLBD", "1"))
    )
    assert (read.entries, read.starts_on, read.ends_on) == ((), dt.date(2026, 6, 13), dt.date(2026, 6, 14))


def details(*parts):
    """Return the payments that are booked in one entry."""
    return "".join(
        f"<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>"
        + (f'<Amt Ccy="{currency}">{yuan}</Amt>' if yuan else "")
        + (f"<CdtDbtInd>{indicator}</CdtDbtInd>" if indicator else "")
        + "</TxDtls>"
        for reference, yuan, currency, indicator in parts
    )


def batch(yuan, *parts):
    return (
        f'<Ntry><Amt Ccy="CNY">{yuan}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-06-12</Dt></BookgDt>'
        f"<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls>{details(*parts)}</NtryDtls></Ntry>"
    )


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("X", "3", "CNY", ""), ("Y", "7", "CNY", "")], [("X", 300), ("Y", 700)]),
        # Within a batch that was paid in, something may have been paid out.
        ([("X", "12", "CNY", "CRDT"), ("Y", "2", "CNY", "DBIT")], [("X", 1_200), ("Y", -200)]),
        ([("X", "3", "CNY", ""), ("X", "7", "CNY", "")], [("B1/1", 300), ("B1/2", 700)]),
        ([("NOTPROVIDED", "3", "CNY", ""), ("Y", "7", "CNY", "")], [("B1/1", 300), ("B1/2", 700)]),
        ([("X", "3", "CNY", ""), ("Y", "", "", "")], [("B1", 1_000)]),
        ([("X", "3", "CNY", ""), ("Y", "1", "USD", "")], [("B1", 1_000)]),
        ([("X", "3", "CNY", ""), ("Y", "6.99", "CNY", "")], [("B1", 1_000)]),
    ],
    ids=["each", "both ways", "one reference", "no reference", "no amount", "other currency", "other sum"],
)
def test_a_batch_is_split_only_where_its_parts_make_the_whole(parts, expected):
    read = read_statement(camt(batch("10.00", *parts), balances=balance("OPBD", "0") + balance("CLBD", "10")))
    assert [(each.reference, each.signed_fen) for each in read.entries] == expected
    assert [each.payments for each in read.entries] == ([2] if len(expected) == 1 else [1, 1])


def test_a_batch_with_an_amount_below_zero_is_refused():
    assert "never negative" in refusal(camt(batch("10.00", ("X", "12", "CNY", ""), ("Y", "-2", "CNY", ""))))


def test_counts_of_payments_do_not_grow_without_end():
    counts = "<Btch><NbOfTxs>999999</NbOfTxs></Btch>" * 3_000 + "<Btch><NbOfTxs>x</NbOfTxs></Btch>"
    content = camt(entry("R1", "5").replace("<NtryDtls>", f"<NtryDtls>{counts}"))
    assert read_statement(content).entries[0].payments == 1_000_000


def test_entries_that_look_alike_are_told_apart():
    read = read_statement(camt(entry("R1", "5"), entry("R1", "5"), entry("R1", "5", "DBIT"), entry("R1", "6")))
    assert [each.reference for each in read.entries] == ["R1", "R1#2", "R1", "R1"]


def test_an_entry_without_a_reference_gets_one_that_it_has_in_every_file():
    bare = entry("", "5", name="海屿纸业有限公司")
    first, again = read_statement(camt(bare)), read_statement(camt(entry("R", "1"), bare))
    assert first.entries[0].reference == again.entries[1].reference
    assert first.entries[0].reference.startswith("TH-")


@pytest.mark.parametrize(
    ("yuan", "said"),
    [
        ("1.005", "Entry 1: 1.005 yuan is not a whole number of fen."),
        ("1e3", "Entry 1: “1e3” is not an amount."),
        ("NaN", "Entry 1: “NaN” is not an amount."),
        ("１２", "Entry 1: “１２” is not an amount."),
        ("1,000", "Entry 1: “1,000” is not an amount."),
        ("", "Entry 1: “” is not an amount."),
        ("9" * 5_000, f"Entry 1: “{'9' * 40}” is not an amount."),
        ("90071992547409.92", "Entry 1: 90071992547409.92 yuan is more than the ledger can count."),
        ("-5", "Entry 1: an amount is never negative; CdtDbtInd says its direction."),
    ],
)
def test_an_amount_that_is_none_is_refused(yuan, said):
    assert refusal(camt(entry("R1", yuan))) == said


def test_amounts_are_exact_up_to_the_largest():
    read = read_statement(camt(entry("R1", "90071992547409.91"), entry("R2", "0.01000")))
    assert [each.amount_fen for each in read.entries] == [9_007_199_254_740_991, 1]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('Ccy="CNY">5', 'Ccy="USD">5', "Entry 1 is in USD: only CNY is kept here."),
        ("<Ccy>CNY</Ccy>", "<Ccy>HKD</Ccy>", "The account is in HKD: only CNY is kept here."),
        ("<Cd>BOOK</Cd>", "", "Entry 1 does not say whether it is booked (Sts)."),
        ("CRDT", "CREDIT", "Entry 1 does not say whether it is a credit or a debit (CdtDbtInd)."),
        ("<Dt>2026-06-12</Dt>", "<Dt>2026-02-30</Dt>", "Entry 1: “2026-02-30” is not a date."),
        ("<Dt>2026-06-12</Dt>", "<DtTm>9999-12-31T23:59:59-14:00</DtTm>", "is not a date."),
        ("<BookgDt><Dt>2026-06-12</Dt></BookgDt>", "", "Entry 1 has no booking date (BookgDt)."),
        (f"<Id>{ACCOUNT}</Id>", "<Id> </Id>", "A statement does not say of which account it is (Acct/Id)."),
        ("<Amt Ccy=\"CNY\">5</Amt>", "", "Entry 1 has no amount (Amt)."),
        ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", "it has no BkToCstmrStmt."),
        ("Stmt>", "Rpt>", "it has no BkToCstmrStmt."),
        ("R1", "R" * 60, "has more than 59 characters."),
        ("海屿", "海" * 201, "has more than 200 characters."),
    ],
)  # fmt: skip
def test_a_statement_that_lacks_something_is_refused_by_name(before, after, said):
    content = camt(entry("R1", "5", name="海屿")).decode()
    assert before in content
    assert said in refusal(content.replace(before, after).encode())


def test_statements_of_two_accounts_are_refused():
    said = refusal(message(statement(entry("R1", "5")), statement(entry("R2", "5"), account="6222")))
    assert said == "The file holds statements of several accounts: import each by itself."


def test_the_account_given_must_be_that_of_the_file():
    assert read_statement(camt(entry("R1", "5")), account=ACCOUNT).account == ACCOUNT
    assert ACCOUNT in refusal(camt(entry("R1", "5")), field="account", account="6222")


def test_a_period_that_ends_before_it_starts_is_refused():
    assert "before it starts" in refusal(camt(entry("R1", "5"), period=period("2026-06-13", "2026-06-12")))


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><Document>&d;</Document>"""
EXTERNAL = (
    b"""<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document><BkToCstmrStmt>&x;</BkToCstmrStmt></Document>"""
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b" \r\n ", "The file is empty."),
        (LAUGHS, "declares a document type or entities"),
        (EXTERNAL, "declares a document type or entities"),
        (b'<!DOCTYPE html PUBLIC "-//W3C//DTD" "http://127.0.0.1/x.dtd"><html/>', "declares a document type"),
        (b"<Document><BkToCstmrStmt>", "cannot be read as XML"),
        (b"<Document>\x00</Document>", "cannot be read as XML"),
        (b"<Document>&nothing;</Document>", "cannot be read as XML"),
        (b"<a>\xff\xfe\xfa</a>", "cannot be read as XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "cannot be read as XML"),
        (b'<?xml version="1.0" encoding="gbk"?><a>\xff\xff\xff</a>', "cannot be read as XML"),
        (b'<?xml version="1.0" encoding="big5"?><a>\xa4\xa4</a>', "cannot be read as XML"),
        (b'<?xml version="1.0" encoding="utf-16"?><a/>', "cannot be read as XML"),
        (b"<html><body>Your session has expired</body></html>", "it has no BkToCstmrStmt"),
        (b"<Document><BkToCstmrStmt/></Document>", "The file holds no statement (Stmt)."),
        (b"<a>" * (MAX_DEPTH + 1), "far more in it than a bank statement has"),
        (b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>", "far more in it than a bank statement has"),
        (b"<" + b"x" * MAX_BYTES, "The file is larger than 5 MB: split it by days."),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_a_hostile_file_is_refused_in_a_sentence(content, said):
    assert said in refusal(content)


def test_more_entries_than_people_can_look_through_are_refused():
    content = camt(*[entry(f"R{number}", "1") for number in range(MAX_ENTRIES + 1)])
    assert refusal(content) == "The file has more than 5000 entries: split it by days."


def test_directions_are_the_words_of_the_tables():
    assert {each.direction for each in read_statement(camt(entry("R1", "5"), entry("R2", "5", "DBIT"))).entries} == {
        CREDIT,
        DEBIT,
    }
