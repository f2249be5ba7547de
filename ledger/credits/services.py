"""Retire credits; issuance.py issues them."""

import hashlib

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from ledger.credits.issuance import issue_credits
from ledger.credits.models import Batch, Retirement
from ledger.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotFound,
)
from ledger.journal.models import Account
from ledger.journal.services import Leg, Posting, open_account, post_transactions
from ledger.parties.access import require_approved, require_kind, require_role
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_texts
from ledger.transparency.services import append_record

__all__ = ["issue_credits", "retire_credits"]

# What two requests with one key must have in common.
COMPARED = (
    "batch_id",
    "quantity_t",
    "beneficiary_name",
    "beneficiary_code",
    "is_beneficiary_public",
    "purpose",
    "note",
)


@transaction.atomic
def retire_credits(
    *,
    actor: Membership,
    batch_id: int,
    quantity_t: int,
    beneficiary_name: str,
    purpose: str,
    beneficiary_code: str = "",
    is_beneficiary_public: bool = True,
    note: str = "",
    idempotency_key: str | None = None,
) -> Retirement:
    """Use credits up for good in somebody's name; the same key with the same content gives the first retirement.

    Locks: the holder's account and the system's.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue, InsufficientBalance, IdempotencyConflict.
    """
    require_kind(actor, *Organisation.HOLDERS)
    require_role(actor, Membership.Role.OWNER, Membership.Role.TRADER)
    require_approved(actor)
    batch = Batch.objects.select_related("asset", "project").filter(pk=batch_id).first()
    if batch is None:
        raise NotFound()
    wanted = Retirement(
        organisation=actor.organisation,
        batch=batch,
        quantity_t=quantity_t,
        beneficiary_name=beneficiary_name.strip(),
        beneficiary_code=beneficiary_code.strip(),
        is_beneficiary_public=is_beneficiary_public,
        purpose=purpose,
        note=note.strip(),
        idempotency_key=idempotency_key,
        retired_by=actor.user,
        retired_at=timezone.now(),
    )
    _check_retirement(wanted)
    holder = Account.objects.filter(organisation=actor.organisation, asset=batch.asset).first()
    if holder is None:
        raise InsufficientBalance(field="quantity_t", available=0, needed=quantity_t)
    # The lock on the holder's account lets two requests with one key come one after the other.
    Account.objects.select_for_update(of=("self",)).get(pk=holder.pk)
    if idempotency_key is not None:
        first = (
            Retirement.objects.select_related("organisation", "batch__asset")
            .filter(organisation=actor.organisation, idempotency_key=idempotency_key)
            .first()
        )
        if first is not None:
            return _same_or_refuse(first, wanted)
    _post_retirement(wanted, holder)
    return wanted


def _check_retirement(wanted: Retirement) -> None:
    if wanted.quantity_t <= 0:
        raise InvalidValue(field="quantity_t", reason=_("Retire one tonne at least."))
    if not 0 < len(wanted.beneficiary_name) <= 120:
        raise InvalidValue(field="beneficiary_name", reason=_("Say in whose name the credits are retired."))
    if wanted.purpose not in Retirement.Purpose.values:
        raise InvalidValue(field="purpose", reason=_("Choose a purpose from the list."))
    check_texts(wanted)


def _same_or_refuse(first: Retirement, wanted: Retirement) -> Retirement:
    if any(getattr(first, name) != getattr(wanted, name) for name in COMPARED):
        raise IdempotencyConflict(key=first.idempotency_key)
    first.is_replay = True
    return first


def _post_retirement(wanted: Retirement, holder: Account) -> None:
    retired = open_account(organisation=None, asset=holder.asset, purpose=Account.Purpose.RETIRED)
    actor = f"user:{wanted.retired_by.public_id}"
    leg = Leg(holder.pk, retired.pk, wanted.quantity_t)
    try:
        posted = post_transactions([Posting("retirement", [leg], actor, wanted.retired_at)])[0]
    except InsufficientBalance as error:
        raise InsufficientBalance(field="quantity_t", **error.params) from error
    wanted.transaction_id = posted.transaction_id
    wanted.serials = Int8Multirange([Int8Range(first, last + 1) for first, last in posted.serials[0]])
    try:
        with transaction.atomic():
            wanted.save()
    except IntegrityError as error:
        if "retirement_key_once" not in str(error):
            raise
        # The same key at the same moment for credits of another batch: the lock on the account did not part the two.
        raise IdempotencyConflict(key=wanted.idempotency_key) from error
    append_record(
        kind="credits_retired",
        body={
            "retirement": str(wanted.public_id),
            "organisation": str(wanted.organisation.public_id),
            "asset": wanted.batch.asset.code,
            "quantity_t": wanted.quantity_t,
            "purpose": wanted.purpose,
            "beneficiary": wanted.beneficiary_name if wanted.is_beneficiary_public else None,
            "details_sha256": _details_sha256(wanted),
            "transaction": str(posted.transaction_id),
        },
        actor=actor,
        at=wanted.retired_at,
    )


def _details_sha256(wanted: Retirement) -> str:
    """Return the hash of what the log does not spell out: each part after its length, so that none runs into the next."""
    parts = (wanted.beneficiary_name, wanted.beneficiary_code, wanted.note, wanted.idempotency_key or "")
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()
