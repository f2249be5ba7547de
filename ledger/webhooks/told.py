"""The ledger's own events: what follows from which record, and for whom."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.credits.cancellations.models import Cancellation
from ledger.credits.models import Retirement
from ledger.journal.models import Payment
from ledger.notices.book import Book
from ledger.transparency.following import LoggedRecord
from ledger.webhooks.events import Parties, event
from ledger.webhooks.fields import code, count, day_or_none, moment, number, one_of, uuid, words, year

PROJECT = {"project": code("code of the project", r"^TH-[0-9]{2}-[0-9]{6,}$", "TH-35-000001")}
ASSET = {"asset": code("code of the batch", r"^TH-[0-9]{2}-[0-9]{6,}-[0-9]{4}", "TH-35-000001-2025")}
REASON = {"reason": words("why", "The map is another one.")}
REPORT = PROJECT | {"report": number("number of the report"), "vintage": year("year")}
FINDING = REPORT | {"finding": number("number of the finding, within its report", "2")}
TRANSFER = ASSET | {
    "credit_transfer": uuid("id of the transfer", "280a51b2-4923-4e1f-a24d-7c999a3db1da"),
    "sender": uuid("id of an organisation"),
    "recipient": uuid("id of an organisation", "5c6dcba3-ce42-4db6-8aa9-90253246e42e"),
    "quantity_t": count("whole tonnes", 10),
    "expires_at": moment("until when it can be decided"),
}
PAYMENT = {
    "payment": number("number of the payment", "17"),
    "direction": one_of("deposit or withdrawal", Payment.Direction.values, Payment.Direction.DEPOSIT),
    "amount_fen": count("fen", 10_000_000),
    "bank_reference": words("the bank's own; empty as long as there is none", "2026113000042"),
}
PAYOUT = {
    "payout": number("number of the payout", "3"),
    "amount_fen": count("fen", 27_068),
    "households": count("how many", 27),
}


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
        fields={"organisation": uuid("id of the organisation"), "name": words("its name", "上湖农业专业合作社")},
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
    fields=REPORT | ASSET | {"quantity_t": count("whole tonnes", 2_300)},
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
    fields=PROJECT
    | ASSET
    | {
        "vintage": year("year"),
        "quantity_t": count("whole tonnes", 2_300),
        "buffer_t": count("of these in the buffer pool", 230),
        "first_serial": number("serial number, as a text", "1"),
        "last_serial": number("serial number, as a text", "2300"),
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
    fields=ASSET
    | {
        "retirement": uuid("id of the retirement", "824fe98f-7061-4c4c-8d69-3d1ebab55377"),
        "quantity_t": count("whole tonnes", 100),
        "purpose": one_of("what for", Retirement.Purpose.values, Retirement.Purpose.OWN_FOOTPRINT),
        "transaction": number("number of the transaction", "297"),
    },
)
event(
    "credits_cancelled",
    "credits.cancelled",
    _("credits are cancelled"),
    to=named("organisation"),
    fields=ASSET
    | {
        "cancellation": uuid("id of the cancellation", "ebc90688-a21e-4826-97a3-78533e5062ae"),
        "kind": one_of("by whom, or for what", Cancellation.Kind.values, Cancellation.Kind.VOLUNTARY),
        "quantity_t": count("whole tonnes", 5),
        "transaction": number("number of the transaction", "298"),
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
        "reversal": uuid("id of the reversal", "92ae5bad-b4d7-4a99-963c-e8ef18b8feed"),
        "loss_t": count("tonnes lost", 120),
        "from_buffer_t": count("tonnes that the buffer pool covers", 100),
        "owed_t": count("tonnes owed", 20),
        "due_on": day_or_none("by when; null where nothing is owed"),
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
    fields=ASSET
    | {
        "distribution": number("number of the distribution"),
        "net_fen": count("fen that came of the sale, less the fee", 28_000),
        "retained_fen": count("of these retained", 932),
        "shared_fen": count("of these shared", 27_068),
    },
)
