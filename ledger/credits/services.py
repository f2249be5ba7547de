"""Issue credits and retire them."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.types.range import Int8Range

from ledger.credits.models import Batch
from ledger.credits.retiring import retire_credits
from ledger.credits.reversals.locks import lock_open_reversals
from ledger.credits.reversals.services import replenish_from_issuance
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
from ledger.projects.lifecycle import require_running
from ledger.projects.locks import lock_report
from ledger.projects.models import MonitoringReport
from ledger.transparency.services import append_record

__all__ = ["issue_credits", "retire_credits"]


@transaction.atomic
def issue_credits(*, actor: Membership, report_id: int) -> Batch:
    """Issue the whole tonnes of an approved report: a share to the buffer pool, the rest to the cooperative.

    Locks: the report, the project's open reversals, the serial counter, the accounts.
    Raises: NotAllowed, NotFound, AlreadyIssued, WrongState, InvalidValue (nothing to issue).
    """
    require_registrar(actor)
    report = lock_report(report_id)
    if report.status == MonitoringReport.Status.ISSUED:
        raise AlreadyIssued()
    if report.status != MonitoringReport.Status.APPROVED:
        raise WrongState(state=report.get_status_display())
    if report.net_t <= 0:
        raise InvalidValue(field="report", reason=_("The report comes to no whole tonne: there is nothing to issue."))
    require_running(report.project_id)
    # Before the accounts, as whoever makes up for a reversal takes them.
    lock_open_reversals(report.project)
    now = timezone.now()
    first, last = draw_serials(report.net_t)
    asset = open_asset(code=f"{report.project.code}-{report.vintage}", kind=Asset.Kind.CREDIT)
    posted = _post_issuance(actor, report, asset, (first, last), now)
    batch = Batch.objects.create(
        project=report.project,
        report=report,
        asset=asset,
        vintage=report.vintage,
        serials=Int8Range(first, last + 1),
        quantity_t=report.net_t,
        buffer_t=report.buffer_t,
        transaction_id=posted.transaction_id,
        issued_by=actor.user,
        issued_at=now,
    )
    report.status = MonitoringReport.Status.ISSUED
    report.save(update_fields=["status"])
    append_record(kind="batch_issued", body=_batch_body(batch, posted, first, last), actor=log_name(actor), at=now)
    # What the project owes for a reversal is taken first.
    replenish_from_issuance(actor=actor, batch=batch)
    return batch


def _post_issuance(
    actor: Membership, report: MonitoringReport, asset: Asset, serials: tuple[int, int], now: dt.datetime
) -> PostedTransaction:
    first, last = serials
    source = open_account(organisation=None, asset=asset, purpose=Account.Purpose.ISSUANCE)
    holder = open_account(organisation=report.project.proponent, asset=asset)
    legs = []
    if report.issuable_t:
        legs.append(Leg(source.pk, holder.pk, report.issuable_t, ((first, first + report.issuable_t - 1),)))
    if report.buffer_t:
        buffer = open_account(organisation=None, asset=asset, purpose=Account.Purpose.BUFFER)
        legs.append(Leg(source.pk, buffer.pk, report.buffer_t, ((last - report.buffer_t + 1, last),)))
    key = f"issuance:{report.pk}"
    return post_transactions([Posting("issuance", legs, log_name(actor), now, idempotency_key=key)])[0]


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
