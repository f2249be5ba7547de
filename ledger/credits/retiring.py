"""Retire credits: use them up for good, in somebody's name and for a purpose."""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.credits.digests import texts_sha256
from ledger.credits.models import Batch, Retirement
from ledger.credits.moving import Move, chosen_runs, move_credits, ranges_of, save_once
from ledger.errors import IdempotencyConflict, InsufficientBalance, InvalidValue, NotFound
from ledger.journal.models import Account, Transaction
from ledger.journal.services import open_account
from ledger.parties.access import require_approved
from ledger.parties.credit_codes import check_credit_code, normal_credit_code
from ledger.parties.models import Membership
from ledger.parties.rights import Right, require_right
from ledger.texts import check_texts
from ledger.transparency.services import append_record

# What two requests with one key must have in common.
COMPARED = (
    "batch_id",
    "quantity_t",
    "beneficiary_name",
    "beneficiary_code",
    "beneficiary_place",
    "is_beneficiary_public",
    "purpose",
    "period_starts_on",
    "period_ends_on",
    "court_name",
    "case_number",
    "note",
)
Purpose = Retirement.Purpose
EARLIEST = dt.date(1990, 1, 1)
LATEST = dt.timedelta(days=3 * 366)
"""How far before now the time of use may begin (the base year of inventories), and how far after now it may end."""


@dataclass(frozen=True, slots=True)
class Use:
    """What credits are retired for, beside their beneficiary: the time of use, and of a restitution court and case."""

    period_starts_on: dt.date | None = None
    period_ends_on: dt.date | None = None
    court_name: str = ""
    case_number: str = ""
    beneficiary_place: str = ""


NOTHING_MORE = Use()


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
    use: Use = NOTHING_MORE,
    first_serial: int | None = None,
    idempotency_key: str | None = None,
) -> Retirement:
    """Use credits up for good in somebody's name; the same key with the same content gives the first retirement.

    The oldest credits are taken, or those from `first_serial` on.

    Locks: the holder's account and the system's.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, InvalidValue, InsufficientBalance, ChosenSerialsNotOwned,
        IdempotencyConflict, WithdrawalsFrozen.
    """
    require_right(actor, Right.TRADE)
    require_approved(actor)
    batch = Batch.objects.select_related("asset", "project").filter(pk=batch_id).first()
    if batch is None:
        raise NotFound()
    wanted = look_over_retirement(
        actor=actor,
        batch=batch,
        quantity_t=quantity_t,
        beneficiary_name=beneficiary_name,
        purpose=purpose,
        beneficiary_code=beneficiary_code,
        is_beneficiary_public=is_beneficiary_public,
        note=note,
        use=use,
        idempotency_key=idempotency_key,
    )
    chosen_runs(first_serial, quantity_t)
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
            return _same_or_refuse(first, wanted, first_serial)
    _post_retirement(wanted, holder, first_serial)
    return wanted


def look_over_retirement(
    *,
    actor: Membership,
    batch: Batch,
    quantity_t: int,
    beneficiary_name: str,
    purpose: str,
    beneficiary_code: str = "",
    is_beneficiary_public: bool = True,
    note: str = "",
    use: Use = NOTHING_MORE,
    idempotency_key: str | None = None,
) -> Retirement:
    """Return a retirement as it would be kept, without keeping it: what is said of it can stand as it is.

    Raises: InvalidValue.
    """
    wanted = Retirement(
        organisation=actor.organisation,
        batch=batch,
        quantity_t=quantity_t,
        beneficiary_name=beneficiary_name.strip(),
        beneficiary_code=normal_credit_code(beneficiary_code),
        beneficiary_place=use.beneficiary_place.strip(),
        is_beneficiary_public=is_beneficiary_public,
        purpose=purpose,
        period_starts_on=use.period_starts_on,
        period_ends_on=use.period_ends_on,
        court_name=use.court_name.strip(),
        case_number=use.case_number.strip(),
        note=note.strip(),
        idempotency_key=idempotency_key,
        retired_by=actor.user,
        retired_at=timezone.now(),
    )
    _check_retirement(wanted)
    return wanted


