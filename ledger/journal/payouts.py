"""Pay out to member households what they have coming: the cooperative's owner orders it, a treasurer confirms it.

The model is a list of the bank's: one reference, as many households as one transaction takes. A cooperative with more
gets several lists. What is ordered is held on the households' accounts until it is decided.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NothingToPayOut
from ledger.freezes import Scope, require_unfrozen
from ledger.journal.decisions import decide, lock_to_decide
from ledger.journal.locks import lock_accounts
from ledger.journal.models import Account, Hold, Payout, PayoutLine, Transaction
from ledger.journal.payments import cash
from ledger.journal.posting import HoldChange, Leg, Posting, post_transactions
from ledger.journal.services import open_account, release_holds
from ledger.journal.terms import MAX_LEGS
from ledger.parties.access import log_name, require_approved, require_kind
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, require_right
from ledger.rows import array_of, draw_ids_of, insert_rows, update_rows
from ledger.texts import check_texts
from ledger.transparency.services import append_record


@transaction.atomic
def request_payout(*, actor: Membership) -> list[Payout]:
    """Order that all that the cooperative's households have be paid out: one payout, or several where they are many.

    Locks: the households' accounts.
    Raises: NotAllowed, OrganisationNotApproved, NothingToPayOut, WithdrawalsFrozen.
    """
    require_kind(actor, Organisation.Kind.COOPERATIVE)
    require_right(actor, Right.WITHDRAW)
    require_approved(actor)
    require_unfrozen(Scope.WITHDRAWALS)
    accounts = Account.objects.filter(purpose=Account.Purpose.SHARE, household__cooperative=actor.organisation)
    ids = accounts.order_by("household__code", "id").values_list("pk", flat=True)
    locked = lock_accounts(ids)
    due = [(pk, locked[pk].available) for pk in ids if locked[pk].available > 0]
    if not due:
        raise NothingToPayOut()
    return [_request(actor, due[start : start + MAX_LEGS]) for start in range(0, len(due), MAX_LEGS)]


@transaction.atomic
def confirm_payout(*, actor: Membership, payout_id: int, bank_reference: str) -> Payout:
    """Confirm that the bank has paid the households, and post it.

    Locks: the payout, then the accounts.
    Raises: NotAllowed, NotFound, SamePerson, WrongState, InvalidValue (no bank reference, or one that was used), WithdrawalsFrozen.
    """
    payout = lock_to_decide(Payout, payout_id, actor=actor)
    if not bank_reference.strip():
        raise InvalidValue(field="bank_reference", reason=_("Give the bank's reference of the payment."))
    payout.bank_reference = bank_reference.strip()
    bank = open_account(organisation=None, asset=cash(), purpose=Account.Purpose.BANK)
    lines = list(payout.lines.all())
    legs = [Leg(line.account_id, bank.pk, line.amount_fen) for line in lines]
    posting = Posting(
        Transaction.Kind.PAYOUT, legs, log_name(actor), timezone.now(), idempotency_key=f"payout:{payout.pk}"
    )
    posted = post_transactions([posting], hold_changes=_released(lines))[0]
    payout.transaction_id = posted.transaction_id
    decide(payout, Payout.Status.POSTED, actor=actor)
    _save(payout)
    _record("payout_confirmed", payout, lines, actor)
    return payout


@transaction.atomic
def refuse_payout(*, actor: Membership, payout_id: int) -> Payout:
    """Refuse a payout; what it held is the households' to be ordered again.

    Locks: the payout, then the accounts.
    Raises: NotAllowed, NotFound, SamePerson, WrongState.
    """
    payout = lock_to_decide(Payout, payout_id, actor=actor)
    lines = list(payout.lines.all())
    release_holds(_released(lines))
    decide(payout, Payout.Status.REFUSED, actor=actor)
    _save(payout)
    _record("payout_refused", payout, lines, actor)
    return payout


def _request(actor: Membership, due: Sequence[tuple[int, int]]) -> Payout:
    payout = Payout.objects.create(
        cooperative=actor.organisation,
        amount_fen=sum(amount for _account, amount in due),
        requested_by=actor.user,
        requested_at=timezone.now(),
    )
    hold_ids, line_ids = draw_ids_of((Hold, len(due)), (PayoutLine, len(due)))
    insert_rows(
        Hold,
        ("id", "account_id", "purpose", "remaining", "placed_at"),
        ("int8", "int8", "varchar", "int8", "timestamptz"),
        [
            (hold_id, account_id, "payout", amount, payout.requested_at)
            for hold_id, (account_id, amount) in zip(hold_ids, due, strict=True)
        ],
    )
    insert_rows(
        PayoutLine,
        ("id", "payout_id", "account_id", "hold_id", "amount_fen"),
        ("int8",) * 5,
        [
            (line_id, payout.pk, account_id, hold_id, amount)
            for line_id, hold_id, (account_id, amount) in zip(line_ids, hold_ids, due, strict=True)
        ],
    )
    update_rows(
        """
        UPDATE ledger_account account SET held = account.held + new.amount
          FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, amount) WHERE account.id = new.id
        """,
        [array_of(account_id for account_id, _amount in due), array_of(amount for _account, amount in due)],
        count=len(due),
        otherwise=AssertionError("an account that is locked has gone"),
    )
    _record("payout_requested", payout, list(payout.lines.all()), actor)
    return payout


def _released(lines: Sequence[PayoutLine]) -> dict[int, HoldChange]:
    return {line.hold_id: HoldChange(line.account_id, before=line.amount_fen, after=0) for line in lines}


def _save(payout: Payout) -> None:
    check_texts(payout)
    try:
        with transaction.atomic():
            payout.save()
    except IntegrityError as error:
        raise InvalidValue(field="bank_reference", reason=_("This bank reference has been entered already.")) from error


def lines_sha256(lines: Sequence[PayoutLine]) -> str:
    """Return the hash of what each account gets: a line for each, in the order of the accounts."""
    paid = [(line.account_id, line.amount_fen) for line in lines]
    return hashlib.sha256(";".join(f"{account}:{amount}" for account, amount in sorted(paid)).encode()).hexdigest()


def _record(kind: str, payout: Payout, lines: Sequence[PayoutLine], actor: Membership) -> None:
    body: dict[str, Any] = {
        "payout": str(payout.pk),
        "cooperative": str(payout.cooperative.public_id),
        "amount_fen": payout.amount_fen,
        "households": len(lines),
        "lines_sha256": lines_sha256(lines),
        "bank_reference": payout.bank_reference,
    }
    if payout.transaction_id is not None:
        body["transaction"] = str(payout.transaction_id)
    append_record(kind=kind, body=body, actor=log_name(actor), at=payout.decided_at or payout.requested_at)
