"""Lists of movements as banks export them: what is read of them, and what is refused."""

import datetime as dt
import re
from pathlib import Path

import pytest

from ledger.errors import InvalidValue
from ledger.journal.bank import headers
from ledger.journal.bank.content import MAX_ENTRIES
from ledger.journal.bank.headers import HEADERS
from ledger.journal.bank.reading import read_statement
from tests.statements import ACCOUNT, sample

HEADER = "日期,金额,流水号,对方户名,摘要"


def csv(*rows, header=HEADER):
    return "\n".join((header, *rows)).encode()


def read(content, account=ACCOUNT):
    return read_statement(content, account=account)


def refusal(content, field="file", account=ACCOUNT):
    """Return why a file is refused, in one sentence."""
    with pytest.raises(InvalidValue) as refused:
        read(content, account)
    assert refused.value.field == field
    return str(refused.value)


def test_an_export_in_gbk_with_lines_above_and_totals_below_is_read():
    statement = read_statement(sample("june-ccb.gbk.csv"))
    assert (statement.format, statement.account) == ("csv", ACCOUNT)
    assert (statement.starts_on, statement.ends_on) == (dt.date(2026, 6, 3), dt.date(2026, 6, 21))
    assert (statement.opening_fen, statement.closing_fen) == (125_000_000, 131_801_111)
    first, second, interest = statement.entries
    assert (first.reference, first.signed_fen, first.counterparty_name) == (
        "20260603000017",
        8_000_000,
        "闽岭绿能股份有限公司",
    )
    assert (first.counterparty_account, first.text) == ("350010089900", "转账 购碳款")
    assert (second.signed_fen, interest.signed_fen) == (-1_234_567, 35_678)
    assert interest.reference.startswith("TH-")


def test_an_export_with_tabs_a_mark_and_a_column_for_the_direction_is_read():
    statement = read(sample("june-tabs.utf8bom.csv"))
    assert [(each.reference, each.signed_fen, each.is_reversal) for each in statement.entries] == [
        ("F2026062500001", 500_000, False),
        ("F2026062600002", -30_000, False),
        ("F2026062600003", -500_000, True),
    ]
    assert [each.booked_on.day for each in statement.entries] == [25, 26, 26]


def test_an_english_export_is_read_and_what_moves_nothing_is_counted():
    statement = read(sample("june-english.csv"))
    assert [(each.reference, each.signed_fen) for each in statement.entries] == [
        ("OUT-20260629-1", -75_025),
        ("IN-20260630-1", 99_999),
    ]
    assert statement.entries[1].counterparty_name == "Haiyu Paper, Xiamen"
    assert (statement.skipped, statement.opening_fen) == (1, None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_encoding_that_banks_use_is_read(encoding):
    text = f"{HEADER}\n2026-06-01,5.00,R1,海屿纸业有限公司,入金"
    assert read(text.encode(encoding)).entries[0].counterparty_name == "海屿纸业有限公司"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_every_delimiter_is_found(delimiter):
    text = f'{HEADER}\n2026-06-01,5.00,R1,"甲,乙",入金'.replace(",", delimiter)
    assert read(text.encode()).entries[0].counterparty_name == f"甲{delimiter}乙"


@pytest.mark.parametrize(("column", "header"), [(column, name) for column, names in HEADERS.items() for name in names])
def test_every_header_that_is_listed_is_accepted(column, header):
    cells = {"date": "2026-06-01", "amount": "5.00", "reference": "R1", "counterparty": "甲", "text": "入金"}
    values = {
        "credit": "5.00",
        "debit": "",
        "direction": "贷",
        "balance": "5.00",
        "currency": "CNY",
        "account": ACCOUNT,
    }
    headers = {"date": "日期", "amount": "金额", "reference": "流水号", "counterparty": "对方户名", "text": "摘要"}
    if column in ("credit", "debit"):
        del cells["amount"], headers["amount"]
        cells |= {"credit": "5.00", "debit": ""}
        headers |= {"credit": "收入", "debit": "支出"}
    cells.setdefault(column, values.get(column, "6222000"))
    headers[column] = f" {header.upper()} "
    content = f"{','.join(headers.values())}\n{','.join(cells[name] for name in headers)}".encode()
    assert [each.signed_fen for each in read(content).entries] == [500]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-06-03", 3),
        ("2026/6/3", 3),
        ("2026.06.03", 3),
        ("20260603", 3),
        ("2026年6月3日", 3),
        ("2026-06-03 10:11:12", 3),
        ("2026-06-03T10:11", 3),
        ("20260603 101112", 3),
        ("20260603101112", 3),
        ("２０２６-０６-０３", 3),
    ],
)
def test_days_are_read_as_banks_write_them(written, day):
    assert read(csv(f"{written},5.00,R1,甲,")).entries[0].booked_on == dt.date(2026, 6, day)


@pytest.mark.parametrize("written", ["", "yesterday", "2026-02-30", "03/06/2026", "202663", "2026-13-01", "9" * 400])
def test_a_day_that_is_none_is_refused_with_its_line(written):
    assert refusal(csv("2026-06-01,1,R0,甲,", f"{written},5.00,R1,甲,")).startswith("Line 3: “")


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("5", 500),
        ("-1,234.50", -123_450),
        ("¥5.00", 500),
        ("￥ 5.00", 500),
        ("+5", 500),
        ("５．００", 500),
        ("－5", -500),
        ("90071992547409.91", 9_007_199_254_740_991),
    ],
)
def test_amounts_are_read_exactly(written, fen):
    assert read(csv(f'2026-06-01,"{written}",R1,甲,')).entries[0].signed_fen == fen


