"""Read ISO 20022 bank-to-customer statements (camt.053.001.02 to .13).

Elements are known by their local names: banks differ in namespaces and versions, and what is read here has kept its
place in all of them, or has at most been wrapped (`Sts` became `Sts/Cd`, `Dbtr/Nm` became `Dbtr/Pty/Nm`).

Source: ISO 20022 message definition BankToCustomerStatement.
"""

import datetime as dt
from dataclasses import replace
from xml.etree.ElementTree import Element

from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.journal.bank.content import (
    CREDIT,
    DEBIT,
    StatementContent,
    StatementEntry,
    check_balances,
    joined,
    made_up_reference,
    read_fen,
    require_cny,
    unreadable,
)
from ledger.journal.bank.safe_xml import parse_xml

FORMAT = "camt053"
MOST_IN_ONE = 1_000_000
_DIRECTIONS = {"CRDT": CREDIT, "DBIT": DEBIT}
# The closing balance of the period before is the opening one of this.
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_NOT_GIVEN = "NOTPROVIDED"


def read_camt053(content: bytes) -> StatementContent:
    """Return what a camt.053 file says; statements of several days in one file are taken as one.

    Raises: InvalidValue for a file that is no camt.053, contradicts itself, is not in CNY, or is of several accounts.
    """
    root = parse_xml(content)
    message = root if root.tag == "BkToCstmrStmt" else root.find(".//BkToCstmrStmt")
    if message is None:
        raise unreadable(_("The file is XML, but no camt.053 statement: it has no BkToCstmrStmt."))
    statements = [_statement(each) for each in message.findall("Stmt")]
    if not statements:
        raise unreadable(_("The file holds no statement (Stmt)."))
    return _as_one(sorted(statements, key=lambda each: each.starts_on))


def _as_one(statements: list[StatementContent]) -> StatementContent:
    first, last = statements[0], statements[-1]
    if any(each.account != first.account for each in statements):
        raise unreadable(_("The file holds statements of several accounts: import each by itself."))
    entries = tuple(entry for each in statements for entry in each.entries)
    check_balances(first.opening_fen, last.closing_fen, entries)
    return replace(
        first,
        ends_on=max(each.ends_on for each in statements),
        closing_fen=last.closing_fen,
        entries=entries,
        skipped=sum(each.skipped for each in statements),
    )


def _statement(statement: Element) -> StatementContent:
    account = "".join((_text(statement, "Acct/Id/IBAN") or _text(statement, "Acct/Id/Othr/Id")).split())
    if not account:
        raise unreadable(_("A statement does not say of which account it is (Acct/Id)."))
    if currency := _text(statement, "Acct/Ccy"):
        require_cny(currency, where=_("The account"))
    opening_fen, closing_fen = _balance(statement, _OPENING), _balance(statement, _CLOSING)
    listed = statement.findall("Ntry")
    booked = [(place, entry) for place, entry in enumerate(listed, start=1) if _is_booked(entry, place)]
    parts = [part for place, entry in booked for part in _entry(entry, place)]
    entries = tuple(part for part in parts if part.amount_fen)
    check_balances(opening_fen, closing_fen, entries)
    starts_on, ends_on = _period(statement, [entry.booked_on for entry in entries])
    skipped = len(listed) - len(booked) + len(parts) - len(entries)
    return StatementContent(FORMAT, account, starts_on, ends_on, opening_fen, closing_fen, entries, skipped)


def _balance(statement: Element, codes: tuple[str, ...]) -> int | None:
    for code in codes:
        for balance in statement.findall("Bal"):
            if _text(balance, "Tp/CdOrPrtry/Cd") == code:
                where = _("The balance %(code)s") % {"code": code}
                amount_fen = _amount(balance.find("Amt"), where)
                return amount_fen if _direction(balance, where) == CREDIT else -amount_fen
    return None


def _period(statement: Element, booked_on: list[dt.date]) -> tuple[dt.date, dt.date]:
    """Return the first and the last day: as the bank says, or else as entries, balances or the file's own day tell."""
    first = _text(statement, "FrToDt/FrDtTm") or _text(statement, "FrToDt/FrDt")
    last = _text(statement, "FrToDt/ToDtTm") or _text(statement, "FrToDt/ToDt")
    if first and last:
        return _day(first, _("The period")), _day(last, _("The period"))
    days = booked_on or _days_of_balances(statement)
    if not days:
        raise unreadable(_("A statement does not say of which days it is (FrToDt)."))
    return min(days), max(days)


def _days_of_balances(statement: Element) -> list[dt.date]:
    told = [_text(balance, "Dt/Dt") or _text(balance, "Dt/DtTm") for balance in statement.findall("Bal")]
    days = [text for text in told if text] or [text for text in [_text(statement, "CreDtTm")] if text]
    return [_day(text, _("The balances")) for text in days]


def _is_booked(entry: Element, place: int) -> bool:
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts") or _text(entry, "Sts/Prtry")
    if not status:
        raise unreadable(_("Entry %(place)s does not say whether it is booked (Sts)."), place=place)
    return status == "BOOK"


def _entry(entry: Element, place: int) -> list[StatementEntry]:
    """Return an entry, or the payments of one that the bank has booked together, where it gives the amount of each."""
    where = _("Entry %(place)s") % {"place": place}
    details = entry.findall("NtryDtls/TxDtls")
    whole = _whole(entry, details, where)
    if len(details) < 2:
        return [whole]
    parts = [_part(whole, detail, where) for detail in details]
    if any(part is None for part in parts):
        return [whole]
    found = [part for part in parts if part is not None]
    if sum(part.signed_fen for part in found) != whole.signed_fen:
        return [whole]
    return _named_apart(found, whole.reference)


