"""Objects for tests, by factory-boy, with the records in the log that the services would have written beside them.

What the ledger itself must make (credits, cash) is in scenes.py, by services.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import wraps
from typing import Any

import factory
from django.db import transaction
from django.utils import timezone

from ledger.models import BankAccount, Household, MonitoringReport, Organisation, Parcel, Project, User
from ledger.models import Membership as MembershipModel
from ledger.parties import entries as parties
from ledger.projects import entries
from ledger.projects.digests import sheet_sha256, text_sha256
from ledger.quantification import quantify
from ledger.transparency.services import NewRecord, append_records

PASSWORD = "rice-paddies-hold-carbon"
CREDITING = (dt.date(2020, 1, 1), dt.date(2029, 12, 31))
SETTINGS = {"gwp": "AR5", "region": "east_asia"}
_PRACTICE = {"preseason": "non_flooded_under_180_days", "amendments": [], "n_kg_per_ha": "150"}
PRACTICES = {
    "seasons": [
        {
            "name": "early",
            "days": 112,
            "baseline": {"water": "continuous", **_PRACTICE},
            "project": {"water": "multiple_drainage", **_PRACTICE},
        }
    ]
}


def square(place: int, side_degrees: float = 0.01) -> dict[str, object]:
    """Return a square field; squares of different places do not touch."""
    west, south = 117.0 + (place % 500) * 0.02, 24.0 + (place // 500) * 0.02
    east, north = west + side_degrees, south + side_degrees
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def beside(shape: dict[str, object], degrees: float = 0.012) -> dict[str, object]:
    """Return a square as large, so far to the north: 0.012 degrees leave about 200 m between the two."""
    ring = [[east, north + degrees] for east, north in shape["coordinates"][0]]
    return {"type": "Polygon", "coordinates": [ring]}


def actor_of(user: User | None) -> str:
    """Return who did something, as the log names people."""
    return f"user:{user.public_id}" if user else "system"


def record(kind: str, body: dict[str, object], user: User | None, at: dt.datetime | None = None) -> NewRecord:
    """Return the record of a step, as the service would have it that takes it."""
    return NewRecord(kind, body, actor_of(user), at or timezone.now())


def write(records: Iterable[NewRecord]) -> None:
    """Write records at once: three statements for all of them, not three for each."""
    with transaction.atomic(savepoint=False):
        append_records(records)


def recording(steps: Callable[[Any], Iterable[NewRecord]]) -> Any:
    """Record the steps that something made has been through."""

    @wraps(steps)
    def record_steps(made: Any, create: bool, extracted: None, **_more: object) -> None:
        if create:
            write(steps(made))

    return factory.post_generation(record_steps)


def organisation_steps(made: Organisation) -> Iterator[NewRecord]:
    """Record how an organisation came to where it is."""
    body = {
        "organisation": str(made.public_id),
        "kind": str(made.kind),
        "name": made.name,
        "name_en": made.name_en,
        "credit_code": made.credit_code,
    }
    yield record("organisation_applied", body, made.applied_by, made.created_at)
    if made.approved_at:
        yield record("organisation_approved", body, made.approved_by, made.approved_at)
    if made.status == Organisation.Status.SUSPENDED:
        yield record("organisation_suspended", body, None)


def stated(statement: str) -> dict[str, str]:
    """Return what a record says of a statement."""
    return {"statement_sha256": text_sha256(statement)} if statement else {}


def reached(step: str, *steps: str) -> factory.LazyAttribute:
    """Return the time of a step, None where the object's status comes before it."""
    return factory.LazyAttribute(lambda made: timezone.now() if made.status in (step, *steps) else None)


ONCE_REGISTERED = ("registered", "suspended", "completed", "withdrawn")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    display_name = factory.Sequence(lambda n: f"甲{n}")

    # Hashing takes long on purpose: who logs in by password gets one by `password=PASSWORD`.
    @factory.post_generation
    def password(self, create, extracted, **kwargs):
        if extracted:
            self.set_password(extracted)
            self.save(update_fields=["password"])


class OrganisationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organisation
        skip_postgeneration_save = True

    kind = Organisation.Kind.BUYER
    status = Organisation.Status.APPROVED
    name = factory.Sequence(lambda n: f"第{n}公司")
    name_en = factory.Sequence(lambda n: f"Company {n}")
    approved_at = reached("approved", "suspended")

    recorded = recording(organisation_steps)


