"""Money: payments, corrections, what households get."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.notices.kinds import NoticeKind, add_kinds
from ledger.notices.models import Group, Severity
from ledger.notices.rules import EVERYONE, OWNERS, TREASURERS, Telling, Told, on
from ledger.notices.saying import To, in_both, tell
from ledger.transparency.following import LoggedRecord
from ledger.transparency.services import format_time

MONEY = Group.MONEY


def _to_treasurers(_record: LoggedRecord, book: Book) -> list[Told]:
    return [Told(operator, TREASURERS) for operator in book.operators]


def _to(name: str) -> To:
    def to(record: LoggedRecord, book: Book) -> list[Told]:
        organisation = book.organisation(record.body, name)
        return [] if organisation is None else [Told(organisation.pk, EVERYONE)]

    return to


def _payment(record: LoggedRecord, book: Book) -> dict[str, Any]:
    body = record.body
    organisation = book.organisation(body)
    said = {"payment": int(body["payment"]), "amount_fen": body["amount_fen"], "reference": body["bank_reference"]}
    return said | {"name": in_both(organisation) if organisation else ""}


def _payout(record: LoggedRecord, book: Book) -> dict[str, Any]:
    body = record.body
    cooperative = book.organisation(body, "cooperative")
    said = {"payout": int(body["payout"]), "amount_fen": body["amount_fen"], "households": body["households"]}
    return said | {"name": in_both(cooperative) if cooperative else ""}


def _bank_account(record: LoggedRecord, book: Book) -> dict[str, Any]:
    organisation = book.organisation(record.body)
    name = in_both(organisation) if organisation else ""
    return {"bank_account": int(record.body["bank_account"]), "name": name}


def _payments(direction: str, step: str, title: Any, text: Any = "", severity: Severity = Severity.INFO) -> None:
    tell(
        f"payment_{step}",
        name=f"{direction}_{step}",
        to=_to("organisation"),
        say=_payment,
        group=MONEY,
        title=title,
        text=text,
        severity=severity,
        page="holdings",
        when=lambda record: record.body["direction"] == direction,
    )


tell(
    "payment_requested",
    to=_to_treasurers,
    say=_payment,
    group=Group.DESK,
    severity=Severity.ACTION,
    title=_("A payment of ¥%(amount_fen)s of %(name)s waits for a second person"),
    page="admin:ledger_payment_change",
    place={"object_id": "payment"},
)
_payments("deposit", "confirmed", _("¥%(amount_fen)s have come in"), _("Bank reference: %(reference)s"))
_payments("deposit", "refused", _("A deposit of ¥%(amount_fen)s is refused"), "", Severity.WARNING)
_payments("withdrawal", "requested", _("A withdrawal of ¥%(amount_fen)s was ordered"), _("The operator pays it out."))
_payments("withdrawal", "confirmed", _("¥%(amount_fen)s are paid out"), _("Bank reference: %(reference)s"))
_payments(
    "withdrawal",
    "refused",
    _("The withdrawal of ¥%(amount_fen)s is refused"),
    _("The money is available again."),
    Severity.WARNING,
)
tell(
    "bank_account_stated",
    to=_to_treasurers,
    say=_bank_account,
    group=Group.DESK,
    severity=Severity.ACTION,
    title=_("The bank account of %(name)s waits for a second person"),
    page="admin:ledger_bankaccount_change",
    place={"object_id": "bank_account"},
)
tell(
    "bank_account_confirmed",
    to=_to("organisation"),
    say=_bank_account,
    group=MONEY,
    severity=Severity.WARNING,
    title=_("Your money is paid out to another bank account from now on"),
    text=_("If you know nothing of it, call the operator at once."),
    page="withdraw",
)
tell(
    "correction_requested",
    to=_to_treasurers,
    say=lambda record, _book: {name: record.body[name] for name in ("correction", "transaction", "reason")},
    group=Group.DESK,
    severity=Severity.ACTION,
    title=_("The correction of transaction %(transaction)s waits for a second person"),
    text=_("Reason: %(reason)s"),
    page="admin:ledger_correction_change",
    place={"object_id": "correction"},
)
tell(
    "payout_requested",
    to=_to_treasurers,
    say=_payout,
    group=Group.DESK,
    severity=Severity.ACTION,
    title=_("A payout of ¥%(amount_fen)s to households of %(name)s waits to be confirmed"),
    page="admin:ledger_payout_change",
    place={"object_id": "payout"},
)
tell(
    "payout_confirmed",
    to=_to("cooperative"),
    say=_payout,
    group=MONEY,
    title=_("¥%(amount_fen)s are paid out to %(households)s households"),
    page="sharing",
)
tell(
    "payout_refused",
    to=_to("cooperative"),
    say=_payout,
    group=MONEY,
    severity=Severity.WARNING,
    title=_("The payout of ¥%(amount_fen)s to households is refused"),
    page="sharing",
)
tell(
    "sharing_plan_stated",
    to=lambda record, book: [Told(each.organisation_id, OWNERS) for each in _to("cooperative")(record, book)],
    say=lambda record, _book: {
        "version": str(record.body["version"]),
        "effective_from": str(record.body["effective_from"]),
    },
    group=MONEY,
    title=_("Version %(version)s of how proceeds are shared is stated"),
    page="sharing",
)
add_kinds(
    NoticeKind(
        "proceeds_shared",
        MONEY,
        _("Proceeds of ¥%(net_fen)s are shared: ¥%(shared_fen)s among households, ¥%(retained_fen)s retained"),
        page="sharing",
        is_sum=True,
    ),
    NoticeKind(
        "transaction_corrected",
        MONEY,
        _("Transaction %(reverses)s on an account of yours is corrected"),
        _("Another transaction takes it back, of the same amounts. The operator's reason is in the log."),
        Severity.WARNING,
        page="holdings",
    ),
)


@on("proceeds_shared")
def _shared(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    """Tell once an hour what was shared: a sale is shared within a second, and there may be many."""
    for record in records:
        cooperative = book.organisation(record.body, "cooperative")
        if cooperative is not None:
            said = {name: record.body[name] for name in ("net_fen", "shared_fen", "retained_fen")}
            key = f"shared:{cooperative.pk}:{format_time(record.at)[:13]}"
            yield Telling("proceeds_shared", Told(cooperative.pk), said, record.at, "", key)


@on("transaction_posted")
def _corrected(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    for record in records:
        if "reverses" not in record.body:
            continue
        accounts = {str(each[side]) for each in record.body["transfers"] for side in ("debit", "credit")}
        for holder in sorted(book.holders_of(accounts)):
            said = {name: str(record.body[name]) for name in ("reverses", "transaction")}
            yield Telling("transaction_corrected", Told(holder), said, record.at, record.actor)
