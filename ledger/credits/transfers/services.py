"""Offer credits to another holder, accept, decline and withdraw, and let offers expire.

Every step locks the transfer first and the accounts after it: of two decisions about one transfer the first wins, and the
other sees it. What is offered is held, so that no order sells it meanwhile; which serial numbers move is settled when it
is accepted, since a hold is of tonnes: the sender's oldest ones then.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.models import Batch
from ledger.credits.moving import Move, move_credits, ranges_of, save_once
from ledger.credits.transfers.entries import record_decided, record_offered
from ledger.credits.transfers.locks import lock_overdue, lock_transfer
from ledger.credits.transfers.models import CreditTransfer
from ledger.credits.transfers.selectors import find_recipient, overdue_transfers
from ledger.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    TooManyTransfersOpen,
    TransferNotOpen,
)
from ledger.freezes import Scope, require_unfrozen
from ledger.journal.locks import lock_accounts
from ledger.journal.models import Account, Hold, Transaction
from ledger.journal.posting import MAX_AMOUNT
from ledger.journal.selectors import holding_in
from ledger.journal.services import HoldChange, open_account, place_hold, release_holds
from ledger.parties.access import log_name, require_approved
from ledger.parties.models import Membership
from ledger.parties.rights import Right, require_right
from ledger.texts import check_texts

STANDS = dt.timedelta(days=7)
"""How long the recipient has to decide."""
MOST_OPEN = 200
"""Transfers that an organisation may have open at a time."""
State = CreditTransfer.State
# What two requests with one key must have in common.
COMPARED = ("batch_id", "recipient_id", "quantity_t", "ground", "price_fen", "note")


@dataclass(frozen=True, slots=True)
class TransferTerms:
    """What a sender says of a transfer. Units: tonnes, fen a tonne (for information; nothing is paid by it)."""

    quantity_t: int
    ground: str
    price_fen: int | None = None
    note: str = ""


@transaction.atomic
def offer_transfer(
    *, actor: Membership, batch_id: int, recipient: str, terms: TransferTerms, idempotency_key: str | None = None
) -> CreditTransfer:
    """Offer another holder credits; they are held until it decides. The same key with the same content offers once.

    Locks: the sender's account.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, UnknownRecipient, InvalidValue, InsufficientBalance,
        TooManyTransfersOpen, IdempotencyConflict, WithdrawalsFrozen.
    """
    _require_acting_holder(actor)
    require_approved(actor)
    require_unfrozen(Scope.WITHDRAWALS)
    batch = Batch.objects.select_related("asset", "project").filter(pk=batch_id).first()
    if batch is None:
        raise NotFound()
    now = timezone.now()
    wanted = CreditTransfer(
        batch=batch,
        sender=actor.organisation,
        recipient=find_recipient(recipient, sender=actor.organisation),
        quantity_t=terms.quantity_t,
        ground=terms.ground,
        price_fen=terms.price_fen,
        note=terms.note.strip(),
        expires_at=now + STANDS,
        idempotency_key=idempotency_key,
        offered_by=actor.user,
        offered_at=now,
    )
    _check_terms(wanted)
    account = holding_in(actor.organisation, batch.asset)
    if account is None:
        raise InsufficientBalance(field="quantity_t", available=0, needed=terms.quantity_t)
    return _offer(wanted, account, actor)


def _check_terms(wanted: CreditTransfer) -> None:
    if not 0 < wanted.quantity_t <= MAX_AMOUNT:
        raise InvalidValue(field="quantity_t", reason=_("Transfer one tonne at least."))
    if wanted.ground not in CreditTransfer.Ground.values:
        raise InvalidValue(field="ground", reason=_("Choose a ground from the list."))
    if wanted.price_fen is not None and not 0 < wanted.price_fen <= MAX_AMOUNT:
        raise InvalidValue(
            field="price_fen", reason=_("A price is more than zero; leave it empty where there is none.")
        )
    if wanted.price_fen is not None and wanted.ground == CreditTransfer.Ground.GIFT:
        raise InvalidValue(field="price_fen", reason=_("A gift has no price."))
    check_texts(wanted)


def _offer(wanted: CreditTransfer, account: Account, actor: Membership) -> CreditTransfer:
    # Two requests with one key are of one sender: they come one after the other where they are for one batch, and where
    # they are not, the database has the key once.
    lock_accounts([account.pk])
    if (known := _known(wanted)) is not None:
        return known
    # Offers of another batch at this moment are not counted: a few too many do no harm.
    if CreditTransfer.objects.filter(sender=wanted.sender, state=State.OFFERED).count() >= MOST_OPEN:
        raise TooManyTransfersOpen(most=MOST_OPEN)
    try:
        wanted.hold = place_hold(account_id=account.pk, amount=wanted.quantity_t, purpose=Hold.Purpose.TRANSFER)
    except InsufficientBalance as error:
        raise InsufficientBalance(field="quantity_t", **error.params) from error
    save_once(wanted, "credit_transfer_key_once")
    record_offered(wanted, actor=log_name(actor))
    return wanted


def _known(wanted: CreditTransfer) -> CreditTransfer | None:
    if wanted.idempotency_key is None:
        return None
    transfers = CreditTransfer.objects.select_related("batch__asset", "batch__project", "sender", "recipient", "hold")
    known = transfers.filter(sender=wanted.sender, idempotency_key=wanted.idempotency_key).first()
    if known is None:
        return None
    if any(getattr(known, name) != getattr(wanted, name) for name in COMPARED):
        raise IdempotencyConflict(key=wanted.idempotency_key)
    known.is_replay = True
    return known


@transaction.atomic
def accept_transfer(*, actor: Membership, public_id: UUID) -> CreditTransfer:
    """Take the credits that were offered: they move at once, with their serial numbers.

    Locks: the transfer, then the accounts of both.
    Raises: NotAllowed, OrganisationNotApproved (either of the two), NotFound, TransferNotOpen, WithdrawalsFrozen.
    """
    _require_acting_holder(actor)
    require_approved(actor)
    transfer = lock_transfer(public_id=public_id, actor=actor)
    _require_recipient(transfer, actor)
    now = timezone.now()
    _require_open(transfer, now)
    if not transfer.sender.is_approved:
        raise OrganisationNotApproved(organisation=transfer.sender.name)
    posted = move_credits(
        Move(
            Transaction.Kind.TRANSFER,
            transfer.hold.account,
            open_account(organisation=transfer.recipient, asset=transfer.batch.asset),
            transfer.quantity_t,
            log_name(actor),
            now,
            idempotency_key=f"credit-transfer:{transfer.pk}",
            hold_changes=_freed(transfer),
        )
    )
    transfer.transaction_id = posted.transaction_id
    transfer.serials = ranges_of(posted.serials[0])
    _decide(transfer, State.ACCEPTED, now, actor)
    return transfer


@transaction.atomic
def decline_transfer(*, actor: Membership, public_id: UUID) -> CreditTransfer:
    """Refuse credits that were offered; the sender has them free again.

    Locks: the transfer, then the sender's account.
    Raises: NotAllowed, NotFound, TransferNotOpen.
    """
    _require_acting_holder(actor)
    transfer = lock_transfer(public_id=public_id, actor=actor)
    _require_recipient(transfer, actor)
    return _give_up(transfer, State.DECLINED, actor)


@transaction.atomic
def withdraw_transfer(*, actor: Membership, public_id: UUID) -> CreditTransfer:
    """Take back what one has offered, as long as it is not decided.

    Locks: the transfer, then the sender's account.
    Raises: NotAllowed, NotFound, TransferNotOpen.
    """
    _require_acting_holder(actor)
    transfer = lock_transfer(public_id=public_id, actor=actor)
    if transfer.sender_id != actor.organisation_id:
        raise NotAllowed()
    return _give_up(transfer, State.WITHDRAWN, actor)


def expire_transfers() -> int:
    """Mark transfers that nobody has decided in time, and free what they held; return how many. Done twice, it is done once.

    Locks: one transfer at a time, then the sender's account.
    """
    return sum(_expire(transfer_id) for transfer_id in overdue_transfers(timezone.now()))


@transaction.atomic
def _expire(transfer_id: int) -> bool:
    transfer = lock_overdue(transfer_id)
    now = timezone.now()
    if transfer is None or now < transfer.expires_at:
        return False
    release_holds(_freed(transfer))
    _decide(transfer, State.EXPIRED, now, None)
    return True


def _require_acting_holder(actor: Membership) -> None:
    require_right(actor, Right.TRADE)


def _require_recipient(transfer: CreditTransfer, actor: Membership) -> None:
    if transfer.recipient_id != actor.organisation_id:
        raise NotAllowed()


def _require_open(transfer: CreditTransfer, now: dt.datetime) -> None:
    if not transfer.is_open_at(now):
        raise TransferNotOpen(state=transfer.get_outcome_display())


def _give_up(transfer: CreditTransfer, state: State, actor: Membership) -> CreditTransfer:
    now = timezone.now()
    _require_open(transfer, now)
    release_holds(_freed(transfer))
    _decide(transfer, state, now, actor)
    return transfer


def _freed(transfer: CreditTransfer) -> dict[int, HoldChange]:
    return {transfer.hold_id: HoldChange(transfer.hold.account_id, transfer.hold.remaining, 0)}


def _decide(transfer: CreditTransfer, state: State, now: dt.datetime, actor: Membership | None) -> None:
    """Write what became of a transfer; `actor` is None where its time was over."""
    transfer.state, transfer.decided_at = state, now
    transfer.decided_by = actor.user if actor else None
    transfer.save(update_fields=["state", "decided_at", "decided_by", "serials", "transaction"])
    record_decided(transfer, actor=log_name(actor) if actor else "system")
