"""Wrongly issued credits, cancelled by the operator: one registrar asks for it, a second one confirms.

What is to be cancelled is held from the moment it is asked for, so that it is not sold before it is decided. What an order
of the exchange holds is not free: the operator has it cancelled first.
"""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.cancellations.entries import record_order
from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.credits.cancellations.services import batch_to_cancel, cancel_from
from ledger.credits.moving import chosen_runs
from ledger.errors import InsufficientBalance, InvalidValue, NotFound, SamePerson, WrongState
from ledger.journal.models import Account, Hold
from ledger.journal.posting import MAX_AMOUNT
from ledger.journal.selectors import holding_in, system_account
from ledger.journal.services import HoldChange, place_hold, release_holds
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_texts

Status = CancellationOrder.Status


@transaction.atomic
def request_cancellation(
    *,
    actor: Membership,
    batch_id: int,
    organisation: Organisation | None,
    quantity_t: int,
    reason: str,
    note: str,
    first_serial: int | None = None,
) -> CancellationOrder:
    """Ask that an organisation's credits (or, for None, the buffer pool's) be cancelled; a second registrar confirms it.

    Locks: the account, on which they are held.
    Raises: NotAllowed, NotFound, InvalidValue, InsufficientBalance.
    """
    require_registrar(actor)
    wanted = CancellationOrder(
        batch=batch_to_cancel(batch_id),
        organisation=organisation,
        quantity_t=quantity_t,
        first_serial=first_serial,
        reason=reason,
        note=note.strip(),
        requested_by=actor.user,
        requested_at=timezone.now(),
    )
    _check(wanted)
    account = _account_of(wanted)
    if account is None:
        raise InsufficientBalance(field="quantity_t", available=0, needed=quantity_t)
    try:
        wanted.hold = place_hold(account_id=account.pk, amount=quantity_t, purpose=Hold.Purpose.CANCELLATION)
    except InsufficientBalance as error:
        raise InsufficientBalance(field="quantity_t", **error.params) from error
    wanted.save(force_insert=True)
    record_order(wanted, actor=log_name(actor))
    return wanted


def _check(wanted: CancellationOrder) -> None:
    if not 0 < wanted.quantity_t <= MAX_AMOUNT:
        raise InvalidValue(field="quantity_t", reason=_("Cancel one tonne at least."))
    if wanted.reason not in Cancellation.OF_THE_OPERATOR:
        raise InvalidValue(field="reason", reason=_("Choose a reason from the list."))
    if not wanted.note:
        raise InvalidValue(field="note", reason=_("Say what is wrong with these credits."))
    chosen_runs(wanted.first_serial, wanted.quantity_t)
    check_texts(wanted)


def _account_of(order: CancellationOrder) -> Account | None:
    if order.organisation is None:
        return system_account(order.batch.asset, Account.Purpose.BUFFER)
    return holding_in(order.organisation, order.batch.asset)


@transaction.atomic
def confirm_cancellation(*, actor: Membership, order_id: int) -> CancellationOrder:
    """Cancel what another registrar has asked for.

    Locks: the order, then the account and the system's.
    Raises: NotAllowed, NotFound, SamePerson, WrongState, ChosenSerialsNotOwned where the very credits were passed on.
    """
    order = _lock(order_id, actor)
    now = timezone.now()
    order.cancellation = cancel_from(
        order.hold.account,
        Cancellation(
            kind=Cancellation.Kind.ADMINISTRATIVE,
            organisation=order.organisation,
            batch=order.batch,
            quantity_t=order.quantity_t,
            reason=order.reason,
            note=order.note,
            cancelled_by=actor.user,
            cancelled_at=now,
        ),
        first_serial=order.first_serial,
        hold_changes=_freed(order),
    )
    return _decided(order, Status.CONFIRMED, actor)


@transaction.atomic
def refuse_cancellation(*, actor: Membership, order_id: int) -> CancellationOrder:
    """Leave the credits where they are; they are free again.

    Locks: the order, then the account.
    Raises: NotAllowed, NotFound, SamePerson, WrongState.
    """
    order = _lock(order_id, actor)
    release_holds(_freed(order))
    return _decided(order, Status.REFUSED, actor)


def _lock(order_id: int, actor: Membership) -> CancellationOrder:
    require_registrar(actor)
    orders = CancellationOrder.objects.select_related("batch__asset", "organisation", "hold__account")
    order = orders.select_for_update(of=("self",), no_key=True).filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    if order.status != Status.REQUESTED:
        raise WrongState(state=order.get_status_display())
    if order.requested_by_id == actor.user_id:
        raise SamePerson()
    return order


def _freed(order: CancellationOrder) -> dict[int, HoldChange]:
    return {order.hold_id: HoldChange(order.hold.account_id, order.hold.remaining, 0)}


def _decided(order: CancellationOrder, status: Status, actor: Membership) -> CancellationOrder:
    order.status, order.decided_by, order.decided_at = status, actor.user, timezone.now()
    order.save(update_fields=["status", "decided_by", "decided_at", "cancellation"])
    record_order(order, actor=log_name(actor))
    return order
