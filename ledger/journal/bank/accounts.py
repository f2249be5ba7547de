"""Where organisations' money is paid out to: one treasurer states it from the contract, a second one confirms it."""

import hashlib
import re

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from ledger.journal.bank.models import BankAccount
from ledger.journal.decisions import decide, lock_to_decide, require_treasurer
from ledger.parties.access import log_name
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_texts
from ledger.transparency.services import append_record

NUMBER = re.compile(r"[0-9]{8,30}")


def bank_account_of(organisation: Organisation) -> BankAccount | None:
    """Return where an organisation's money is paid out to: what was confirmed last; None where nothing is."""
    confirmed = organisation.bank_accounts.filter(status=BankAccount.Status.CONFIRMED)
    return confirmed.order_by("-decided_at", "-pk").first()


@transaction.atomic
def state_bank_account(*, actor: Membership, organisation: Organisation, bank: str, number: str) -> BankAccount:
    """State the account that an organisation's contract names; a second treasurer confirms it.

    Raises: NotAllowed, InvalidValue (bank, number; another one that waits).
    """
    require_treasurer(actor)
    bank, number = " ".join(bank.split()), re.sub(r"[\s-]", "", number)
    if not bank:
        raise InvalidValue(field="bank", reason=_("Name the bank and its branch."))
    if not NUMBER.fullmatch(number):
        raise InvalidValue(field="number", reason=_("A bank account has 8 to 30 digits."))
    stated = BankAccount(
        organisation=organisation, bank=bank, number=number, requested_by=actor.user, requested_at=timezone.now()
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


def _record(kind: str, stated: BankAccount, actor: Membership) -> None:
    # Whoever knows the number can compare it; nobody reads it in the log.
    public_id = str(stated.organisation.public_id)
    body = {
        "bank_account": str(stated.pk),
        "organisation": public_id,
        "number_sha256": hashlib.sha256(f"{public_id}:{stated.number}".encode()).hexdigest(),
    }
    append_record(kind=kind, body=body, actor=log_name(actor), at=stated.decided_at or stated.requested_at)
