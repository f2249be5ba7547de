"""Trace a serial number through its whole life: fields, report, verification, issuance, each holder, retirement.

Everybody may follow a tonne, with times, amounts and places in the log. Which organisation held it in between is for
that organisation, the operator and auditors; the project's proponent is public anyway, and so is who retired it where
the beneficiary is public. Names that are not to be seen are not in what is returned.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import orjson
from django.db.models import Count, Sum

from ledger.credits.models import Batch, Retirement
from ledger.credits.reading import highest_serial
from ledger.credits.selectors import batches, may_see_beneficiary
from ledger.errors import UnknownSerialNumber
from ledger.journal.models import Account, Transaction, Transfer
from ledger.journal.paths import Path, block_of, path_of
from ledger.journal.serials import name_before_serials
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.projects.models import MonitoringReport, Parcel, Project
from ledger.transparency.models import Record
from ledger.transparency.subjects import (
    Place,
    batch_subject,
    parcel_subject,
    places_of,
    project_subject,
    report_subject,
    retirement_subject,
)

MOVES_SHOWN = 100
FIELDS_SHOWN = 50

Places = Mapping[tuple[str, str], Place]


@dataclass(frozen=True, slots=True)
class Step:
    """A step from the field to the credits: what, when, by whom, and where it is recorded."""

    kind: str
    at: dt.datetime
    organisation: Organisation | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class Field:
    parcel: Parcel
    place: Place | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Where a tonne is: the purpose of the account, and whose it is where the viewer may know (else None)."""

    purpose: str
    organisation: Organisation | None


@dataclass(frozen=True, slots=True)
class Use:
    """The retirement that a tonne was used up in; by whom and for whom is None where the viewer may not know it."""

    public_id: UUID
    purpose: str
    organisation: Organisation | None
    beneficiary: str | None
    place: Place | None


@dataclass(frozen=True, slots=True)
class Move:
    """A transfer that moved the serial number, one of `quantity_t` tonnes.

    `price_fen` is a trade's, as the settlement's record has it; `use` is there where the tonne was retired.
    """

    transfer_id: int
    kind: str
    at: dt.datetime
    quantity_t: int
    giver: Holder
    receiver: Holder
    price_fen: int | None
    place: Place
    use: Use | None


@dataclass(frozen=True, slots=True)
class Trace:
    """The life of a serial number. `next_after` is the transfer to go on after, where there are more moves."""

    serial: int
    batch: Batch
    project: Project
    report: MonitoringReport
    field_count: int
    area_ha: Decimal
    fields: list[Field]
    steps: list[Step]
    moves: list[Move]
    next_after: int | None
    holder: Holder | None

    @property
    def written(self) -> str:
        """The serial number as it is written, such as TH-35-000001-2022-000000000123."""
        return f"{name_before_serials(self.batch.asset.code)}-{self.serial:012d}"


def trace(serial: int, *, viewer: Membership | None = None, after: int | None = None) -> Trace:
    """Return the life of a serial number, as far as the viewer may know it.

    At most MOVES_SHOWN moves: from the issuance on, or those after a transfer that moved the number (`after`). The number
    of queries is the same however long the life was; what they read is said in ledger/journal/paths.py.

    Raises: UnknownSerialNumber; NotFound where `after` is no transfer of this number.
    """
    batch = _batch_of(serial)
    if batch is None:
        raise UnknownSerialNumber(field="serial", serial=serial, highest=highest_serial())
    path = path_of(serial, issued_by_id=batch.transaction_id, after_id=after, most=MOVES_SHOWN)
    return _trace(serial, batch, path, viewer)


def _batch_of(serial: int) -> Batch | None:
    found = batches().select_related("report__verifier").defer("report__case", "report__sheet", "project__forecast")
    return found.filter(serials__contains=serial).first()


def _trace(serial: int, batch: Batch, path: Path, viewer: Membership | None) -> Trace:
    project = batch.project
    block = block_of(serial)
    parcels = list(project.parcels.order_by("id")[:FIELDS_SHOWN])
    extent = project.parcels.aggregate(count=Count("pk"), area_ha=Sum("area_ha"))
    retired = _retirements(path.transfers)
    places = places_of(_subjects(batch, parcels, retired))
    return Trace(
        serial=serial,
        batch=batch,
        project=project,
        report=batch.report,
        field_count=extent["count"],
        area_ha=extent["area_ha"] or Decimal(0),
        fields=[Field(parcel, places.get(("parcel_added", _subject_of(parcel)))) for parcel in parcels],
        steps=_steps(batch, places),
        moves=_moves(path.transfers, batch, retired, places, viewer),
        next_after=path.transfers[-1].pk if path.goes_on else None,
        holder=_holder(block.account, batch, viewer) if block else None,
    )


