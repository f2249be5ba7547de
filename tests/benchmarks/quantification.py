"""A project of ten thousand parcels handed in: read, computed, hashed, stored, as the service does it."""

import datetime as dt
from time import perf_counter
from typing import Any

from ledger.projects.services import submit_project
from ledger.quantification import quantify

NOTE = "two seasons a parcel with straw; from reading the parcels to the committed sheet"
INPUTS = {
    "organic_n_kg_per_ha": "40",
    "urea_kg_per_ha": "200",
    "limestone_kg_per_ha": "500",
    "dolomite_kg_per_ha": "0",
    "fuel": [{"kind": "diesel_off_road", "litres_per_ha": "60"}],
}


def practices(methodology: str, at: int) -> dict[str, Any]:
    """Return how a parcel is farmed; no two parcels have the same straw, so that nothing is computed once for all."""
    practice: dict[str, Any] = {
        "preseason": "non_flooded_under_180_days",
        "amendments": [{"kind": "straw_under_30_days", "t_per_ha": f"{3 + at / 10_000:.4f}"}],
        "n_kg_per_ha": "150",
    }
    if methodology == "rice-water-2":
        practice["inputs"] = INPUTS
    seasons = [
        {
            "name": name,
            "days": 112,
            "baseline": {"water": "continuous", **practice},
            "project": {"water": "multiple_drainage", **practice},
            "yield_t_per_ha": {"baseline": "6.50", "project": "6.60"},
        }
        for name in ("early", "late")
    ]
    return {"seasons": seasons}


def settings(methodology: str) -> dict[str, str]:
    """Return what a project of the benchmark says once for all its parcels."""
    return {"gwp": "AR5", "region": "east_asia"} | ({"climate": "wet"} if methodology == "rice-water-2" else {})


def computing_s(methodology: str, parcels: int) -> float:
    """Return how long the pure computation takes, the sheet as it is stored included."""
    case = {
        "methodology": methodology,
        **settings(methodology),
        "parcels": [
            {"id": f"P{at}", "area_ha": f"{1 + at % 97 / 100:.2f}", **practices(methodology, at)}
            for at in range(parcels)
        ],
    }
    started = perf_counter()
    quantify(case).as_dict()
    return perf_counter() - started


def handing_in_s(methodology: str, parcels: int) -> float:
    """Return how long it takes to hand in a project of so many parcels: the sheet is stored and hashed into the log."""
    from django.db import transaction

    from ledger.models import Organisation, Parcel, Project
    from ledger.projects.declarations import state_baseline
    from ledger.projects.descriptions import describe_project
    from tests.factories import MembershipFactory, ProjectFactory, square

    proponent = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    number = (Project.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    project = ProjectFactory(
        number=number,
        proponent=proponent.organisation,
        status=Project.Status.DRAFT,
        methodology=methodology,
        settings=settings(methodology),
        crediting_starts_on=dt.date(2020, 1, 1),
    )
    with transaction.atomic():
        Parcel.objects.bulk_create(
            Parcel(
                project=project,
                code=f"P{at}",
                geometry=square(at, 0.001),
                area_ha=f"{0.5 + at % 97 / 1000:.3f}",
                practices=practices(methodology, at),
            )
            for at in range(parcels)
        )
    describe_project(actor=proponent, project_id=project.pk, changes={"is_listed_elsewhere": False})
    state_baseline(actor=proponent, project_id=project.pk, evidence="Irrigation records.")
    started = perf_counter()
    submit_project(actor=proponent, project_id=project.pk)
    return perf_counter() - started
