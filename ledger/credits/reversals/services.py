"""Report a reversal, confirm or refuse it, and make up for it.

A loss is paid for by the buffer pool where it befell the project, and by the proponent where it brought it about, or where
the pool is empty. What is owed is made up for by credits of the proponent's own that are cancelled: given by itself, or
taken from the next issuance of the project before anything is free to be sold.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.cancellations.models import Cancellation
from ledger.credits.cancellations.services import (
    batch_to_cancel,
    cancel_from,
    cancel_own,
    known_cancellation,
    require_acting_holder,
)
from ledger.credits.models import Batch
from ledger.credits.reversals.entries import record_compensated, record_decided, record_reported
from ledger.credits.reversals.locks import lock_losses, lock_open_reversals, lock_pool, lock_reversal
from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.pool import shares_for
from ledger.credits.reversals.selectors import losable_t, still_owed_t, stores_carbon
from ledger.errors import (
    InvalidValue,
    LossTooLarge,
    NotAllowed,
    NothingOwed,
    ReversalReportedAlready,
    SamePerson,
    WrongState,
)
from ledger.journal.posting import MAX_AMOUNT
from ledger.journal.selectors import holding_in
from ledger.parties.access import log_name, require_approved, require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, has_right
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code
from ledger.texts import check_texts

TIME_TO_REPLENISH = dt.timedelta(days=180)
LONGEST = dt.timedelta(days=5 * 366)
State, Cause = Reversal.State, Reversal.Cause


@dataclass(frozen=True, slots=True)
class Loss:
    """What somebody reports. Units: tonnes."""

    happened_on: dt.date
    discovered_on: dt.date
    cause: str
    description: str
    loss_t: int
    is_intentional: bool = False


@transaction.atomic
def report_reversal(*, actor: Membership, project_code: str, loss: Loss) -> Reversal:
    """Report that credited carbon is lost, or was never there; one of the operator's registrars confirms it.

    For the project's proponent, verifiers and registrars.

    Locks: the project's row.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue, LossTooLarge, ReversalReportedAlready.
    """
    require_approved(actor)
    project = access_project_by_code(code=project_code, membership=actor)
    _require_reporter(actor, project)
    reversal = Reversal(
        project=project,
        happened_on=loss.happened_on,
        discovered_on=loss.discovered_on,
        cause=loss.cause,
        is_intentional=loss.is_intentional,
        description=loss.description.strip(),
        loss_t=loss.loss_t,
        reporter=actor.organisation,
        reported_by=actor.user,
        reported_at=timezone.now(),
    )
    _check(reversal)
    lock_losses(project)
    _insert(reversal)
    record_reported(reversal, actor=log_name(actor))
    return reversal


def may_report(actor: Membership | None, project: Project) -> bool:
    """Return whether somebody may report a loss of a project."""
    if actor is None or not actor.organisation.is_approved:
        return False
    kind, role = actor.organisation.kind, actor.role
    if kind == Organisation.Kind.OPERATOR:
        return role == Membership.Role.REGISTRAR
    is_concerned = kind == Organisation.Kind.VERIFIER or actor.organisation_id == project.proponent_id
    return is_concerned and has_right(actor, Right.PREPARE, Right.JUDGE)


def _require_reporter(actor: Membership, project: Project) -> None:
    if not may_report(actor, project):
        raise NotAllowed()


def _check(reversal: Reversal) -> None:
    if reversal.cause not in Cause.values:
        raise InvalidValue(field="cause", reason=_("Choose a cause from the list."))
    if not 0 < reversal.loss_t <= MAX_AMOUNT:
        raise InvalidValue(field="loss_t", reason=_("A loss is one tonne at least."))
    if not reversal.description:
        raise InvalidValue(field="description", reason=_("Say what has happened."))
    if reversal.discovered_on > timezone.localdate():
        raise InvalidValue(field="discovered_on", reason=_("This day is yet to come."))
    if reversal.happened_on > reversal.discovered_on:
        raise InvalidValue(field="happened_on", reason=_("It cannot have been discovered before it happened."))
    if reversal.happened_on < reversal.project.crediting_starts_on:
        raise InvalidValue(field="happened_on", reason=_("The project had no credits then."))
    if reversal.cause != Cause.OVER_ISSUANCE and not stores_carbon(reversal.project):
        raise InvalidValue(
            field="cause",
            reason=_(
                "This project stores no carbon: what it has avoided is not lost again. Only too much can be issued."
            ),
        )
    check_texts(reversal)


def _insert(reversal: Reversal) -> None:
    most = losable_t(reversal.project)
    # Whether it is reported already is asked before its size: the tonnes of the first report are no more to be lost.
    try:
        with transaction.atomic():
            reversal.save(force_insert=True)
    except IntegrityError as error:
        if "reversal_reported_once" not in str(error):
            raise
        raise ReversalReportedAlready() from error
    if reversal.loss_t > most:
        raise LossTooLarge(field="loss_t", most=max(most, 0))


@transaction.atomic
def confirm_reversal(*, actor: Membership, public_id: UUID, due_on: dt.date | None = None) -> Reversal:
    """Confirm a reported loss: the buffer pool pays for what it covers, the rest is owed until a day.

    Locks: the reversal, the buffer pool, then the accounts that it takes from.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue (the day).
    """
    reversal = _lock_reported(public_id, actor)
    now = timezone.now()
    due_on = due_on or timezone.localdate(now) + TIME_TO_REPLENISH
    if not timezone.localdate(now) <= due_on <= timezone.localdate(now) + LONGEST:
        raise InvalidValue(field="due_on", reason=_("Give a day within the next five years."))
    reversal.from_buffer_t = _cancel_from_pool(reversal, actor, now) if reversal.is_covered_by_the_pool else 0
    reversal.owed_t = reversal.loss_t - reversal.from_buffer_t
    reversal.due_on = due_on if reversal.owed_t else None
    reversal.state, reversal.decided_by, reversal.decided_at = State.CONFIRMED, actor.user, now
    record_decided(reversal, actor=log_name(actor))
    if not reversal.owed_t:
        _compensated(reversal, actor, now)
    reversal.save()
    return reversal


@transaction.atomic
def refuse_reversal(*, actor: Membership, public_id: UUID, reason: str) -> Reversal:
    """Refuse a report that is not right; nothing changes.

    Locks: the reversal.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue (no reason).
    """
    reversal = _lock_reported(public_id, actor)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why the report is refused."))
    reversal.refusal_reason = reason.strip()
    check_texts(reversal)
    reversal.state, reversal.decided_by, reversal.decided_at = State.REFUSED, actor.user, timezone.now()
    reversal.save()
    record_decided(reversal, actor=log_name(actor))
    return reversal


def _lock_reported(public_id: UUID, actor: Membership) -> Reversal:
    require_registrar(actor)
    reversal = lock_reversal(public_id)
    if reversal.state != State.REPORTED:
        raise WrongState(state=reversal.get_state_display())
    if reversal.reported_by_id == actor.user_id:
        raise SamePerson()
    return reversal


def _cancel_from_pool(reversal: Reversal, actor: Membership, now: dt.datetime) -> int:
    lock_pool()
    shares = shares_for(reversal, reversal.loss_t)
    for share in shares:
        wanted = Cancellation(
            kind=Cancellation.Kind.BUFFER,
            batch=share.account.asset.batch,
            quantity_t=share.quantity_t,
            reason=Cancellation.Reason.REVERSAL,
            reversal=reversal,
            cancelled_by=actor.user,
            cancelled_at=now,
        )
        cancel_from(share.account, wanted)
    return sum(share.quantity_t for share in shares)


@transaction.atomic
def replenish(
    *,
    actor: Membership,
    public_id: UUID,
    batch_id: int,
    quantity_t: int,
    first_serial: int | None = None,
    idempotency_key: str | None = None,
) -> Cancellation:
    """Make up for a reversal with credits of one's own, which are cancelled; for people of the project's proponent.

    The same key with the same content gives the first cancellation.

    Locks: the reversal, then the account.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, NothingOwed, InvalidValue, InsufficientBalance,
        ChosenSerialsNotOwned, IdempotencyConflict.
    """
    require_acting_holder(actor)
    reversal = lock_reversal(public_id)
    if reversal.project.proponent_id != actor.organisation_id:
        raise NotAllowed()
    now = timezone.now()
    wanted = _replenishment(reversal, batch_to_cancel(batch_id), quantity_t, actor, now)
    wanted.idempotency_key = idempotency_key
    if (known := known_cancellation(wanted, first_serial)) is not None:
        return known
    _require_owed(reversal, quantity_t)
    done = cancel_own(wanted, first_serial=first_serial)
    _settle(reversal, actor, now)
    return done


def _require_owed(reversal: Reversal, quantity_t: int) -> None:
    if reversal.state != State.CONFIRMED:
        raise WrongState(state=reversal.get_state_display())
    owed = still_owed_t(reversal)
    if quantity_t > owed:
        raise NothingOwed(field="quantity_t", owed=owed)


def replenish_from_issuance(*, actor: Membership, batch: Batch) -> list[Cancellation]:
    """Take what a project owes for reversals out of credits that it has just been issued, before they can be sold.

    Within the transaction that issues them. What is due first is made up for first.

    Locks: the project's open reversals, then the account.
    """
    done = []
    for reversal in lock_open_reversals(batch.project):
        holder = holding_in(batch.project.proponent, batch.asset)
        taken_t = min(still_owed_t(reversal), holder.available if holder else 0)
        if holder is None or not taken_t:
            continue
        wanted = _replenishment(reversal, batch, taken_t, actor, batch.issued_at)
        done.append(cancel_from(holder, wanted))
        _settle(reversal, actor, batch.issued_at)
    return done


def _replenishment(
    reversal: Reversal, batch: Batch, quantity_t: int, actor: Membership, now: dt.datetime
) -> Cancellation:
    return Cancellation(
        kind=Cancellation.Kind.REPLENISHMENT,
        organisation=reversal.project.proponent,
        batch=batch,
        quantity_t=quantity_t,
        reason=Cancellation.Reason.REVERSAL,
        reversal=reversal,
        cancelled_by=actor.user,
        cancelled_at=now,
    )


def _settle(reversal: Reversal, actor: Membership, now: dt.datetime) -> None:
    if not still_owed_t(reversal):
        _compensated(reversal, actor, now)
        reversal.save(update_fields=["state", "compensated_at"])


def _compensated(reversal: Reversal, actor: Membership, now: dt.datetime) -> None:
    reversal.state, reversal.compensated_at = State.COMPENSATED, now
    record_compensated(reversal, actor=log_name(actor))