def _check_retirement(wanted: Retirement) -> None:
    if wanted.quantity_t <= 0:
        raise InvalidValue(field="quantity_t", reason=_("Retire one tonne at least."))
    if not 0 < len(wanted.beneficiary_name) <= 120:
        raise InvalidValue(field="beneficiary_name", reason=_("Say in whose name the credits are retired."))
    if wanted.purpose not in Purpose.values:
        raise InvalidValue(field="purpose", reason=_("Choose a purpose from the list."))
    check_texts(wanted)
    check_credit_code(wanted.beneficiary_code, field="beneficiary_code")
    _check_period(wanted)
    _check_court(wanted)
    if wanted.purpose == Purpose.ON_BEHALF_OF:
        _check_behalf(wanted)


def _check_period(wanted: Retirement) -> None:
    starts_on, ends_on = wanted.period_starts_on, wanted.period_ends_on
    if (starts_on is None) != (ends_on is None):
        missing = "period_starts_on" if starts_on is None else "period_ends_on"
        raise InvalidValue(field=missing, reason=_("Give both ends of the time, or none."))
    if starts_on is None or ends_on is None:
        return
    if starts_on > ends_on:
        raise InvalidValue(field="period_ends_on", reason=_("The time ends before it begins."))
    if starts_on < EARLIEST:
        raise InvalidValue(field="period_starts_on", reason=_("That is too long ago."))
    if ends_on > timezone.localdate() + LATEST:
        raise InvalidValue(field="period_ends_on", reason=_("That is too far in the future."))


def _check_court(wanted: Retirement) -> None:
    stated = {"court_name": wanted.court_name, "case_number": wanted.case_number}
    if wanted.purpose == Purpose.JUDICIAL_RESTITUTION:
        for field, text in stated.items():
            if not text:
                raise InvalidValue(field=field, reason=_("A judicial restitution names the court and the case."))
        return
    for field, text in stated.items():
        if text:
            raise InvalidValue(field=field, reason=_("Only a judicial restitution has a court and a case."))


def _check_behalf(wanted: Retirement) -> None:
    own = wanted.organisation
    if wanted.beneficiary_name in (own.name, own.name_en):
        raise InvalidValue(
            field="beneficiary_name", reason=_("This is your own organisation: on whose behalf do you retire?")
        )
    if not wanted.beneficiary_code and not wanted.beneficiary_place:
        raise InvalidValue(
            field="beneficiary_code",
            reason=_(
                "Give the beneficiary's unified social credit code or its place, so that it can be told from others."
            ),
        )


def _same_or_refuse(first: Retirement, wanted: Retirement, first_serial: int | None) -> Retirement:
    is_other = any(getattr(first, name) != getattr(wanted, name) for name in COMPARED)
    if is_other or not _begins_at(first, first_serial):
        raise IdempotencyConflict(key=first.idempotency_key)
    first.is_replay = True
    return first


def _begins_at(first: Retirement, first_serial: int | None) -> bool:
    return first_serial is None or [run.lower for run in first.serials] == [first_serial]


def _post_retirement(wanted: Retirement, holder: Account, first_serial: int | None) -> None:
    retired = open_account(organisation=None, asset=holder.asset, purpose=Account.Purpose.RETIRED)
    actor = f"user:{wanted.retired_by.public_id}"
    posted = move_credits(
        Move(
            Transaction.Kind.RETIREMENT,
            holder,
            retired,
            wanted.quantity_t,
            actor,
            wanted.retired_at,
            first_serial=first_serial,
        )
    )
    wanted.transaction_id = posted.transaction_id
    wanted.serials = ranges_of(posted.serials[0])
    save_once(wanted, "retirement_key_once")
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
    _record_use(wanted, actor)


def _details_sha256(wanted: Retirement) -> str:
    """Return the hash of what the log does not spell out."""
    return texts_sha256((wanted.beneficiary_name, wanted.beneficiary_code, wanted.note, wanted.idempotency_key or ""))


def _record_use(wanted: Retirement, actor: str) -> None:
    """Record what was said of the use, where anything was: the record of a retirement itself is as it always was."""
    stated = (
        _day(wanted.period_starts_on),
        _day(wanted.period_ends_on),
        wanted.court_name,
        wanted.case_number,
        wanted.beneficiary_place,
    )
    if any(stated):
        append_record(
            kind="retirement_use_stated",
            body={
                "retirement": str(wanted.public_id),
                "organisation": str(wanted.organisation.public_id),
                "use_sha256": texts_sha256(stated),
            },
            actor=actor,
            at=wanted.retired_at,
        )


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
