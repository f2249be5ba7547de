"""Credits: issued, retired, offered, cancelled, lost and owed."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.notices.models import Group, Severity
from ledger.notices.rules import ACTING, EVERYONE, REGISTRARS, Told
from ledger.notices.saying import To, in_both, tell
from ledger.notices.told.registry import about_project, to_proponent, to_registrars
from ledger.transparency.following import LoggedRecord

CREDITS = Group.CREDITS
OF_BATCH = {"page": "batch", "place": {"code": "asset"}}
OF_TRANSFER = {"page": "transfer", "place": {"public_id": "credit_transfer"}}
OF_REVERSAL = {"page": "reversal", "place": {"public_id": "reversal"}}


def _party(name: str, roles: tuple[str, ...] = EVERYONE) -> To:
    def to(record: LoggedRecord, book: Book) -> list[Told]:
        organisation = book.organisation(record.body, name)
        return [] if organisation is None else [Told(organisation.pk, roles)]

    return to


def _both(record: LoggedRecord, book: Book) -> list[Told]:
    return [*_party("sender")(record, book), *_party("recipient")(record, book)]


def _to_proponent_and_registrars(record: LoggedRecord, book: Book) -> list[Told]:
    return [*to_proponent(record, book), *to_registrars(record, book)]


def _issued(record: LoggedRecord, book: Book) -> dict[str, Any]:
    body = record.body
    got_t = body["quantity_t"] - body["buffer_t"]
    return about_project(record, book) | {
        "asset": body["asset"],
        "quantity_t": body["quantity_t"],
        "buffer_t": body["buffer_t"],
        "got_t": got_t,
        "vintage": str(body["vintage"]),
    }


def _transfer(record: LoggedRecord, book: Book) -> dict[str, Any]:
    body = record.body
    names = {
        side: in_both(organisation)
        for side in ("sender", "recipient")
        if (organisation := book.organisation(body, side)) is not None
    }
    return {
        "credit_transfer": body["credit_transfer"],
        "asset": body["asset"],
        "quantity_t": body["quantity_t"],
        "expires_at": body["expires_at"],
        **{"sender": "", "recipient": ""},
        **names,
    }


def _amount(record: LoggedRecord, book: Book) -> dict[str, Any]:
    body = record.body
    said = {
        name: body.get(name) for name in ("asset", "quantity_t", "retirement", "cancellation", "cancellation_order")
    }
    organisation = book.organisation(body)
    return said | {"name": in_both(organisation) if organisation else ""}


def _loss(record: LoggedRecord, book: Book) -> dict[str, Any]:
    body = record.body
    said = {name: body[name] for name in ("reversal", "loss_t", "from_buffer_t", "owed_t", "due_on") if name in body}
    return about_project(record, book) | said


def _transfer_told(recorded: str, to: To, title: Any, text: Any = "", severity: Severity = Severity.INFO) -> None:
    tell(recorded, to=to, say=_transfer, group=CREDITS, title=title, text=text, severity=severity, **OF_TRANSFER)


def _reversal_told(
    recorded: str, to: To, title: Any, text: Any = "", severity: Severity = Severity.INFO, **more: Any
) -> None:
    tell(
        recorded,
        to=to,
        say=_loss,
        group=CREDITS,
        title=title,
        text=text,
        severity=severity,
        **OF_REVERSAL,
        **more,
    )


tell(
    "batch_issued",
    to=to_proponent,
    say=_issued,
    group=CREDITS,
    title=_("%(quantity_t)s t of credits are issued for %(name)s, %(vintage)s"),
    text=_("%(got_t)s t are yours, %(buffer_t)s t are in the buffer pool."),
    **OF_BATCH,
)
tell(
    "credits_retired",
    to=_party("organisation"),
    say=_amount,
    group=CREDITS,
    title=_("%(quantity_t)s t of %(asset)s are retired"),
    text=_("The certificate can be shown to anybody."),
    page="certificate",
    place={"public_id": "retirement"},
)
_transfer_told(
    "credit_transfer_offered",
    _party("recipient", ACTING),
    _("%(sender)s offers you %(quantity_t)s t of %(asset)s"),
    _("Accept or decline by %(expires_at)s."),
    Severity.ACTION,
)
_transfer_told(
    "credit_transfer_accepted", _party("sender"), _("%(recipient)s has accepted your %(quantity_t)s t of %(asset)s")
)
_transfer_told(
    "credit_transfer_declined",
    _party("sender"),
    _("%(recipient)s has declined your %(quantity_t)s t of %(asset)s"),
    _("They are free again."),
)
_transfer_told(
    "credit_transfer_withdrawn",
    _party("recipient", ACTING),
    _("%(sender)s has taken its offer of %(quantity_t)s t of %(asset)s back"),
)
_transfer_told(
    "credit_transfer_expired",
    _both,
    _("Nobody has decided about %(quantity_t)s t of %(asset)s in time: the offer is over"),
)
tell(
    "credits_cancelled",
    to=_party("organisation"),
    say=_amount,
    group=CREDITS,
    severity=Severity.WARNING,
    title=_("The operator has cancelled %(quantity_t)s t of %(asset)s that were yours"),
    page="cancellation",
    place={"public_id": "cancellation"},
    when=lambda record: record.body["kind"] == "administrative",
)
tell(
    "cancellation_requested",
    to=lambda _record, book: [Told(operator, REGISTRARS) for operator in book.operators],
    say=_amount,
    group=Group.DESK,
    severity=Severity.ACTION,
    title=_("A cancellation of %(quantity_t)s t of %(asset)s waits for a second person"),
    page="admin:ledger_cancellationorder_changelist",
)
_reversal_told(
    "reversal_reported",
    to_registrars,
    _("A loss of %(loss_t)s t is reported for %(name)s"),
    _("A second person confirms or refuses it."),
    Severity.ACTION,
)
_reversal_told(
    "reversal_reported",
    to_proponent,
    _("A loss of %(loss_t)s t is reported for your project %(name)s"),
    severity=Severity.WARNING,
    name="reversal_reported_proponent",
)
_reversal_told(
    "reversal_confirmed",
    to_proponent,
    _("A loss of %(loss_t)s t of %(name)s is confirmed"),
    _("The buffer pool covers it."),
    Severity.WARNING,
    when=lambda record: not record.body["owed_t"],
)
_reversal_told(
    "reversal_confirmed",
    to_proponent,
    _("%(name)s owes %(owed_t)s t for a loss"),
    _("Make up for them by %(due_on)s; the buffer pool has covered %(from_buffer_t)s t."),
    Severity.ACTION,
    when=lambda record: bool(record.body["owed_t"]),
    name="reversal_owed",
)
_reversal_told("reversal_refused", to_proponent, _("The reported loss of %(name)s is refused"), _("Reason: %(reason)s"))
_reversal_told("reversal_compensated", _to_proponent_and_registrars, _("The loss of %(name)s is made up for"))
