"""Where organisations' money is paid out to: one treasurer states it from the contract, a second one confirms it."""

import datetime as dt
import hashlib
import re
import secrets

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import BankAccountChanged, InvalidValue, NoBankAccount
from ledger.journal.bank.models import BankAccount
from ledger.journal.decisions import decide, lock_to_decide, require_treasurer
from ledger.journal.models import Payment
from ledger.parties.access import log_name
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_texts
from ledger.transparency.services import append_record

NUMBER = re.compile(r"[0-9]{8,30}")
NONCE_BYTES = 16


def bank_account_of(organisation: Organisation) -> BankAccount | None:
    """Return where an organisation's money is paid out to: what was confirmed last; None where nothing is."""
    return _confirmed(organisation).first()


def require_bank_account(organisation: Organisation) -> BankAccount:
    """Return where an organisation's money is paid out to.

    What is confirmed is never taken back, only replaced: who has had an account has one, so nothing needs to be locked.

    Raises: NoBankAccount.
    """
    account = bank_account_of(organisation)
    if account is None:
        raise NoBankAccount(organisation=organisation)
    return account


def accounts_while(organisation: Organisation, since: dt.datetime) -> list[BankAccount]:
    """Return where money may have been paid out to from a moment on: what is confirmed now first, then what was before it."""
    found = []
    for account in _confirmed(organisation):
        found.append(account)
        if account.decided_at is not None and account.decided_at <= since:
            break
    return found


def account_paid(payment: Payment, bank_account_id: int | None) -> BankAccount:
    """Return to which account the bank has paid a withdrawal: the one that is named, or the only one it can have been.

    One that is confirmed at this very moment may come too late to be asked about: then the one before it was paid.

    Raises: NoBankAccount, BankAccountChanged where another one was confirmed meanwhile and none is named, InvalidValue
        where the one named was never in force while the withdrawal waited.
    """
    accounts = accounts_while(payment.organisation, payment.requested_at)
    if not accounts:
        raise NoBankAccount(organisation=payment.organisation)
    if bank_account_id is None:
        if len(accounts) > 1:
            raise BankAccountChanged(field="bank_account", account=accounts[0])
        return accounts[0]
    for account in accounts:
        if account.pk == bank_account_id:
            return account
    raise InvalidValue(
        field="bank_account",
        reason=_("Name an account of the organisation that was confirmed while the withdrawal waited."),
    )


def hidden_number(account: BankAccount) -> dict[str, str]:
    """Return what the log says of an account's number: whoever knows it can compare it, and nobody reads it there.

    A bank's numbers are few enough to be tried one by one: the nonce, which stays here, keeps them from being found.
    """
    public_id = str(account.organisation.public_id)
    if not account.nonce:
        return {"number_sha256": hashlib.sha256(f"{public_id}:{account.number}".encode()).hexdigest()}
    stated = f"{account.nonce}:{public_id}:{account.number}"
    return {"number_commitment": hashlib.sha256(stated.encode()).hexdigest()}


@transaction.atomic
def state_bank_account(*, actor: Membership, organisation: Organisation, bank: str, number: str) -> BankAccount:
    """State the account that an organisation's contract names; a second treasurer confirms it.

    Raises: NotAllowed, InvalidValue (an organisation that is not approved, or has no money; bank, number; another one that waits).
    """
    require_treasurer(actor)
    if not (organisation.is_approved and organisation.holds_assets):
        raise InvalidValue(
            field="organisation", reason=_("Money is paid out to approved cooperatives and buyers alone.")
        )
    bank, number = " ".join(bank.split()), re.sub(r"[\s-]", "", number)
    if not bank:
        raise InvalidValue(field="bank", reason=_("Name the bank and its branch."))
    if not NUMBER.fullmatch(number):
        raise InvalidValue(field="number", reason=_("A bank account has 8 to 30 digits."))
    stated = BankAccount(
        organisation=organisation,
        bank=bank,
        number=number,
        nonce=secrets.token_hex(NONCE_BYTES),
        requested_by=actor.user,
        requested_at=timezone.now(),
    )
    check_texts(stated)
    try:
        with transaction.atomic():
            stated.save()
    except IntegrityError as error:
        raise InvalidValue(
            field="organisation", reason=_("Another account of the organisation waits to be confirmed or refused.")
        ) from error
    _record("bank_account_stated", stated, actor)
    return stated


@transaction.atomic
def confirm_bank_account(*, actor: Membership, bank_account_id: int) -> BankAccount:
    """Have money paid out to an account from now on, in place of the one before.

    Locks: the bank account.
    Raises: NotAllowed, NotFound, SamePerson, WrongState.
    """
    return _decide(bank_account_id, BankAccount.Status.CONFIRMED, "bank_account_confirmed", actor)


@transaction.atomic
def refuse_bank_account(*, actor: Membership, bank_account_id: int) -> BankAccount:
    """Leave it at the account before.

    Locks: the bank account.
    Raises: NotAllowed, NotFound, SamePerson, WrongState.
    """
    return _decide(bank_account_id, BankAccount.Status.REFUSED, "bank_account_refused", actor)


def _decide(bank_account_id: int, status: str, kind: str, actor: Membership) -> BankAccount:
    stated = lock_to_decide(BankAccount, bank_account_id, actor=actor)
    decide(stated, status, actor=actor)
    stated.save(update_fields=["status", "decided_by", "decided_at"])
    _record(kind, stated, actor)
    return stated


def _confirmed(organisation: Organisation) -> QuerySet[BankAccount]:
    """Return what was confirmed, the latest first."""
    confirmed = organisation.bank_accounts.filter(status=BankAccount.Status.CONFIRMED)
    return confirmed.order_by("-decided_at", "-pk")


def _record(kind: str, stated: BankAccount, actor: Membership) -> None:
    body = {
        "bank_account": str(stated.pk),
        "organisation": str(stated.organisation.public_id),
        **hidden_number(stated),
    }
    append_record(kind=kind, body=body, actor=log_name(actor), at=stated.decided_at or stated.requested_at)