@pytest.mark.parametrize(
    "written", ["5.001", "1e3", "1,2", "x", "NaN", "Infinity", "9" * 5_000, "90071992547409.92", "--5"]
)
def test_an_amount_that_is_none_is_refused_with_its_line(written):
    assert refusal(csv(f'2026-06-01,"{written}",R1,甲,')).startswith("Line 2: ")


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("金额,流水号,摘要", "date"),
        ("日期,流水号,摘要", "amount"),
        ("日期,金额,摘要", "reference"),
        ("日期,收入,流水号", "debit"),
        ("日期,支出,流水号", "credit"),
    ],
)
def test_the_header_that_is_missing_is_named(header, missing):
    said = refusal(csv("2026-06-01,5.00,R1", header=header))
    name = HEADERS[missing][0]
    assert said.startswith(f"The header for “{name} / {missing}” is missing. One of these is accepted: {name}, ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"hello", "no line of headers"),
        (b"a,b,c\n1,2,3", "no line of headers"),
        (b"PK\x03\x04 a spreadsheet", "no line of headers"),
        (b"\xef\xbb\xbf", "no line of headers"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "not text in UTF-8 or GB18030"),
        (b"\xff\xff\xff\xff", "not text in UTF-8 or GB18030"),
        (b"\xff\xfea", "not text in UTF-8 or GB18030"),
        (csv("2026-06-01,5\x00,R1,x,"), "not text in UTF-8 or GB18030"),
        (csv(), "The file holds no movements."),
        (csv("", ",,,,"), "The file holds no movements."),
        (csv('2026-06-01,5,"R1,x,', "2026-06-02,6,R2,x,"), "cannot be read"),
        (csv('2026-06-01,5,R1,x,"' + "y" * 200_000 + '"'), "cannot be read"),
        (csv("2026-06-01,5,R1,x," + "y" * 4_001), "has more than 4000 characters"),
        (csv(*["2026-06-01,5,R1,x,"] * (MAX_ENTRIES + 1)), "more than 5000 entries"),
        (b"\n" * 1_000_000 + csv("2026-06-01,5,R1,x,"), "no line of headers"),
        (csv(*[""] * 1_000_000), "more than 5000 entries"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_a_file_that_is_no_list_of_movements_is_refused_in_a_sentence(content, said):
    assert said in refusal(content)


def test_a_currency_other_than_yuan_is_refused_with_its_line():
    said = refusal(csv("2026-06-01,5,R1,USD", header="日期,金额,流水号,币种"))
    assert said == "Line 2 is in USD: only CNY is kept here."


def test_a_direction_that_is_none_is_refused():
    assert "“back” is neither" in refusal(csv("2026-06-01,5,R1,back", header="日期,金额,流水号,借贷标志"))


def test_a_row_with_both_sides_is_refused():
    assert refusal(csv("2026-06-01,5,5,R1", header="日期,收入,支出,流水号")) == "Line 2 has a credit and a debit."


def test_a_minus_in_a_column_for_one_side_takes_back():
    statement = read(csv("2026-06-01,-5,,R1", "2026-06-01,,-6,R2", header="日期,收入,支出,流水号"))
    assert [(each.signed_fen, each.is_reversal) for each in statement.entries] == [(-500, True), (600, True)]


def test_balances_are_followed_from_the_oldest_or_from_the_newest():
    header = "日期,金额,流水号,余额"
    rows = ["2026-06-01,5,R1,15", "2026-06-02,-2,R2,13", "2026-06-02,1,R3,14"]
    for ordered in (rows, rows[::-1]):
        statement = read(csv(*ordered, header=header))
        assert (statement.opening_fen, statement.closing_fen) == (1_000, 1_400)
    rows[2] = "2026-06-02,1,R3,14.01"
    said = refusal(csv(*rows, header=header))
    assert said == "Line 4: the balance does not follow from the amounts and the balance before."


def test_the_account_is_asked_for_where_the_file_does_not_say_it():
    row = csv("2026-06-01,5,R1,甲,")
    assert refusal(row, field="account", account="") == "The file does not say of which account it is: write it here."
    with_account = csv(f"2026-06-01,5,R1,{ACCOUNT}", header="日期,金额,流水号,账号")
    assert read(with_account, account="").account == ACCOUNT
    assert refusal(with_account, field="account", account="6222") == f"The file is of the account {ACCOUNT}."


def test_movements_of_two_accounts_are_refused():
    rows = ["2026-06-01,5,R1,62220001", "2026-06-01,5,R2,62220002"]
    assert "several accounts" in refusal(csv(*rows, header="日期,金额,流水号,账号"), account="")


def test_the_readme_lists_every_header():
    readme = Path(headers.__file__).with_name("README.md").read_text()
    for column, names in HEADERS.items():
        assert re.search(rf"^\| {column} \| .* \| {re.escape(', '.join(names))} \|$", readme, re.MULTILINE), column
