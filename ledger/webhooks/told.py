"""The ledger's own events: what follows from which record, and for whom."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.transparency.following import LoggedRecord
from ledger.webhooks.events import Parties, event

PROJECT = {"project": "code of the project"}
REASON = {"reason": "why"}
REPORT = {"project": "code of the project", "report": "number of the report", "vintage": "year"}
FINDING = REPORT | {"finding": "number of the finding"}
TRANSFER = {
    "credit_transfer": "id of the transfer",
    "asset": "code of the batch",
    "sender": "id of an organisation",
    "recipient": "id of an organisation",
    "quantity_t": "whole tonnes",
    "expires_at": "until when it can be decided",
}
PAYMENT = {
    "payment": "number of the payment",
    "direction": "deposit or withdrawal",
    "amount_fen": "fen",
    "bank_reference": "the bank's own",
}
PAYOUT = {"payout": "number of the payout", "amount_fen": "fen", "households": "how many"}


def named(*names: str) -> Parties:
    """Return who is told: the organisations that the record names so."""

    def to(record: LoggedRecord, book: Book) -> Iterable[int | None]:
        for name in names:
            found = book.organisation(record.body, name)
            yield None if found is None else found.pk

    return to


def _of_project(record: LoggedRecord, book: Book) -> Iterable[int | None]:
    project = book.project(record.body)
    return [] if project is None else [project.proponent_id, project.validator_id]


def _of_report(record: LoggedRecord, book: Book) -> Iterable[int | None]:
    report = book.report(record.body)
    return [] if report is None else [report.project.proponent_id, report.verifier_id]


def _report_data(record: LoggedRecord, book: Book) -> dict[str, Any]:
    report = book.report(record.body)
    said = {name: record.body.get(name) for name in ("project", "report")}
    return said | {"vintage": record.body.get("vintage", None if report is None else report.vintage)}


def _reason_too(record: LoggedRecord, book: Book) -> dict[str, Any]:
    return _report_data(record, book) | {"reason": record.body.get("reason", "")}


def _finding_data(record: LoggedRecord, book: Book) -> dict[str, Any]:
    return _report_data(record, book) | {"finding": record.body["finding"]}


for recorded, happens in (
    ("approved", _("the organisation is approved")),
    ("suspended", _("the organisation is suspended")),
):
    event(
        f"organisation_{recorded}",
        f"organisation.{recorded}",
        happens,
        to=named("organisation"),
        fields={"organisation": "id of the organisation", "name": "its name"},
    )

for recorded, happens, fields in (
    ("submitted", _("a project is handed in"), PROJECT),
    ("accepted", _("a verifier has taken a project on"), PROJECT),
    ("returned", _("a project is a draft again"), PROJECT | REASON),
    ("validated", _("a project is validated"), PROJECT),
    ("registered", _("a project is registered"), PROJECT),
    ("rejected", _("a project is rejected"), PROJECT | REASON),
    ("suspended", _("a project is suspended"), PROJECT | REASON),
    ("resumed", _("a project is registered again"), PROJECT | REASON),
    ("withdrawn", _("a project is withdrawn"), PROJECT | REASON),
    ("completed", _("a project has come to its end"), PROJECT),
):
    event(f"project_{recorded}", f"project.{recorded}", happens, to=_of_project, fields=fields)

for recorded, happens in (
    ("submitted", _("a report is handed in")),
    ("assigned", _("a report is assigned to a verifier")),
    ("accepted", _("a verifier has taken a report on")),
    ("verified", _("a report is verified")),
    ("approved", _("a report is approved")),
):
    event(f"report_{recorded}", f"report.{recorded}", happens, to=_of_report, fields=REPORT, data=_report_data)
event(
    "report_rejected",
    "report.rejected",
    _("a report is rejected"),
    to=_of_report,
    fields=REPORT | REASON,
    data=_reason_too,
)
event(
    "batch_issued",
    "report.issued",
    _("credits are issued for a report"),
    to=_of_report,
    fields=REPORT | {"asset": "code of the batch", "quantity_t": "whole tonnes"},
    data=lambda record, book: (
        _report_data(record, book) | {"asset": record.body["asset"], "quantity_t": record.body["quantity_t"]}
    ),
)

for recorded, happens in (
    ("opened", _("a verifier has opened a finding")),
    ("answered", _("a finding is answered")),
    ("closed", _("a finding is closed")),
    ("reopened", _("a finding is open again")),
):
    event(f"finding_{recorded}", f"finding.{recorded}", happens, to=_of_report, fields=FINDING, data=_finding_data)

event(
    "batch_issued",
    "credits.issued",
    _("credits of your project are issued"),
    to=lambda record, book: [] if (found := book.project(record.body)) is None else [found.proponent_id],
    fields={
        "project": "code of the project",
        "asset": "code of the batch",
        "vintage": "year",
        "quantity_t": "whole tonnes",
        "buffer_t": "of these in the buffer pool",
        "first_serial": "serial number, as a text",
        "last_serial": "serial number, as a text",
    },
    data=lambda record, _book: {
        name: str(record.body[name]) if name.endswith("serial") else record.body[name]
        for name in ("project", "asset", "vintage", "quantity_t", "buffer_t", "first_serial", "last_serial")
    },
)
event(
    "credits_retired",
    "credits.retired",
    _("credits are retired"),
    to=named("organisation"),
    fields={
        "retirement": "id of the retirement",
        "asset": "code of the batch",
        "quantity_t": "whole tonnes",
        "purpose": "what for",
        "transaction": "number of the transaction",
    },
)
event(
    "credits_cancelled",
    "credits.cancelled",
    _("credits are cancelled"),
    to=named("organisation"),
    fields={
        "cancellation": "id of the cancellation",
        "kind": "voluntary, replenishment or administrative",
        "asset": "code of the batch",
        "quantity_t": "whole tonnes",
        "transaction": "number of the transaction",
    },
)
for recorded, happens in (
    ("offered", _("a transfer of credits is offered")),
    ("accepted", _("a transfer of credits is accepted")),
    ("declined", _("a transfer of credits is declined")),
    ("withdrawn", _("a transfer of credits is withdrawn")),
    ("expired", _("a transfer of credits was not decided in time")),
):
    event(
        f"credit_transfer_{recorded}",
        f"transfer.{recorded}",
        happens,
        to=named("sender", "recipient"),
        fields=TRANSFER,
    )
event(
    "reversal_confirmed",
    "reversal.confirmed",
    _("a loss of carbon is confirmed"),
    to=_of_project,
    fields=PROJECT
    | {
        "reversal": "id of the reversal",
        "loss_t": "tonnes lost",
        "from_buffer_t": "tonnes that the buffer pool covers",
        "owed_t": "tonnes owed",
        "due_on": "by when",
    },
)
for recorded, happens in (
    ("requested", _("a payment is entered or ordered")),
    ("confirmed", _("a payment is confirmed")),
    ("refused", _("a payment is refused")),
):
    event(f"payment_{recorded}", f"payment.{recorded}", happens, to=named("organisation"), fields=PAYMENT)
event(
    "payout_confirmed", "payout.confirmed", _("a payout to households is made"), to=named("cooperative"), fields=PAYOUT
)
event(
    "payout_refused", "payout.refused", _("a payout to households is refused"), to=named("cooperative"), fields=PAYOUT
)
event(
    "proceeds_shared",
    "proceeds.shared",
    _("proceeds of sales are shared among households"),
    to=named("cooperative"),
    fields={
        "distribution": "number of the distribution",
        "asset": "code of the batch that was sold",
        "net_fen": "fen",
        "retained_fen": "of these retained",
        "shared_fen": "of these shared",
    },
)
