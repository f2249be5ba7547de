"""Correct wrong transactions, by two people: a transaction is never changed, another one reverses it."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.errors import AlreadyReversed, InvalidValue, NotFound, NotReversible
from ledger.journal.decisions import decide, lock_to_decide, require_treasurer
from ledger.journal.models import Correction, Payment, Payout, Transaction
from ledger.journal.posting import Leg, PostedTransaction, Posting, post_transactions
from ledger.journal.serials import runs_of
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.texts import check_texts
from ledger.transparency.services import append_record

REVERSIBLE = (
    Transaction.Kind.DEPOSIT,
    Transaction.Kind.WITHDRAWAL,
    Transaction.Kind.TRANSFER,
    Transaction.Kind.PAYOUT,
)
# What is final, and what is done instead.
INSTEAD: dict[str, str | Promise] = {
    Transaction.Kind.SETTLEMENT: _("A trade is final once it is settled. The parties can trade the other way round."),
    Transaction.Kind.ISSUANCE: _(
        "Issued credits may be in anybody's hands. Have their holders cancel as many instead."
    ),
    Transaction.Kind.RETIREMENT: _(
        "A retirement is final: its certificate is public. Retire other credits as it was meant."
    ),
    Transaction.Kind.CANCELLATION: _(
        "A cancellation is final: its credits are gone for good. Have a report issued anew."
    ),
    Transaction.Kind.DISTRIBUTION: _(
        "A distribution follows the plan that held when the credits were sold, and each sale is shared once. The"
        " cooperative can state another plan for what it sells next."
    ),
    Transaction.Kind.REVERSAL: _("A reversal is not reversed. Enter what was right after all as a new transaction."),
}


@transaction.atomic
def request_correction(*, actor: Membership, transaction_id: int, reason: str) -> Correction:
    """Ask that a wrong deposit, withdrawal, payout or transfer be reversed; a second treasurer confirms it.

    Raises: NotAllowed, NotFound, NotReversible (what is final), AlreadyReversed, InvalidValue (the reason).
    """
    require_treasurer(actor)
    wrong = Transaction.objects.filter(pk=transaction_id).first()
    if wrong is None:
        raise NotFound(field="transaction")
    if wrong.kind not in REVERSIBLE:
        raise NotReversible(field="transaction", reason=INSTEAD[wrong.kind])
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say what is wrong with the transaction."))
    if is_corrected(wrong):
        raise AlreadyReversed(field="transaction")
    correction = Correction(transaction=wrong, reason=reason.strip(), requested_by=actor.user)
    _insert(correction)
    _record("correction_requested", correction, actor)
    return correction


@transaction.atomic
def confirm_correction(*, actor: Membership, correction_id: int) -> Correction:
    """Reverse the wrong transaction: the same transfers the other way round, with the same serial numbers.

    Locks: the correction, a payment or payout that the transaction was of, then the accounts.
    Raises: NotAllowed, NotFound, SamePerson, WrongState; InsufficientBalance where the money is spent, SerialsNotOwned
        where the very credits have been passed on.
    """
    correction = lock_to_decide(Correction, correction_id, actor=actor)
    # Its bank reference is free again, to be entered as it should have been.
    Payment.objects.filter(transaction=correction.transaction_id).update(status=Payment.Status.REVERSED)
    Payout.objects.filter(transaction=correction.transaction_id).update(status=Payout.Status.REVERSED)
    posted = _reverse(correction, actor)
    correction.reversal_id = posted.transaction_id
    decide(correction, Correction.Status.CONFIRMED, actor=actor)
    correction.save()
    _record("correction_confirmed", correction, actor)
    return correction


@transaction.atomic
def refuse_correction(*, actor: Membership, correction_id: int) -> Correction:
    """Let a transaction stand as it is.

    Locks: the correction.
    Raises: NotAllowed, NotFound, SamePerson, WrongState.
    """
    correction = lock_to_decide(Correction, correction_id, actor=actor)
    decide(correction, Correction.Status.REFUSED, actor=actor)
    correction.save()
    _record("correction_refused", correction, actor)
    return correction


def is_corrected(wrong: Transaction) -> bool:
    """Return whether a transaction is reversed, or somebody has asked for it."""
    is_reversed = Transaction.objects.filter(reverses=wrong).exists()
    return is_reversed or wrong.corrections.exclude(status=Correction.Status.REFUSED).exists()


def _insert(correction: Correction) -> None:
    check_texts(correction)
    try:
        with transaction.atomic():
            correction.save()
    except IntegrityError as error:
        # Two asked at the same moment.
        raise AlreadyReversed(field="transaction") from error


def _reverse(correction: Correction, actor: Membership) -> PostedTransaction:
    legs = [
        Leg(
            transfer.credit_account_id,
            transfer.debit_account_id,
            transfer.amount,
            None if transfer.serials is None else runs_of(transfer.serials),
        )
        for transfer in correction.transaction.transfers.order_by("id")
    ]
    reversal = Posting(
        Transaction.Kind.REVERSAL,
        legs,
        log_name(actor),
        timezone.now(),
        idempotency_key=f"correction:{correction.pk}",
        reverses_id=correction.transaction_id,
    )
    return post_transactions([reversal])[0]


def _record(kind: str, correction: Correction, actor: Membership) -> None:
    body: dict[str, Any] = {
        "correction": str(correction.pk),
        "transaction": str(correction.transaction_id),
        "reason": correction.reason,
    }
    if correction.reversal_id is not None:
        body["reversal"] = str(correction.reversal_id)
    append_record(kind=kind, body=body, actor=log_name(actor), at=correction.decided_at or correction.requested_at)
