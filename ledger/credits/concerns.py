"""Whom an entry of the log concerns: who may read it beside auditors and the operator."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q

from ledger.errors import NotFound
from ledger.journal.models import Account, Transfer
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.projects.selectors import access_project_by_code

MAX_DIGITS = 18


def may_read_entry(entry: bytes, reader: Membership) -> bool:
    """Return whether one may read an entry of the log.

    Auditors and the operator read all. Others read what names their organisation, an account or a project of it, and what
    its people did. People belong to one organisation for good: what they did, they did for it.
    """
    if reads_everything(reader):
        return True
    fact = orjson.loads(entry)
    body, organisation = fact["body"], reader.organisation
    return (
        str(organisation.public_id)
        in (body.get("organisation"), body.get("sender"), body.get("recipient"), body.get("verifier"))
        or _is_one_of_its_people(fact["actor"], organisation)
        or _is_its_project(body.get("project"), reader)
        or _moves_its_accounts(body, organisation)
    )


def _is_one_of_its_people(actor: str, organisation: Organisation) -> bool:
    kind, _colon, public_id = actor.partition(":")
    if kind != "user":
        return False
    return Membership.objects.filter(organisation=organisation, user__public_id=UUID(public_id)).exists()


def _is_its_project(code: object, reader: Membership) -> bool:
    try:
        project = access_project_by_code(code=str(code), membership=reader)
    except NotFound:
        return False
    return project.proponent_id == reader.organisation_id


def _moves_its_accounts(body: dict[str, Any], organisation: Organisation) -> bool:
    transfers = body.get("transfers", ())
    accounts = _ids([body.get("account"), *(transfer[side] for transfer in transfers for side in ("debit", "credit"))])
    if not transfers:
        accounts += _accounts_behind(body)
    return bool(accounts) and Account.objects.filter(pk__in=accounts, organisation=organisation).exists()


def _accounts_behind(body: dict[str, Any]) -> list[int]:
    """Return the accounts of the transaction or the transfer that a fact names by its number."""
    transactions, transfers = _ids([body.get("transaction")]), _ids([body.get("transfer")])
    if not transactions and not transfers:
        return []
    moved = Transfer.objects.filter(Q(transaction_id__in=transactions) | Q(pk__in=transfers))
    return [account for pair in moved.values_list("debit_account_id", "credit_account_id") for account in pair]


def _ids(written: Iterable[object]) -> list[int]:
    return [
        int(each)
        for each in written
        if isinstance(each, str) and each.isascii() and each.isdigit() and len(each) <= MAX_DIGITS
    ]
