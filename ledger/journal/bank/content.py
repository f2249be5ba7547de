"""What a bank statement says, whatever file it came in, and what every such file must obey."""

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.journal.posting import MAX_AMOUNT

CREDIT, DEBIT = "credit", "debit"
MAX_BYTES = 5 * 1024 * 1024
MAX_ENTRIES = 5_000
# Five less than a payment keeps: entries that look alike are numbered.
MAX_REFERENCE = 59
MAX_ACCOUNT = 64
MAX_NAME = 200
MAX_TEXT = 4_000
_AMOUNT = re.compile(r"[+-]?\d{1,15}(\.\d{0,10})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One booked movement of the bank account, as the bank tells it. `payments`: how many the bank has booked in one."""

    reference: str
    direction: str
    amount_fen: int
    booked_on: dt.date
    is_reversal: bool = False
    counterparty_name: str = ""
    counterparty_account: str = ""
    counterparty_code: str = ""
    text: str = ""
    payments: int = 1

    @property
    def signed_fen(self) -> int:
        return self.amount_fen if self.direction == CREDIT else -self.amount_fen

    @property
    def key(self) -> tuple[str, str, int]:
        """What an entry is known again by in another statement of the same account."""
        return self.reference, self.direction, self.amount_fen


@dataclass(frozen=True, slots=True)
class StatementContent:
    """A whole statement. `skipped`: entries of the file that are not booked, or move nothing."""

    format: str
    account: str
    starts_on: dt.date
    ends_on: dt.date
    opening_fen: int | None
    closing_fen: int | None
    entries: tuple[StatementEntry, ...]
    skipped: int


def unreadable(reason: str | Promise, **params: Any) -> InvalidValue:
    """Return the refusal of a file, to be shown beside the field that it was given in."""
    return InvalidValue(field="file", reason=str(reason) % params)


def other_account(account: str) -> InvalidValue:
    """Return the refusal of an account that is not the one that the file is of."""
    return InvalidValue(
        field="account", reason=_("The file is of the account %(account)s.") % {"account": account[:40]}
    )


def too_many_entries() -> InvalidValue:
    """Return the refusal of a file that is too long to be looked through by people."""
    return unreadable(_("The file has more than %(most)s entries: split it by days."), most=MAX_ENTRIES)


def read_fen(text: str, *, where: str) -> int:
    """Return an amount in yuan as whole fen, exactly; it may be negative.

    Units: yuan in, fen out.
    Raises: InvalidValue for what is no amount, has parts of a fen, or is more than the ledger counts.
    """
    if not _AMOUNT.fullmatch(text):
        raise unreadable(_("%(where)s: “%(text)s” is not an amount."), where=where, text=text[:40])
    fen = Decimal(text).scaleb(2)
    if fen != fen.to_integral_value():
        raise unreadable(_("%(where)s: %(text)s yuan is not a whole number of fen."), where=where, text=text)
    if abs(fen) > MAX_AMOUNT:
        raise unreadable(_("%(where)s: %(text)s yuan is more than the ledger can count."), where=where, text=text)
    return int(fen)


def require_cny(currency: str, *, where: str) -> None:
    """Refuse amounts in anything but yuan.

    Raises: InvalidValue.
    """
    if currency not in ("CNY", "RMB", "人民币", "人民币元", "156"):
        raise unreadable(_("%(where)s is in %(currency)s: only CNY is kept here."), where=where, currency=currency[:20])


def made_up_reference(*facts: object) -> str:
    """Return a reference for an entry that the bank gave none: the same facts have the same one in every file."""
    return f"TH-{hashlib.sha256('|'.join(map(str, facts)).encode()).hexdigest()[:20]}"


def check_balances(opening_fen: int | None, closing_fen: int | None, entries: Iterable[StatementEntry]) -> None:
    """Refuse a statement whose entries do not lead from its opening balance to its closing one, where it gives both.

    Raises: InvalidValue.
    """
    if opening_fen is None or closing_fen is None:
        return
    reached = opening_fen + sum(entry.signed_fen for entry in entries)
    if reached != closing_fen:
        raise unreadable(
            _(
                "The balances do not agree: opening %(opening)s and the booked entries come to %(reached)s, but the file "
                "says that the closing balance is %(closing)s."
            ),
            opening=written(opening_fen),
            reached=written(reached),
            closing=written(closing_fen),
        )


def check_content(content: StatementContent) -> StatementContent:
    """Return a statement that can be kept, with references that tell its entries apart.

    Raises: InvalidValue for too many entries, texts that are too long, and periods that end before they start.
    """
    if len(content.entries) > MAX_ENTRIES:
        raise too_many_entries()
    if content.starts_on > content.ends_on:
        raise unreadable(_("The statement ends on %(end)s, before it starts."), end=content.ends_on)
    _check_length(_("account"), content.account, MAX_ACCOUNT)
    for entry in content.entries:
        _check_length(_("bank reference"), entry.reference, MAX_REFERENCE)
        _check_length(_("counterparty"), entry.counterparty_name, MAX_NAME)
        _check_length(_("counterparty's account"), entry.counterparty_account, MAX_ACCOUNT)
        _check_length(_("counterparty's code"), entry.counterparty_code, MAX_ACCOUNT)
        _check_length(_("remittance text"), entry.text, MAX_TEXT)
    return replace(content, entries=told_apart(content.entries))


def told_apart(entries: Iterable[StatementEntry]) -> tuple[StatementEntry, ...]:
    """Return entries of which no two look alike: the second with one reference, side and amount is numbered #2."""
    seen: Counter[tuple[str, str, int]] = Counter()
    found = []
    for entry in entries:
        seen[entry.key] += 1
        number = seen[entry.key]
        found.append(entry if number == 1 else replace(entry, reference=f"{entry.reference}#{number}"))
    return tuple(found)


def joined(texts: Sequence[str]) -> str:
    """Return texts one after the other, each once, with its white space made plain."""
    plain = (" ".join(text.split()) for text in texts)
    return " ".join(dict.fromkeys(text for text in plain if text))


def written(amount_fen: int) -> str:
    """Return an amount as it stands in a sentence. Units: fen in, yuan out, exactly."""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}{whole:,}.{rest:02d}"


def _check_length(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise unreadable(
            _("The %(what)s “%(start)s…” has more than %(most)s characters."), what=what, start=text[:20], most=most
        )
