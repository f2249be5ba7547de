"""The headers that a CSV export may have, by what their columns hold. README.md shows them to people."""

from collections.abc import Mapping, Sequence

HEADERS: Mapping[str, tuple[str, ...]] = {
    "date": (
        "交易日期", "记账日期", "入账日期", "日期", "记账日", "交易日", "交易时间",
        "date", "booking date", "booked on", "transaction date", "posting date",
    ),
    "amount": ("交易金额", "发生额", "金额", "amount", "transaction amount"),
    "direction": (
        "借贷标志", "借贷方向", "借贷", "收支方向", "收/支",
        "direction", "credit/debit", "debit/credit", "dr/cr",
    ),
    "credit": (
        "贷方发生额", "贷方金额", "贷方", "收入金额", "收入", "存入金额", "转入金额",
        "credit", "credit amount", "paid in", "money in",
    ),
    "debit": (
        "借方发生额", "借方金额", "借方", "支出金额", "支出", "支取金额", "转出金额",
        "debit", "debit amount", "paid out", "money out",
    ),
    "balance": ("余额", "账户余额", "交易后余额", "balance"),
    "currency": ("币种", "货币", "currency"),
    "reference": (
        "交易流水号", "银行流水号", "核心流水号", "流水号", "交易参考号", "业务编号", "凭证号",
        "reference", "bank reference", "transaction reference", "transaction id", "serial number",
    ),
    "counterparty": (
        "对方户名", "对方名称", "对方单位名称", "对方单位", "对方账户名称",
        "counterparty", "counterparty name", "payer/payee",
    ),
    "counterparty_account": ("对方账号", "对方帐号", "对方账户", "counterparty account"),
    "text": (
        "摘要", "附言", "用途", "备注",
        "remittance text", "remittance information", "description", "purpose", "remark", "remarks",
    ),
    "account": ("账号", "帐号", "本方账号", "我方账号", "account", "account number"),
}  # fmt: skip
_COLUMN_OF = {header: column for column, headers in HEADERS.items() for header in headers}

Columns = Mapping[str, tuple[int, ...]]


def columns_of(cells: Sequence[str]) -> Columns:
    """Return where each column is that a row of cells names; of several headers for one thing the best stands first."""
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        if column := _COLUMN_OF.get(cell):
            found.setdefault(column, []).append(place)
    return {
        column: tuple(sorted(places, key=lambda place: HEADERS[column].index(cells[place])))
        for column, places in found.items()
    }


def missing_from(columns: Columns) -> str | None:
    """Return a column that is needed and not there, or None."""
    has_both_sides = "credit" in columns and "debit" in columns
    if "date" not in columns:
        return "date"
    if "amount" not in columns and not has_both_sides:
        return "debit" if "credit" in columns else "credit" if "debit" in columns else "amount"
    return None if "reference" in columns else "reference"
