"""Issue credits and retire them."""

import datetime as dt
import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from ledger.credits.models import Batch, Retirement
from ledger.errors import (
    AlreadyIssued,
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotFound,
    WrongState,
)
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
from ledger.parties.access import log_name, require_approved, require_kind, require_registrar, require_role
from ledger.parties.models import Membership, Organisation
from ledger.projects.lifecycle import require_running
from ledger.projects.locks import lock_report
from ledger.projects.models import MonitoringReport
from ledger.texts import check_texts
from ledger.transparency.services import append_record

# What two requests with one key must have in common.
COMPARED = (
    "batch_id",
    "quantity_t",
    "beneficiary_name",
    "beneficiary_code",
    "is_beneficiary_public",
    "purpose",
    "note",
)


@transaction.atomic
def issue_credits(*, actor: Membership, report_id: int) -> Batch:
    """Issue the whole tonnes of an approved report: a share to the buffer pool, the rest to the cooperative.

    Locks: the report, the serial counter, the accounts.
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


@transaction.atomic
def retire_credits(
    *,
    actor: Membership,
    batch_id: int,
    quantity_t: int,
    beneficiary_name: str,
    purpose: str,
    beneficiary_code: str = "",
    is_beneficiary_public: bool = True,
    note: str = "",
    idempotency_key: str | None = None,
) -> Retirement:
    """Use credits up for good in somebody's name; the same key with the same content gives the first retirement.

    Locks: the holder's account and the system's.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue, InsufficientBalance, IdempotencyConflict.
    """
    require_kind(actor, *Organisation.HOLDERS)
    require_role(actor, Membership.Role.OWNER, Membership.Role.TRADER)
    require_approved(actor)
    batch = Batch.objects.select_related("asset", "project").filter(pk=batch_id).first()
    if batch is None:
        raise NotFound()
    wanted = Retirement(
        organisation=actor.organisation,
        batch=batch,
        quantity_t=quantity_t,
        beneficiary_name=beneficiary_name.strip(),
        beneficiary_code=beneficiary_code.strip(),
        is_beneficiary_public=is_beneficiary_public,
        purpose=purpose,
        note=note.strip(),
        idempotency_key=idempotency_key,
        retired_by=actor.user,
        retired_at=timezone.now(),
    )
    _check_retirement(wanted)
    holder = Account.objects.filter(organisation=actor.organisation, asset=batch.asset).first()
    if holder is None:
        raise InsufficientBalance(field="quantity_t", available=0, needed=quantity_t)
    # The lock on the holder's account lets two requests with one key come one after the other.
    Account.objects.select_for_update(of=("self",)).get(pk=holder.pk)
    if idempotency_key is not None:
        first = (
            Retirement.objects.select_related("organisation", "batch__asset")
            .filter(organisation=actor.organisation, idempotency_key=idempotency_key)
            .first()
        )
        if first is not None:
            return _same_or_refuse(first, wanted)
    _post_retirement(wanted, holder)
    return wanted


def _check_retirement(wanted: Retirement) -> None:
    if wanted.quantity_t <= 0:
        raise InvalidValue(field="quantity_t", reason=_("Retire one tonne at least."))
    if not 0 < len(wanted.beneficiary_name) <= 120:
        raise InvalidValue(field="beneficiary_name", reason=_("Say in whose name the credits are retired."))
    if wanted.purpose not in Retirement.Purpose.values:
        raise InvalidValue(field="purpose", reason=_("Choose a purpose from the list."))
    check_texts(wanted)


def _same_or_refuse(first: Retirement, wanted: Retirement) -> Retirement:
    if any(getattr(first, name) != getattr(wanted, name) for name in COMPARED):
        raise IdempotencyConflict(key=first.idempotency_key)
    first.is_replay = True
    return first


def _post_retirement(wanted: Retirement, holder: Account) -> None:
    retired = open_account(organisation=None, asset=holder.asset, purpose=Account.Purpose.RETIRED)
    actor = f"user:{wanted.retired_by.public_id}"
    leg = Leg(holder.pk, retired.pk, wanted.quantity_t)
    try:
        posted = post_transactions([Posting("retirement", [leg], actor, wanted.retired_at)])[0]
    except InsufficientBalance as error:
        raise InsufficientBalance(field="quantity_t", **error.params) from error
    wanted.transaction_id = posted.transaction_id
    wanted.serials = Int8Multirange([Int8Range(first, last + 1) for first, last in posted.serials[0]])
    try:
        with transaction.atomic():
            wanted.save()
    except IntegrityError as error:
        if "retirement_key_once" not in str(error):
            raise
        # The same key at the same moment for credits of another batch: the lock on the account did not part the two.
        raise IdempotencyConflict(key=wanted.idempotency_key) from error
    append_record(
        kind="credits_retired",
        body={
            "retirement": str(wanted.public_id),
            "organisation": str(wanted.organisation.public_id),
            "asset": wanted.batch.asset.code,
            "quantity_t": wanted.quantity_t,
            "purpose": wanted.purpose,
            "beneficiary": wanted.beneficiary_name if wanted.is_beneficiary_public else None,
            "details_sha256": _details_sha256(wanted),
            "transaction": str(posted.transaction_id),
        },
        actor=actor,
        at=wanted.retired_at,
    )


def _details_sha256(wanted: Retirement) -> str:
    """Return the hash of what the log does not spell out: each part after its length, so that none runs into the next."""
    parts = (wanted.beneficiary_name, wanted.beneficiary_code, wanted.note, wanted.idempotency_key or "")
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()
