"""Post transactions: the one way in which a balance changes, for one transaction or for thousands."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from django.db import IntegrityError, transaction

from ledger.ahead import working_ahead
from ledger.errors import (
    AssetMismatch,
    BalanceOverflow,
    EmptyTransaction,
    InsufficientBalance,
    InvalidAmount,
    InvalidSerials,
    SameAccount,
    TooManyTransfers,
)
from ledger.freezes import Scope, require_unfrozen
from ledger.journal import serials, writing
from ledger.journal.cutting import take_out
from ledger.journal.entries import is_spelled_out, listing_records, transaction_body
from ledger.journal.locks import LockedAccount, lock_accounts
from ledger.journal.models import Transaction, Transfer
from ledger.journal.repeats import answer_all, part_repeats
from ledger.journal.serials import BlockChanges, Delivery, Run
from ledger.journal.terms import MAX_AMOUNT, MAX_LEGS, HoldChange, Leg, Numbered, PostedTransaction, Posting
from ledger.rows import draw_ids_of
from ledger.transparency.models import Record
from ledger.transparency.services import NewRecord, append_records

__all__ = ["MAX_AMOUNT", "HoldChange", "Leg", "PostedTransaction", "Posting", "post_transactions", "post_within"]

ENTRIES_AT_A_TIME = 1_000

LEAVING = frozenset({"withdrawal", "payout", "transfer", "retirement", "cancellation"})
"""Kinds by which money or credits leave whose they are, for good: what a freeze of withdrawals stops, whoever asks."""

Place = tuple[int, int]
"""Which leg of which posting of the call."""


@transaction.atomic
def post_transactions(
    postings: Sequence[Posting], *, hold_changes: Mapping[int, HoldChange] | None = None
) -> list[PostedTransaction]:
    """Post transactions and change the holds that they settle, all or nothing; see `post_within`."""
    return post_within(postings, hold_changes=hold_changes)


def post_within(
    postings: Sequence[Posting],
    *,
    hold_changes: Mapping[int, HoldChange] | None = None,
    locked: dict[int, LockedAccount] | None = None,
) -> list[PostedTransaction]:
    """Post transactions within a database transaction that is given up whole where they are refused.

    A posting whose key was used before with the same content is answered with what was posted then. Where this is so of
    every posting, the holds were changed then, too. An account delivers only credits that it owned before the call.

    `locked` are the accounts concerned, where the caller has had to lock them earlier and has changed nothing of them since.

    Locks: every account concerned, in id order.
    Raises: EmptyTransaction, TooManyTransfers, InvalidAmount, SameAccount, UnknownAccount, InvalidValue (the key),
        IdempotencyConflict, AssetMismatch, HoldChanged, InsufficientBalance, BalanceOverflow, InvalidSerials,
        SerialsNotOwned; WithdrawalsFrozen for what leaves. Of `post_transactions` nothing is changed then.
    """
    hold_changes = hold_changes or {}
    concerned = _accounts_of(postings, hold_changes)
    accounts = lock_accounts(concerned) if locked is None else locked
    fresh, answers = part_repeats(postings)
    is_repeat = bool(answers) and not fresh
    posted = [] if is_repeat else _post(fresh, hold_changes, accounts)
    return posted if fresh is postings else answer_all(postings, posted, answers)


def _post(
    postings: Sequence[Posting], hold_changes: Mapping[int, HoldChange], accounts: Mapping[int, LockedAccount]
) -> list[PostedTransaction]:
    if any(posting.kind in LEAVING for posting in postings):
        require_unfrozen(Scope.WITHDRAWALS)
    _apply_holds(hold_changes, accounts)
    _apply_legs(postings, accounts)
    _check_balances(postings, accounts)
    runs, changes = _allocate_serials(postings, accounts)
    numbered, record_ids = _number(postings, runs)
    try:
        with working_ahead(len(postings)):
            writing.write_holds(hold_changes)
            writing.write_balances(accounts)
            serials.write(changes)
            posted = _write(postings, numbered, record_ids)
    except IntegrityError as error:
        if (refusal := writing.refusal(error, postings)) is None:
            raise
        raise refusal from error
    return posted


def _accounts_of(postings: Sequence[Posting], hold_changes: Mapping[int, HoldChange]) -> set[int]:
    """Return the accounts concerned, having refused what can be told to be wrong without them."""
    ids = {change.account_id for change in hold_changes.values()}
    for posting in postings:
        legs = posting.legs
        if not legs:
            raise EmptyTransaction()
        if len(legs) > MAX_LEGS:
            raise TooManyTransfers(most=MAX_LEGS)
        for leg in legs:
            if type(leg.amount) is not int or not 0 < leg.amount <= MAX_AMOUNT:
                raise InvalidAmount(field="amount")
            if leg.debit_id == leg.credit_id:
                raise SameAccount()
            ids.add(leg.debit_id)
            ids.add(leg.credit_id)
    return ids


def _apply_holds(hold_changes: Mapping[int, HoldChange], accounts: Mapping[int, LockedAccount]) -> None:
    for change in hold_changes.values():
        if type(change.after) is not int or change.after < 0:
            raise InvalidAmount(field="after")
        accounts[change.account_id].held += change.after - change.before


def _apply_legs(postings: Sequence[Posting], accounts: Mapping[int, LockedAccount]) -> None:
    for posting in postings:
        for leg in posting.legs:
            giver, receiver = accounts[leg.debit_id], accounts[leg.credit_id]
            if giver.asset_id != receiver.asset_id:
                raise AssetMismatch()
            giver.balance -= leg.amount
            receiver.balance += leg.amount


def _check_balances(postings: Sequence[Posting], accounts: Mapping[int, LockedAccount]) -> None:
    for account in accounts.values():
        if abs(account.balance) > MAX_AMOUNT:
            raise BalanceOverflow(account=account.id)
        if not account.is_source and account.available < 0:
            given = sum(leg.amount for posting in postings for leg in posting.legs if leg.debit_id == account.id)
            raise InsufficientBalance(available=account.available + given, needed=given)


def _allocate_serials(
    postings: Sequence[Posting], accounts: Mapping[int, LockedAccount]
) -> tuple[dict[Place, Sequence[Run]], BlockChanges]:
    """Return the serial numbers of each credit leg by its place, and the changes of blocks."""
    places: list[Place] = []
    deliveries: list[Delivery] = []
    needs: dict[int, int] = defaultdict(int)
    stated: dict[Place, Leg] = {}
    for posting_at, posting in enumerate(postings):
        for leg_at, leg in enumerate(posting.legs):
            giver = accounts[leg.debit_id]
            if not giver.is_credit and leg.serials is None:
                continue
            if leg.serials is not None or giver.purpose == "issuance":
                stated[posting_at, leg_at] = leg
            else:
                places.append((posting_at, leg_at))
                deliveries.append(Delivery(giver.asset_id, leg.debit_id, leg.credit_id, leg.amount))
                needs[leg.debit_id] += leg.amount
    runs = _take_stated(stated, accounts)
    chosen, changes = serials.allocate(deliveries, serials.blocks_to_deliver(needs) if needs else {})
    for place, leg in stated.items():
        changes.received[leg.credit_id, accounts[leg.credit_id].asset_id].extend(runs[place])
    runs.update(zip(places, chosen, strict=True))
    return runs, changes


def _take_stated(stated: Mapping[Place, Leg], accounts: Mapping[int, LockedAccount]) -> dict[Place, Sequence[Run]]:
    """Return the runs that legs state themselves, having taken from their givers those that were not born just now."""
    runs: dict[Place, Sequence[Run]] = {}
    named: dict[int, list[Run]] = defaultdict(list)
    for place, leg in stated.items():
        if not accounts[leg.debit_id].is_credit:
            raise InvalidSerials()
        runs[place] = serials.check_runs(leg.serials or (), leg.amount)
        if accounts[leg.debit_id].purpose != "issuance":
            named[leg.debit_id].extend(runs[place])
    if named:
        take_out(named)
    return runs


def _number(postings: Sequence[Posting], runs: Mapping[Place, Sequence[Run]]) -> tuple[list[Numbered], list[int]]:
    """Give every transaction and transfer its id, and draw one for each transaction's record.

    All at once, and before anything is written: who works ahead would have to wait for it.
    """
    transaction_ids, transfer_ids, record_ids = draw_ids_of(
        (Transaction, len(postings)),
        (Transfer, sum(len(posting.legs) for posting in postings)),
        (Record, len(postings)),
    )
    transfers = iter(transfer_ids)
    numbered = [
        Numbered(
            transaction_id,
            tuple(islice(transfers, len(posting.legs))),
            tuple([tuple(runs.get((at, leg_at), ())) for leg_at in range(len(posting.legs))]),
        )
        for at, (transaction_id, posting) in enumerate(zip(transaction_ids, postings, strict=True))
    ]
    return numbered, record_ids


def _write(
    postings: Sequence[Posting], numbered: Sequence[Numbered], record_ids: Sequence[int]
) -> list[PostedTransaction]:
    """Write transactions with their transfers, and record each in the log."""
    writing.write_transfers(postings, numbered)
    if all(is_spelled_out(numbers.serials) for numbers in numbered):
        # PostgreSQL writes what is there while the entries are made, and entries while more of them are.
        posted = _posted(numbered, record_ids)
        writing.write_transactions(postings, posted)
        for start in range(0, len(postings), ENTRIES_AT_A_TIME):
            part = slice(start, start + ENTRIES_AT_A_TIME)
            append_records(_entries(postings[part], numbered[part]), record_ids[part])
        return posted
    records: list[NewRecord] = []
    places: list[int] = []
    for posting, numbers in zip(postings, numbered, strict=True):
        body, listed = transaction_body(posting, *numbers)
        if listed:
            records += listing_records(posting, listed)
        places.append(len(records))
        records.append(NewRecord("transaction_posted", body, posting.actor, posting.occurred_at))
    # Lists stand before what they belong to: all is numbered anew.
    all_ids = append_records(records)
    posted = _posted(numbered, [all_ids[place] for place in places])
    writing.write_transactions(postings, posted)
    return posted


def _entries(postings: Sequence[Posting], numbered: Sequence[Numbered]) -> Iterator[NewRecord]:
    """Yield what the log says of transactions that need no lists: each is made when its turn has come, and gone then."""
    for posting, numbers in zip(postings, numbered, strict=True):
        body, _none = transaction_body(posting, *numbers)
        yield NewRecord("transaction_posted", body, posting.actor, posting.occurred_at)


def _posted(numbered: Sequence[Numbered], record_ids: Sequence[int]) -> list[PostedTransaction]:
    return [
        PostedTransaction(numbers.transaction_id, record_id, numbers.transfer_ids, numbers.serials)
        for numbers, record_id in zip(numbered, record_ids, strict=True)
    ]
