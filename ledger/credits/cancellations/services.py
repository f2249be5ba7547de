"""Cancel credits for good: what their holder no longer wants to be used by anybody, and what a reversal takes."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.cancellations.entries import record_cancelled
from ledger.credits.cancellations.models import Cancellation
from ledger.credits.models import Batch
from ledger.credits.moving import Move, chosen_runs, move_credits, ranges_of, save_once
from ledger.errors import IdempotencyConflict, InsufficientBalance, InvalidValue, NotFound
from ledger.journal.locks import lock_accounts
from ledger.journal.models import Account, Transaction
from ledger.journal.posting import MAX_AMOUNT
from ledger.journal.selectors import holding_in
from ledger.journal.services import HoldChange, PostedTransaction, open_account
from ledger.parties.access import require_approved
from ledger.parties.models import Membership
from ledger.parties.rights import Right, require_right
from ledger.texts import check_texts

# What two requests with one key must have in common.
COMPARED = ("kind", "batch_id", "quantity_t", "reason", "note", "reversal_id")
Kind, Reason = Cancellation.Kind, Cancellation.Reason


@transaction.atomic
def cancel_credits(
    *,
    actor: Membership,
    batch_id: int,
    quantity_t: int,
    reason: str,
    note: str = "",
    first_serial: int | None = None,
    idempotency_key: str | None = None,
) -> Cancellation:
    """Give credits up for good, in nobody's name; the same key with the same content gives the first cancellation.

    The oldest credits are taken, or those from `first_serial` on.

    Locks: the holder's account and the system's.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue, InsufficientBalance, ChosenSerialsNotOwned,
        IdempotencyConflict.
    """
    require_acting_holder(actor)
    if reason not in Cancellation.OF_HOLDERS:
        raise InvalidValue(field="reason", reason=_("Choose a reason from the list."))
    if reason == Reason.OTHER and not note.strip():
        raise InvalidValue(field="note", reason=_("Say why they are cancelled."))
    wanted = Cancellation(
        kind=Kind.VOLUNTARY,
        organisation=actor.organisation,
        batch=batch_to_cancel(batch_id),
        quantity_t=quantity_t,
        reason=reason,
        note=note.strip(),
        idempotency_key=idempotency_key,
        cancelled_by=actor.user,
        cancelled_at=timezone.now(),
    )
    return cancel_own(wanted, first_serial=first_serial)


def require_acting_holder(actor: Membership) -> None:
    """Refuse everybody but owners and traders of approved holders.

    Raises: NotAllowed, OrganisationNotApproved.
    """
    require_right(actor, Right.TRADE)
    require_approved(actor)


def batch_to_cancel(batch_id: int) -> Batch:
    """Return a batch.

    Raises: NotFound.
    """
    batch = Batch.objects.select_related("asset", "project").filter(pk=batch_id).first()
    if batch is None:
        raise NotFound(field="batch")
    return batch


def check_cancellation(wanted: Cancellation, first_serial: int | None) -> None:
    """Refuse what cannot be cancelled or written.

    Raises: InvalidValue.
    """
    if not 0 < wanted.quantity_t <= MAX_AMOUNT:
        raise InvalidValue(field="quantity_t", reason=_("Cancel one tonne at least."))
    chosen_runs(first_serial, wanted.quantity_t)
    check_texts(wanted)


def cancel_own(wanted: Cancellation, *, first_serial: int | None) -> Cancellation:
    """Cancel credits of the organisation that wants it; within a transaction of the caller's.

    Locks: the holder's account and the system's.
    Raises: InvalidValue, InsufficientBalance, ChosenSerialsNotOwned, IdempotencyConflict.
    """
    check_cancellation(wanted, first_serial)
    assert wanted.organisation is not None
    holder = holding_in(wanted.organisation, wanted.batch.asset)
    if holder is None:
        raise InsufficientBalance(field="quantity_t", available=0, needed=wanted.quantity_t)
    # The lock on the holder's account lets two requests with one key come one after the other.
    lock_accounts([holder.pk])
    known = known_cancellation(wanted, first_serial)
    return known or cancel_from(holder, wanted, first_serial=first_serial)


def known_cancellation(wanted: Cancellation, first_serial: int | None) -> Cancellation | None:
    """Return what was cancelled with the same key before, if anything.

    Raises: IdempotencyConflict where that was something else.
    """
    if wanted.idempotency_key is None:
        return None
    found = Cancellation.objects.select_related("organisation", "batch__asset", "batch__project", "reversal")
    first = found.filter(organisation=wanted.organisation, idempotency_key=wanted.idempotency_key).first()
    if first is None:
        return None
    is_other = any(getattr(first, name) != getattr(wanted, name) for name in COMPARED)
    if is_other or (first_serial is not None and [run.lower for run in first.serials] != [first_serial]):
        raise IdempotencyConflict(key=wanted.idempotency_key)
    first.is_replay = True
    return first


def cancel_from(
    giver: Account,
    wanted: Cancellation,
    *,
    first_serial: int | None = None,
    hold_changes: dict[int, HoldChange] | None = None,
) -> Cancellation:
    """Cancel credits of an account, and record it; within a transaction of the caller's, who has checked all else.

    Locks: the giver's account and the system's.
    Raises: InsufficientBalance, ChosenSerialsNotOwned, IdempotencyConflict.
    """
    posted = _post(giver, wanted, first_serial, hold_changes or {})
    wanted.transaction_id = posted.transaction_id
    wanted.serials = ranges_of(posted.serials[0])
    wanted.record_id = record_cancelled(wanted, actor=f"user:{wanted.cancelled_by.public_id}")
    save_once(wanted, "cancellation_key_once")
    return wanted


def _post(
    giver: Account, wanted: Cancellation, first_serial: int | None, hold_changes: dict[int, HoldChange]
) -> PostedTransaction:
    return move_credits(
        Move(
            Transaction.Kind.CANCELLATION,
            giver,
            open_account(organisation=None, asset=wanted.batch.asset, purpose=Account.Purpose.CANCELLED),
            wanted.quantity_t,
            f"user:{wanted.cancelled_by.public_id}",
            wanted.cancelled_at,
            idempotency_key=f"cancellation:{wanted.public_id}",
            first_serial=first_serial,
            hold_changes=hold_changes,
        )
    )