def _whole(entry: Element, details: list[Element], where: str) -> StatementEntry:
    direction = _direction(entry, where)
    is_reversal = _text(entry, "RvslInd") in ("true", "1")
    amount_fen = _amount(entry.find("Amt"), where)
    booked = _text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm") or _text(entry, "ValDt/Dt")
    if not booked:
        raise unreadable(_("%(where)s has no booking date (BookgDt)."), where=where)
    detail = details[0] if len(details) == 1 else Element("TxDtls")
    name, account, code = _counterparty(detail, _origin(direction, is_reversal))
    text = joined([*(part for each in details for part in _remittance(each)), _text(entry, "AddtlNtryInf")])
    booked_on = _day(booked, where)
    reference = (
        _text(entry, "AcctSvcrRef") or _detail_reference(detail) or _text(entry, "NtryRef")
        or made_up_reference(booked_on, direction, amount_fen, name, account, text)
    )  # fmt: skip
    payments = max(len(details), _batch_size(entry), 1)
    return StatementEntry(reference, direction, amount_fen, booked_on, is_reversal, name, account, code, text, payments)


def _part(whole: StatementEntry, detail: Element, where: str) -> StatementEntry | None:
    """Return one payment of those booked together, or None where the bank does not give its amount in yuan."""
    amount = detail.find("Amt")
    amount = detail.find("AmtDtls/TxAmt/Amt") if amount is None else amount
    if amount is None or amount.get("Ccy") != "CNY":
        return None
    direction = _direction(detail, where) if detail.find("CdtDbtInd") is not None else whole.direction
    name, account, code = _counterparty(detail, _origin(direction, whole.is_reversal))
    return replace(
        whole,
        reference=_detail_reference(detail),
        direction=direction,
        amount_fen=_amount(amount, where),
        counterparty_name=name,
        counterparty_account=account,
        counterparty_code=code,
        text=joined(_remittance(detail)),
        payments=1,
    )


def _named_apart(parts: list[StatementEntry], reference: str) -> list[StatementEntry]:
    """Return the parts of one entry with references that tell them apart: the bank's own, or else numbered ones."""
    references = [part.reference for part in parts]
    if all(references) and len(set(references)) == len(references):
        return parts
    return [replace(part, reference=f"{reference}/{number}") for number, part in enumerate(parts, start=1)]


def _detail_reference(detail: Element) -> str:
    found = (_text(detail, f"Refs/{name}") for name in ("AcctSvcrRef", "TxId", "EndToEndId"))
    return next((reference for reference in found if reference and reference != _NOT_GIVEN), "")


def _batch_size(entry: Element) -> int:
    counts = (_text(each, "NbOfTxs") for each in entry.findall("NtryDtls/Btch"))
    told = sum(int(count) for count in counts if count.isascii() and count.isdigit() and len(count) <= 6)
    return min(told, MOST_IN_ONE)


def _origin(direction: str, is_reversal: bool) -> str:
    """Return which way the money first went: what a reversal takes back went the other way."""
    return {CREDIT: DEBIT, DEBIT: CREDIT}[direction] if is_reversal else direction


def _counterparty(detail: Element, direction: str) -> tuple[str, str, str]:
    """Return name, account and registered code of who paid, or was paid."""
    role = "Dbtr" if direction == CREDIT else "Cdtr"
    party = f"RltdPties/{role}"
    name = _text(detail, f"{party}/Pty/Nm") or _text(detail, f"{party}/Nm")
    account = _text(detail, f"{party}Acct/Id/IBAN") or _text(detail, f"{party}Acct/Id/Othr/Id")
    code = _text(detail, f"{party}/Pty/Id/OrgId/Othr/Id") or _text(detail, f"{party}/Id/OrgId/Othr/Id")
    return name, account, code


def _remittance(detail: Element) -> list[str]:
    paths = ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf", "AddtlTxInf")
    return [found.text or "" for path in paths for found in detail.findall(path)]


def _direction(element: Element, where: str) -> str:
    found = _DIRECTIONS.get(_text(element, "CdtDbtInd"))
    if found is None:
        raise unreadable(_("%(where)s does not say whether it is a credit or a debit (CdtDbtInd)."), where=where)
    return found


def _amount(amount: Element | None, where: str) -> int:
    if amount is None:
        raise unreadable(_("%(where)s has no amount (Amt)."), where=where)
    require_cny(amount.get("Ccy", ""), where=where)
    amount_fen = read_fen((amount.text or "").strip(), where=where)
    if amount_fen < 0:
        raise unreadable(_("%(where)s: an amount is never negative; CdtDbtInd says its direction."), where=where)
    return amount_fen


def _day(text: str, where: str) -> dt.date:
    """Return a day; of a time with an offset the day that it is in the house's time zone."""
    try:
        if len(text) == 10:
            return dt.date.fromisoformat(text)
        at = dt.datetime.fromisoformat(text)
        return timezone.localdate(at) if at.tzinfo is not None else at.date()
    except (ValueError, OverflowError):
        raise unreadable(_("%(where)s: “%(text)s” is not a date."), where=where, text=text[:40]) from None


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
