"""Files of a bank for tests: the samples, and small ones with just what a test is about."""

from pathlib import Path

SAMPLES = Path(__file__).parent / "ledger/journal/bank/samples"
ACCOUNT = "35050161880100000123"


def sample(name: str) -> bytes:
    """Return a sample file."""
    return (SAMPLES / name).read_bytes()


def camt(*entries: str, balances: str = "", period: str = "", account: str = ACCOUNT) -> bytes:
    """Return a camt.053.001.08 file with one statement."""
    return message(statement(*entries, balances=balances, period=period, account=account))


def message(*statements: str) -> bytes:
    """Return a camt.053.001.08 file with these statements."""
    inside = f"<BkToCstmrStmt>{''.join(statements)}</BkToCstmrStmt>"
    return f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">{inside}</Document>'.encode()


def statement(*entries: str, balances: str = "", period: str = "", account: str = ACCOUNT) -> str:
    """Return a statement; without a period it is of the days of its entries."""
    owner = f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    return f"<Stmt>{period}{owner}{balances}{''.join(entries)}</Stmt>"


def period(first: str, last: str) -> str:
    return f"<FrToDt><FrDtTm>{first}T00:00:00</FrDtTm><ToDtTm>{last}T23:59:59</ToDtTm></FrToDt>"


def balance(code: str, yuan: str, indicator: str = "CRDT", day: str = "2026-06-12") -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f'<Bal>{kind}<Amt Ccy="CNY">{yuan}</Amt><CdtDbtInd>{indicator}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>'


def entry(
    reference: str,
    yuan: str,
    indicator: str = "CRDT",
    *,
    name: str = "",
    text: str = "",
    day: str = "2026-06-12",
    status: str = "BOOK",
    more: str = "",
) -> str:
    """Return an entry with one payment of, or to, a counterparty."""
    role = "Dbtr" if indicator == "CRDT" else "Cdtr"
    party = f"<RltdPties><{role}><Pty><Nm>{name}</Nm></Pty></{role}></RltdPties>"
    details = f"<NtryDtls><TxDtls>{party}<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls>"
    return (
        f'<Ntry><Amt Ccy="CNY">{yuan}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>{more}<Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>{details}</Ntry>"
    )
