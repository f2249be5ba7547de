"""What the public registry is searched by: terms, as pages and the API take them, and the rows that meet them.

Texts are found by their pairs of letters (migrations/sql/search_grams.sql) and then compared as they are; each word of what is
looked for must be somewhere in the row.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from ledger.credits.models import Batch, Retirement
from ledger.errors import NotFound
from ledger.journal.models import Account
from ledger.parties.models import Organisation
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code
from ledger.registry.models import ReferenceCredit, ReferenceProject
from ledger.texts import is_storable

SHANGHAI = ZoneInfo("Asia/Shanghai")
MOST_WORDS = 5
MOST_PROPONENTS = 200
FIRST_YEAR, LAST_YEAR = 1990, 2200

# What is indexed by 0022_public_registry, to the letter.
_PROJECT = r"ledger_project.name || E'\n' || ledger_project.name_en || E'\n' || ledger_project.place"
_ORGANISATION = r"ledger_organisation.name || E'\n' || ledger_organisation.name_en"
_BENEFICIARY = "ledger_retirement.beneficiary_name"
_REFERENCE = (
    r"ledger_referenceproject.project_id || E'\n' || ledger_referenceproject.name || E'\n' || "
    "ledger_referenceproject.proponent"
)


@dataclass(frozen=True, slots=True)
class ProjectTerms:
    """What projects are looked for by; what is empty says nothing. `status` is a status, `proponent` a public id."""

    text: str = ""
    status: str = ""
    province: str = ""
    county: str = ""
    methodology: str = ""
    vintage: int | None = None
    proponent: UUID | None = None


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What batches are looked for by. `holds` is where tonnes of it must be: the purpose of an account."""

    project: str = ""
    vintage: int | None = None
    holds: str = ""


@dataclass(frozen=True, slots=True)
class RetirementTerms:
    """What retirements are looked for by. `text` is compared with beneficiaries that are public."""

    text: str = ""
    purpose: str = ""
    year: int | None = None
    project: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceTerms:
    """What other registries' projects are looked for by."""

    text: str = ""
    registry: str = ""
    country: str = ""


def matching_projects(projects: QuerySet[Project], terms: ProjectTerms) -> QuerySet[Project]:
    """Return those of some projects that meet the terms."""
    for word in _words(terms.text):
        projects = projects.filter(_names_project(word))
    exactly = {
        "status": terms.status,
        "province_code": terms.province,
        "county_code": terms.county,
        "methodology": terms.methodology,
        "proponent__public_id": terms.proponent,
    }
    projects = projects.filter(**{name: value for name, value in exactly.items() if value})
    if terms.vintage is not None:
        projects = projects.filter(Exists(Batch.objects.filter(project=OuterRef("pk"), vintage=terms.vintage)))
    return projects


def matching_batches(batches: QuerySet[Batch], terms: BatchTerms) -> QuerySet[Batch]:
    """Return those of some batches that meet the terms."""
    if terms.project:
        batches = batches.filter(project=_public_project(terms.project))
    if terms.vintage is not None:
        batches = batches.filter(vintage=terms.vintage)
    if terms.holds:
        there = Account.objects.filter(asset=OuterRef("asset_id"), purpose=terms.holds, balance__gt=0)
        batches = batches.filter(Exists(there))
    return batches


def matching_retirements(retirements: QuerySet[Retirement], terms: RetirementTerms) -> QuerySet[Retirement]:
    """Return those of some retirements that meet the terms. A beneficiary that is not public is never found by name."""
    for word in _words(terms.text):
        retirements = retirements.filter(
            _has(_BENEFICIARY, word), is_beneficiary_public=True, beneficiary_name__icontains=word
        )
    if terms.purpose:
        retirements = retirements.filter(purpose=terms.purpose)
    if terms.year is not None:
        retirements = retirements.filter(retired_at__range=_year(terms.year))
    if terms.project:
        # Their batches are few and known beforehand: with them the database looks in each batch's own retirements.
        found = Batch.objects.filter(project=_public_project(terms.project))
        retirements = retirements.filter(batch__in=list(found.values_list("pk", flat=True)))
    if terms.batch:
        retirements = (
            retirements.filter(batch__asset__code=terms.batch) if is_storable(terms.batch) else retirements.none()
        )
    return retirements


def matching_references(projects: QuerySet[ReferenceProject], terms: ReferenceTerms) -> QuerySet[ReferenceProject]:
    """Return those of other registries' projects that meet the terms."""
    for word in _words(terms.text):
        named = Q(project_id__icontains=word) | Q(name__icontains=word) | Q(proponent__icontains=word)
        projects = projects.filter(_has(_REFERENCE, word), named)
    exactly = {"registry": terms.registry, "country": terms.country}
    return projects.filter(**{name: value for name, value in exactly.items() if value})


def matching_reference_credits(credits: QuerySet[ReferenceCredit], terms: ReferenceTerms) -> QuerySet[ReferenceCredit]:
    """Return the transactions of those of other registries' projects that meet the terms."""
    if terms == ReferenceTerms():
        return credits
    return credits.filter(project__in=matching_references(ReferenceProject.objects.order_by(), terms).values("pk"))


def _words(text: str) -> Sequence[str]:
    return text.split()[:MOST_WORDS] if is_storable(text) else ()


def _names_project(word: str) -> Q:
    named = Q(_has(_PROJECT, word)) & (Q(name__icontains=word) | Q(name_en__icontains=word) | Q(place__icontains=word))
    proponents = Organisation.objects.filter(
        _has(_ORGANISATION, word), Q(name__icontains=word) | Q(name_en__icontains=word)
    )
    # Looked up beforehand, so that each way to a project has an index of its own.
    if found := list(proponents.values_list("pk", flat=True)[:MOST_PROPONENTS]):
        named |= Q(proponent__in=found)
    number = word.rpartition("-")[2]
    if number.isascii() and number.isdigit() and len(number) <= 9:
        named |= Q(number=int(number))
    return named


def _has(written: str, word: str) -> RawSQL:
    """Return the condition that a text has all pairs of letters of a word, for which there is an index.

    A word of one letter has no pair: then the letter itself.
    """
    pairs_from = len(word) + 1 if len(word) > 1 else 1
    condition = f"search_grams({written}) @> (search_grams(%s))[%s::int:]"
    return RawSQL(condition, (word, pairs_from), output_field=BooleanField())


def _public_project(code: str) -> Project | None:
    try:
        return access_project_by_code(code=code, membership=None)
    except NotFound:
        return None


def _year(year: int) -> tuple[dt.datetime, dt.datetime]:
    """Return the first and the last moment of a year in Shanghai."""
    first = dt.datetime(year, 1, 1, tzinfo=SHANGHAI)
    return first, dt.datetime(year + 1, 1, 1, tzinfo=SHANGHAI) - dt.timedelta(microseconds=1)
