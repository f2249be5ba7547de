"""Objects for tests, by factory-boy. What the ledger itself must make (credits, cash) is in scenes.py, by services."""

import datetime as dt
from decimal import Decimal

import factory
from django.utils import timezone

from ledger.models import Membership as MembershipModel
from ledger.models import MonitoringReport, Organisation, Parcel, Project, User
from ledger.quantification import quantify

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

    kind = Organisation.Kind.BUYER
    status = Organisation.Status.APPROVED
    name = factory.Sequence(lambda n: f"第{n}公司")
    name_en = factory.Sequence(lambda n: f"Company {n}")


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
            self.user.save(update_fields=["is_staff"])


class ProjectFactory(factory.django.DjangoModelFactory):
    """A registered project; `status` makes it another."""

    class Meta:
        model = Project

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


class ParcelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Parcel

    project = factory.SubFactory(ProjectFactory)
    code = factory.Sequence(lambda n: f"P{n}")
    geometry = factory.Sequence(square)
    area_ha = Decimal("100.0000")
    practices = factory.LazyFunction(lambda: dict(PRACTICES))


class ReportFactory(factory.django.DjangoModelFactory):
    """An approved monitoring report that comes to `net_t` tonnes, ready to be issued."""

    class Meta:
        model = MonitoringReport

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
    sheet_sha256 = "0" * 64
    net_t = 1_000
    buffer_t = 0
    issuable_t = factory.LazyAttribute(lambda report: report.net_t - report.buffer_t)
    prepared_by = factory.SubFactory(UserFactory)
    verified_by = factory.SubFactory(UserFactory)
    approved_by = factory.SubFactory(UserFactory)
    submitted_at = factory.LazyFunction(timezone.now)