class MembershipFactory(factory.django.DjangoModelFactory):
    """A person of an organisation of their own: MembershipFactory(organisation__kind="cooperative", role="viewer")."""

    class Meta:
        model = MembershipModel
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    role = MembershipModel.Role.OWNER

    @factory.post_generation
    def staff(self, create, extracted, **kwargs):
        if self.organisation.kind in (Organisation.Kind.OPERATOR, Organisation.Kind.AUDITOR):
            self.user.is_staff = True
            if create:
                self.user.save(update_fields=["is_staff"])

    @recording
    def recorded(self):
        yield record("member_added", parties.member(self), None)


def memberships(*given: MembershipModel) -> list[MembershipModel]:
    """Make what `MembershipFactory.build` has built, by a handful of statements for all: half of the tests begin so."""
    organisations = list({id(each.organisation): each.organisation for each in given}.values())
    User.objects.bulk_create([each.user for each in given])
    Organisation.objects.bulk_create(organisations)
    for each in given:
        each.user, each.organisation = each.user, each.organisation  # which have ids only now
    MembershipModel.objects.bulk_create(given)
    steps = [step for organisation in organisations for step in organisation_steps(organisation)]
    write([*steps, *(record("member_added", parties.member(each), None) for each in given)])
    return list(given)


class BankAccountFactory(factory.django.DjangoModelFactory):
    """A confirmed one, of before the log: a log that must be whole has it stated by `bank_account` of scenes.py."""

    class Meta:
        model = BankAccount
        skip_postgeneration_save = True

    organisation = factory.SubFactory(OrganisationFactory)
    bank = "中国农业银行延平支行"
    number = factory.Sequence(lambda n: f"9000{n:012d}")
    nonce = factory.Sequence(lambda n: f"{n:032x}")
    status = BankAccount.Status.CONFIRMED
    requested_by = factory.SubFactory(UserFactory)
    requested_at = factory.LazyFunction(timezone.now)
    decided_by = factory.SubFactory(UserFactory)
    decided_at = factory.LazyFunction(timezone.now)


class HouseholdFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Household
        skip_postgeneration_save = True

    cooperative = factory.SubFactory(OrganisationFactory, kind=Organisation.Kind.COOPERATIVE)
    code = factory.Sequence(lambda n: f"1-{n:03d}")
    name = factory.Sequence(lambda n: f"第{n}户")

    @recording
    def recorded(self):
        name = {"household": str(self.public_id), "cooperative": str(self.cooperative.public_id)}
        yield record("household_added", name, None, self.created_at)
        if self.left_at:
            yield record("household_left", name, None, self.left_at)


class ProjectFactory(factory.django.DjangoModelFactory):
    """A registered project; `status` makes it another."""

    class Meta:
        model = Project
        skip_postgeneration_save = True

    number = factory.Sequence(lambda n: n + 1)
    province_code = "35"
    name = factory.Sequence(lambda n: f"第{n}号稻田")
    name_en = factory.Sequence(lambda n: f"Paddy {n}")
    place = "福建"
    proponent = factory.SubFactory(OrganisationFactory, kind=Organisation.Kind.COOPERATIVE)
    methodology = "rice-water-1"
    settings = factory.LazyFunction(lambda: dict(SETTINGS))
    crediting_starts_on, crediting_ends_on = CREDITING
    status = Project.Status.REGISTERED
    created_by = factory.SubFactory(UserFactory)
    is_listed_elsewhere = False
    submitted_at = reached("submitted", "in_validation", "validated", "rejected", *ONCE_REGISTERED)
    validator = None
    accepted_at = factory.LazyAttribute(
        lambda made: timezone.now() if made.validator and made.status not in ("draft", "submitted") else None
    )
    validated_at = reached("validated", *ONCE_REGISTERED)
    registered_at = reached(*ONCE_REGISTERED)
    suspended_at = reached("suspended")
    withdrawn_at = reached("withdrawn")
    completed_at = reached("completed")

    @recording
    def recorded(self):
        yield record(
            "project_created",
            entries.project_created(self),
            self.created_by,
            self.created_at,
        )
        name = {"project": self.code}
        verifier = {"verifier": str(self.validator.public_id)} if self.validator else {}
        if self.is_listed_elsewhere is not None:
            yield record("project_described", entries.project_described(self), self.created_by, self.created_at)
        if self.submitted_at:
            yield record("project_submitted", name, None, self.submitted_at)
        if self.accepted_at:
            yield record("project_accepted", name | verifier, None, self.accepted_at)
        elif self.status == Project.Status.IN_VALIDATION:
            yield record("project_accepted", name, None, timezone.now())
        if self.validated_at:
            validated = name | verifier | stated(self.validation_statement)
            yield record("project_validated", validated, self.validated_by, self.validated_at)
        if self.registered_at:
            yield record("project_registered", name, self.registered_by, self.registered_at)
        if self.suspended_at:
            suspended = name | {"reason": self.suspension_reason}
            yield record("project_suspended", suspended, self.suspended_by, self.suspended_at)
        if self.withdrawn_at:
            yield record("project_withdrawn", name | {"reason": self.withdrawal_reason}, None, self.withdrawn_at)
        if self.completed_at:
            yield record("project_completed", name, None, self.completed_at)
        if self.status == Project.Status.REJECTED:
            yield record("project_rejected", name | {"reason": self.rejection_reason}, None, timezone.now())


class ParcelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Parcel
        skip_postgeneration_save = True

    project = factory.SubFactory(ProjectFactory)
    code = factory.Sequence(lambda n: f"P{n}")
    geometry = factory.Sequence(square)
    area_ha = Decimal("100.0000")
    practices = factory.LazyFunction(lambda: dict(PRACTICES))
    baseline_evidence = "灌溉记录。"

    @recording
    def recorded(self):
        yield record("parcel_added", entries.parcel_added(self), None, timezone.now())
        if entries.is_described(self):
            yield record("parcel_described", entries.parcel_described(self), None, timezone.now())
        if self.baseline_evidence:
            stated = entries.parcel_baseline_stated(self.project, self)
            yield record("parcel_baseline_stated", stated, None, timezone.now())


class ReportFactory(factory.django.DjangoModelFactory):
    """An approved monitoring report that comes to `net_t` tonnes, ready to be issued."""

    class Meta:
        model = MonitoringReport
        skip_postgeneration_save = True

    project = factory.SubFactory(ProjectFactory)
    vintage = factory.Sequence(lambda n: 2020 + n % 6)
    period_starts_on = factory.LazyAttribute(lambda report: dt.date(report.vintage, 1, 1))
    period_ends_on = factory.LazyAttribute(lambda report: dt.date(report.vintage, 12, 31))
    status = MonitoringReport.Status.APPROVED
    case = factory.LazyFunction(
        lambda: {
            "methodology": "rice-water-1",
            **SETTINGS,
            "parcels": [{"id": "P1", "area_ha": "100.0000", **PRACTICES}],
        }
    )
    sheet = factory.LazyAttribute(lambda report: quantify(report.case).as_dict())
    sheet_sha256 = factory.LazyAttribute(lambda report: sheet_sha256(report.sheet))
    net_t = 1_000
    buffer_t = 0
    issuable_t = factory.LazyAttribute(lambda report: report.net_t - report.buffer_t)
    issued_t = factory.LazyAttribute(lambda report: report.net_t if report.status == "issued" else 0)
    prepared_by = factory.SubFactory(UserFactory)
    verified_by = factory.SubFactory(UserFactory)
    approved_by = factory.SubFactory(UserFactory)
    verifier = None
    submitted_at = factory.LazyFunction(timezone.now)
    verified_at = factory.LazyAttribute(lambda report: timezone.now() if report.verified_by else None)
    approved_at = factory.LazyAttribute(lambda report: timezone.now() if report.approved_by else None)
    assigned_at = factory.LazyAttribute(lambda report: report.submitted_at if report.verifier else None)
    accepted_by = None
    accepted_at = factory.LazyAttribute(lambda report: timezone.now() if report.accepted_by else None)
    status_since = factory.LazyFunction(timezone.now)

    @recording
    def recorded(self):
        if self.status == MonitoringReport.Status.DRAFT:
            return
        yield record("report_submitted", entries.report_submitted(self), self.prepared_by, self.submitted_at)
        name = {"report": str(self.pk), "project": self.project.code, "vintage": self.vintage}
        if self.verifier:
            assigned = name | {"verifier": str(self.verifier.public_id)}
            yield record("report_assigned", assigned | {"reason": ""}, self.prepared_by, self.assigned_at)
            if self.accepted_at:
                yield record("report_accepted", assigned, self.accepted_by, self.accepted_at)
        if self.verified_at:
            verifier = {"verifier": str(self.verifier.public_id)} if self.verifier else {}
            verified = name | verifier | stated(self.verification_statement)
            yield record("report_verified", verified, self.verified_by, self.verified_at)
        if self.approved_at:
            yield record("report_approved", name, self.approved_by, self.approved_at)
        if self.status == MonitoringReport.Status.REJECTED:
            yield record("report_rejected", name | {"reason": self.rejection_reason}, None, timezone.now())