def _retirements(transfers: Sequence[Transfer]) -> dict[int, Retirement]:
    """Return the retirements among transfers, by the transaction's id."""
    ids = [move.transaction_id for move in transfers if move.transaction.kind == Transaction.Kind.RETIREMENT]
    found = Retirement.objects.filter(transaction__in=ids).select_related("organisation")
    return {retirement.transaction_id: retirement for retirement in found}


def _subjects(batch: Batch, parcels: Sequence[Parcel], retired: Mapping[int, Retirement]) -> list[str]:
    return [
        project_subject(batch.project.code),
        report_subject(batch.report_id),
        *map(_subject_of, parcels),
        *(retirement_subject(retirement.public_id) for retirement in retired.values()),
    ]


def _subject_of(parcel: Parcel) -> str:
    return parcel_subject(parcel.project.code, parcel.code)


def _steps(batch: Batch, places: Places) -> list[Step]:
    """Return the steps up to the issuance. Pages name organisations, not people: those for which they act today."""
    project, report = batch.project, batch.report
    people = [project.validated_by_id, project.registered_by_id, report.approved_by_id, batch.issued_by_id]
    members = Membership.objects.filter(user__in=people).select_related("organisation")
    acts_for = {member.user_id: member.organisation for member in members}
    validator, registrar, approver, issuer = (acts_for.get(person or 0) for person in people)
    proponent = project.proponent
    of_project, of_report = project_subject(project.code), report_subject(report.pk)
    taken = [
        ("project_created", project.created_at, proponent, of_project),
        ("project_submitted", project.submitted_at, proponent, of_project),
        ("project_validated", project.validated_at, validator, of_project),
        ("project_registered", project.registered_at, registrar, of_project),
        ("report_submitted", report.submitted_at, proponent, of_report),
        ("report_verified", report.verified_at, report.verifier, of_report),
        ("report_approved", report.approved_at, approver, of_report),
        ("batch_issued", batch.issued_at, issuer, batch_subject(batch.asset.code)),
    ]
    return [
        Step(kind, at, organisation, places.get((kind, subject)))
        for kind, at, organisation, subject in taken
        if at is not None
    ]


def _moves(
    transfers: Sequence[Transfer],
    batch: Batch,
    retired: Mapping[int, Retirement],
    places: Places,
    viewer: Membership | None,
) -> list[Move]:
    record_ids = [transfer.transaction.record_id for transfer in transfers]
    records = {record.pk: record for record in Record.objects.filter(pk__in=record_ids).select_related("leaf")}
    moves = []
    for transfer in transfers:
        posted = transfer.transaction
        record = records.get(posted.record_id)
        moves.append(
            Move(
                transfer_id=transfer.pk,
                kind=posted.kind,
                at=posted.occurred_at,
                quantity_t=transfer.amount,
                giver=_holder(transfer.debit_account, batch, viewer),
                receiver=_holder(transfer.credit_account, batch, viewer),
                price_fen=_price_fen(posted, record),
                place=Place(posted.record_id, record.leaf.index if record and hasattr(record, "leaf") else None),
                use=_use(retired.get(posted.pk), places, viewer),
            )
        )
    return moves


def _price_fen(posted: Transaction, record: Record | None) -> int | None:
    """Return the price of a settled trade as its record has it; everybody sees it on the market's tape."""
    if posted.kind != Transaction.Kind.SETTLEMENT or record is None:
        return None
    try:
        price_fen = orjson.loads(bytes(record.entry))["body"]["trade"]["price_fen"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        # The bytes were tampered with: what cannot be read is not shown, and the proof of this step fails.
        return None
    return price_fen if isinstance(price_fen, int) else None


def _use(retirement: Retirement | None, places: Places, viewer: Membership | None) -> Use | None:
    if retirement is None:
        return None
    is_shown = may_see_beneficiary(retirement, viewer)
    return Use(
        public_id=retirement.public_id,
        purpose=retirement.purpose,
        organisation=retirement.organisation if is_shown else None,
        beneficiary=retirement.beneficiary_name if is_shown else None,
        place=places.get(("credits_retired", retirement_subject(retirement.public_id))),
    )


def _holder(account: Account, batch: Batch, viewer: Membership | None) -> Holder:
    organisation = account.organisation
    if organisation is None or not _may_name(organisation, batch, viewer):
        return Holder(account.purpose, None)
    return Holder(account.purpose, organisation)


def _may_name(organisation: Organisation, batch: Batch, viewer: Membership | None) -> bool:
    if organisation.pk == batch.project.proponent_id:
        return True
    return viewer is not None and (viewer.organisation_id == organisation.pk or reads_everything(viewer))
