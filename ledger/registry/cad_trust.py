"""Projects and units as CAD Trust's data model has them (Chia-Network/cadt, tables `projects` and `units`).

Fields carry its names; what it takes from a pick-list is one of `pick_lists()`. A unit is a run of serial numbers that is in one
place. Who holds credits is not public; who retired them is.

Source: src/validations/projects.validations.js and units.validations.js of that repository.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from ledger.credits.models import Batch, Retirement
from ledger.journal.models import Account, SerialBlock
from ledger.projects.cadtrust import COVERED_BY_NDC, STATUSES
from ledger.projects.counties import county_name
from ledger.projects.models import Project
from ledger.quantification import METHODOLOGIES
from ledger.registry.chunks import Addresses, in_chunks

REGISTRY = "Tianhui"
COUNTRY = "China"
PROJECT_FIELDS = (
    "projectId",
    "registryOfOrigin",
    "originProjectId",
    "program",
    "projectName",
    "projectLink",
    "projectDeveloper",
    "sector",
    "projectType",
    "projectTags",
    "coveredByNDC",
    "ndcInformation",
    "projectStatus",
    "projectStatusDate",
    "unitMetric",
    "methodology",
    "validationBody",
    "validationDate",
    "description",
    "country",
    "inCountryRegion",
    "geographicIdentifier",
    "creditingPeriodStart",
    "creditingPeriodEnd",
)
UNIT_FIELDS = (
    "projectId",
    "unitOwner",
    "countryJurisdictionOfOwner",
    "unitBlockStart",
    "unitBlockEnd",
    "unitCount",
    "vintageYear",
    "unitType",
    "marketplace",
    "unitTags",
    "unitStatus",
    "unitStatusReason",
    "unitRegistryLink",
    "correspondingAdjustmentDeclaration",
    "correspondingAdjustmentStatus",
)
# What is ours on the left, one of CAD Trust's words on the right.
UNIT_STATUS: Mapping[str, str] = {
    Account.Purpose.HOLDING: "Held",
    Account.Purpose.BUFFER: "Buffer",
    Account.Purpose.RETIRED: "Retired",
    Account.Purpose.CANCELLED: "Cancelled",
}
REMOVAL, REDUCTION = "Removal - nature", "Reduction - nature"
# No authorisation under Article 6 is known here, and none is claimed.
DECLARATION, ADJUSTMENT = "Unknown", "Not Started"


@cache
def pick_lists() -> Mapping[str, Sequence[str]]:
    """Return the words that CAD Trust allows, by field."""
    read = json.loads((Path(__file__).parent / "cad_trust_pick_lists.json").read_text(encoding="utf-8"))
    lists: Mapping[str, Sequence[str]] = read["lists"]
    return lists


def unit_type(methodology: str) -> str:
    """Return what a tonne under a methodology is: carbon that was taken in and can be lost again, or gas not let out."""
    return REMOVAL if METHODOLOGIES[methodology].is_reversible else REDUCTION


def projects(found: QuerySet[Project], addresses: Addresses) -> Iterator[dict[str, Any]]:
    """Yield projects as CAD Trust has them, oldest first."""
    # Lists leave the description out, and this needs it.
    rows = found.defer(None).defer("forecast", "settings", "description_en")
    for chunk in in_chunks(rows.select_related("proponent", "validator", "map_place")):
        for project in chunk:
            yield project_row(project, addresses)


def project_row(project: Project, addresses: Addresses) -> dict[str, Any]:
    """Return one project, its fields in the order of `PROJECT_FIELDS`."""
    place = getattr(project, "map_place", None)
    methodology = METHODOLOGIES[project.methodology]
    moved_at = project.registered_at or project.validated_at or project.submitted_at or project.created_at
    values = (
        project.code,
        REGISTRY,
        project.code,
        None,
        project.name,
        addresses.of(f"/projects/{project.code}"),
        project.proponent.name,
        methodology.sector,
        methodology.project_type,
        None,
        COVERED_BY_NDC[Project.Ndc(project.covered_by_ndc)],
        project.ndc_information or None,
        STATUSES[Project.Status(project.status)],
        moved_at.date().isoformat(),
        "tCO2e",
        project.methodology,
        project.validator.name if project.validator else None,
        project.validated_at.date().isoformat() if project.validated_at else None,
        project.description or None,
        COUNTRY,
        f"{county_name(project.county_code)} {project.place}".strip(),
        f"{place.latitude:.5f},{place.longitude:.5f}" if place else None,
        project.crediting_starts_on.isoformat(),
        project.crediting_ends_on.isoformat(),
    )
    return dict(zip(PROJECT_FIELDS, values, strict=True))


def units(batches: QuerySet[Batch], addresses: Addresses) -> Iterator[dict[str, Any]]:
    """Yield the units of batches, oldest batch first: what is held, in the buffer pool or cancelled, then what is retired."""
    for chunk in in_chunks(batches.select_related("asset", "project"), 500):
        by_asset = {batch.asset_id: batch for batch in chunk}
        blocks: dict[int, list[tuple[str, int, int]]] = {}
        rows = (
            SerialBlock.objects.filter(asset__in=by_asset)
            .exclude(account__purpose=Account.Purpose.RETIRED)
            .order_by("serials")
            .values_list("asset_id", "account__purpose", "serials")
        )
        for asset_id, purpose, serials in rows:
            blocks.setdefault(asset_id, []).append((purpose, serials.lower, serials.upper - 1))
        retired: dict[int, list[Retirement]] = {}
        for each in Retirement.objects.filter(batch__in=chunk).select_related("organisation").order_by("id"):
            retired.setdefault(each.batch_id, []).append(each)
        for batch in chunk:
            for purpose, first, last in blocks.get(batch.asset_id, ()):
                address = addresses.of(f"/credits/{batch.asset.code}")
                yield _unit(batch, first, last, UNIT_STATUS[purpose], None, None, address)
            for retirement in retired.get(batch.pk, ()):
                yield from _retired_units(batch, retirement, addresses)


def _retired_units(batch: Batch, retirement: Retirement, addresses: Addresses) -> Iterator[dict[str, Any]]:
    address = addresses.of(f"/retirements/{retirement.public_id}")
    for run in retirement.serials:
        owner = retirement.organisation.name
        yield _unit(batch, run.lower, run.upper - 1, "Retired", retirement.purpose, owner, address)


def _unit(
    batch: Batch, first: int, last: int, status: str, reason: str | None, owner: str | None, address: str
) -> dict[str, Any]:
    values = (
        batch.project.code,
        owner,
        COUNTRY,
        f"{batch.asset.code}-{first:012d}",
        f"{batch.asset.code}-{last:012d}",
        last - first + 1,
        batch.vintage,
        unit_type(batch.project.methodology),
        None,
        None,
        status,
        reason,
        address,
        DECLARATION,
        ADJUSTMENT,
    )
    return dict(zip(UNIT_FIELDS, values, strict=True))
