"""Issue the credits of a report: all at once, or a part now and the rest later."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import Int8Range

from ledger.credits.models import Batch
from ledger.errors import AlreadyIssued, InvalidValue, WrongState
from ledger.journal.models import Account, Asset
from ledger.journal.services import (
    Leg,
    PostedTransaction,
    Posting,
    draw_serials,
    open_account,
    open_asset,
    post_transactions,
)
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.projects.locks import lock_report
from ledger.projects.models import MonitoringReport
from ledger.projects.reports.steps import move, require_live
from ledger.transparency.services import append_record


@dataclass(frozen=True, slots=True)
class Tranche:
    """What is issued at once: its place among those of the vintage, its tonnes, and the buffer pool's share of them."""

    number: int
    quantity_t: int
    buffer_t: int


@transaction.atomic
def issue_credits(*, actor: Membership, report_id: int, quantity_t: int | None = None) -> Batch:
    """Issue whole tonnes of an approved report, all that are left or so many: a share to the buffer pool, the rest to the
    cooperative. The report is issued when all of it is.

    Rounding: the buffer's share of what has been issued so far is rounded up; the shares of all parts sum to the report's.
    Locks: the project, the report, the serial counter, the accounts.
    Raises: NotAllowed, NotFound, AlreadyIssued, WrongState, InvalidValue (nothing to issue, or more than is left).
    """
    require_registrar(actor)
    report = lock_report(report_id)
    if report.status == MonitoringReport.Status.ISSUED:
        raise AlreadyIssued()
    if report.status != MonitoringReport.Status.APPROVED:
        raise WrongState(state=report.get_status_display())
    require_live(report.project)
    tranche = _next_tranche(report, quantity_t)
    now = timezone.now()
    first, last = draw_serials(tranche.quantity_t)
    asset = open_asset(code=_code(report, tranche), kind=Asset.Kind.CREDIT)
    posted = _post_issuance(actor, report, tranche, asset, (first, last), now)
    batch = Batch.objects.create(
        project=report.project,
        report=report,
        asset=asset,
        vintage=report.vintage,
        tranche=tranche.number,
        serials=Int8Range(first, last + 1),
        quantity_t=tranche.quantity_t,
        buffer_t=tranche.buffer_t,
        transaction_id=posted.transaction_id,
        issued_by=actor.user,
        issued_at=now,
    )
    _count(report, tranche, now)
    append_record(kind="batch_issued", body=_batch_body(batch, posted, first, last), actor=log_name(actor), at=now)
    return batch


def _next_tranche(report: MonitoringReport, quantity_t: int | None) -> Tranche:
    if report.net_t <= 0:
        raise InvalidValue(field="report", reason=_("The report comes to no whole tonne: there is nothing to issue."))
    quantity_t = report.left_t if quantity_t is None else quantity_t
    if not 0 < quantity_t <= report.left_t:
        reason = _("From 1 to %(left)s tonnes are left to be issued.") % {"left": report.left_t}
        raise InvalidValue(field="quantity_t", reason=reason)
    buffer_t = _buffer_of(report, report.issued_t + quantity_t) - _buffer_of(report, report.issued_t)
    number = Batch.objects.filter(project=report.project, vintage=report.vintage).count() + 1
    return Tranche(number, quantity_t, buffer_t)


def _buffer_of(report: MonitoringReport, issued_t: int) -> int:
    """Return how much of the first tonnes of a report is for the buffer pool, rounded up."""
    return -(-report.buffer_t * issued_t // report.net_t)


def _code(report: MonitoringReport, tranche: Tranche) -> str:
    code = f"{report.project.code}-{report.vintage}"
    return code if tranche.number == 1 else f"{code}-{tranche.number}"


def _post_issuance(
    actor: Membership,
    report: MonitoringReport,
    tranche: Tranche,
    asset: Asset,
    serials: tuple[int, int],
    now: dt.datetime,
) -> PostedTransaction:
    first, last = serials
    source = open_account(organisation=None, asset=asset, purpose=Account.Purpose.ISSUANCE)
    holder = open_account(organisation=report.project.proponent, asset=asset)
    legs = []
    if issuable_t := tranche.quantity_t - tranche.buffer_t:
        legs.append(Leg(source.pk, holder.pk, issuable_t, ((first, first + issuable_t - 1),)))
    if tranche.buffer_t:
        buffer = open_account(organisation=None, asset=asset, purpose=Account.Purpose.BUFFER)
        legs.append(Leg(source.pk, buffer.pk, tranche.buffer_t, ((last - tranche.buffer_t + 1, last),)))
    key = f"issuance:{report.pk}" if tranche.number == 1 else f"issuance:{report.pk}:{tranche.number}"
    return post_transactions([Posting("issuance", legs, log_name(actor), now, idempotency_key=key)])[0]


def _count(report: MonitoringReport, tranche: Tranche, now: dt.datetime) -> None:
    """Follow what the database has counted with the batch's row, and end the report where that was the last of it."""
    report.issued_t += tranche.quantity_t
    if not report.left_t:
        move(report, MonitoringReport.Status.ISSUED, now)
        report.save(update_fields=["status", "status_since"])


def _batch_body(batch: Batch, posted: PostedTransaction, first: int, last: int) -> dict[str, Any]:
    return {
        "asset": batch.asset.code,
        "project": batch.project.code,
        "vintage": batch.vintage,
        "report": str(batch.report_id),
        "first_serial": str(first),
        "last_serial": str(last),
        "quantity_t": batch.quantity_t,
        "buffer_t": batch.buffer_t,
        "transaction": str(posted.transaction_id),
    }
