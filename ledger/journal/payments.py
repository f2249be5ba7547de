"""Money in and out by the bank, by two people: one enters it, another confirms it."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from ledger.freezes import Scope, require_unfrozen
from ledger.journal.bank.accounts import account_paid, hidden_number, require_bank_account
from ledger.journal.decisions import decide, lock_to_decide, require_treasurer
from ledger.journal.models import Account, Asset, Payment
from ledger.journal.posting import MAX_AMOUNT, HoldChange, Leg, Posting, post_transactions
from ledger.journal.services import open_account, open_asset, place_hold, release_holds
from ledger.parties.access import log_name, require_approved
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.texts import check_texts
from ledger.transparency.services import append_record


def cash() -> Asset:
    """Return the asset that counts fen of CNY."""
    return open_asset(code="CNY", kind=Asset.Kind.CASH)


@transaction.atomic
def request_deposit(*, actor: Membership, organisation: Organisation, amount_fen: int, bank_reference: str) -> Payment:
    """Enter money that the bank has received for an organisation; a second treasurer confirms it.

    Raises: NotAllowed, OrganisationNotApproved, InvalidValue (amount; a bank reference that was used).
    """
    require_treasurer(actor)
    _check_amount(amount_fen)
    if not bank_reference.strip():
        raise InvalidValue(field="bank_reference", reason=_("Give the bank's reference of the payment."))
    if not organisation.is_approved:
        raise InvalidValue(field="organisation", reason=_("The organisation is not approved."))
    payment = Payment(
        organisation=organisation,
        direction=Payment.Direction.DEPOSIT,
        amount_fen=amount_fen,
        bank_reference=bank_reference.strip(),
        requested_by=actor.user,
    )
    _save(payment)
    _record("payment_requested", payment, actor)
    return payment


@transaction.atomic
def request_withdrawal(*, actor: Membership, amount_fen: int) -> Payment:
    """Ask for money to be paid out to the organisation's bank account; it is held until a treasurer confirms or refuses.

    Raises: NotAllowed, OrganisationNotApproved, InvalidValue, NoBankAccount, InsufficientBalance, WithdrawalsFrozen.
    """
    require_right(actor, Right.WITHDRAW)
    require_approved(actor)
    require_unfrozen(Scope.WITHDRAWALS)
    _check_amount(amount_fen)
    require_bank_account(actor.organisation)
    account = open_account(organisation=actor.organisation, asset=cash())
    hold = place_hold(account_id=account.pk, amount=amount_fen, purpose="withdrawal")
    payment = Payment.objects.create(
        organisation=actor.organisation,
        direction=Payment.Direction.WITHDRAWAL,
        amount_fen=amount_fen,
        hold=hold,
        requested_by=actor.user,
    )
    _record("payment_requested", payment, actor)
    return payment


@transaction.atomic
def confirm_payment(
    *, actor: Membership, payment_id: int, bank_reference: str = "", bank_account: int | None = None
) -> Payment:
    """Confirm that the bank has moved the money, and post it; of a withdrawal, to which of the organisation's bank accounts.

    Locks: the payment, then the accounts.
    Raises: NotAllowed, NotFound, SamePerson, WrongState, InvalidValue (a withdrawal without a bank reference, or to an account
        that was not in force), NoBankAccount, BankAccountChanged, WithdrawalsFrozen.
    """
    payment = lock_to_decide(Payment, payment_id, actor=actor)
    holding = open_account(organisation=payment.organisation, asset=cash())
    bank = open_account(organisation=None, asset=cash(), purpose=Account.Purpose.BANK)
    holds: dict[int, HoldChange] = {}
    if payment.direction == Payment.Direction.DEPOSIT:
        leg = Leg(bank.pk, holding.pk, payment.amount_fen)
    else:
        if not bank_reference.strip():
            raise InvalidValue(field="bank_reference", reason=_("Give the bank's reference of the payment."))
        payment.bank_reference = bank_reference.strip()
        payment.bank_account = account_paid(payment, bank_account)
        leg = Leg(holding.pk, bank.pk, payment.amount_fen)
        assert payment.hold_id is not None
        holds[payment.hold_id] = HoldChange(holding.pk, before=payment.amount_fen, after=0)
    now = timezone.now()
    posted = post_transactions(
        [Posting(payment.direction, [leg], log_name(actor), now, idempotency_key=f"payment:{payment.pk}")],
        hold_changes=holds,
    )[0]
    payment.transaction_id = posted.transaction_id
    _decide(payment, Payment.Status.POSTED, actor)
    _record("payment_confirmed", payment, actor)
    return payment


@transaction.atomic
def refuse_payment(*, actor: Membership, payment_id: int) -> Payment:
    """Refuse a payment; what it held is released.

    Locks: the payment, then the account.
    Raises: NotAllowed, NotFound, SamePerson, WrongState.
    """
    payment = lock_to_decide(Payment, payment_id, actor=actor)
    if payment.hold is not None:
        release_holds({payment.hold.pk: HoldChange(payment.hold.account_id, payment.amount_fen, 0)})
    _decide(payment, Payment.Status.REFUSED, actor)
    _record("payment_refused", payment, actor)
    return payment


def _check_amount(amount_fen: int) -> None:
    if not 0 < amount_fen <= MAX_AMOUNT:
        raise InvalidValue(field="amount_fen", reason=_("The amount must be more than zero, in whole fen."))


def _decide(payment: Payment, status: str, actor: Membership) -> None:
    decide(payment, status, actor=actor)
    _save(payment)


def _save(payment: Payment) -> None:
    check_texts(payment)
    try:
        with transaction.atomic():
            payment.save()
    except IntegrityError as error:
        raise InvalidValue(field="bank_reference", reason=_("This bank reference has been entered already.")) from error


def _record(kind: str, payment: Payment, actor: Membership) -> None:
    body: dict[str, Any] = {
        "payment": str(payment.pk),
        "organisation": str(payment.organisation.public_id),
        "direction": payment.direction,
        "amount_fen": payment.amount_fen,
        "bank_reference": payment.bank_reference,
    }
    if payment.transaction_id is not None:
        body["transaction"] = str(payment.transaction_id)
    if payment.bank_account is not None:
        body |= {"bank_account": str(payment.bank_account.pk), **hidden_number(payment.bank_account)}
    append_record(kind=kind, body=body, actor=log_name(actor), at=payment.decided_at or payment.requested_at)
