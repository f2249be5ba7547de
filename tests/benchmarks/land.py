"""How long it takes to find whose land a new project claims, with a country full of fields; and to take many fields in.

`python -m tests.benchmarks.land [PARCELS]` measures by itself, on servers of its own: 200,000 parcels where none is said.
"""

import statistics
import sys
from time import perf_counter
from typing import Any

PARCELS, OF_A_PROJECT, NEW, ROUNDS = 200_000, 10, 50, 30
STEP = 0.004  # degrees from one field to the next; a field has three quarters of it
COLUMNS = 2_000
WEST, SOUTH = 100.0, 22.0


def cell(at: int, shift: float = 0.0) -> dict[str, Any]:
    """Return the outline of a field in its place of the grid, moved by `shift` of a step."""
    west, south = WEST + (at % COLUMNS + shift) * STEP, SOUTH + (at // COLUMNS + shift) * STEP
    side = STEP * 0.75
    # Twelve corners, as a field has that was walked around.
    along = [side * part / 3 for part in range(3)]
    ring = [
        *([west + x, south] for x in along),
        *([west + side, south + y] for y in along),
        *([west + side - x, south + side] for x in along),
        *([west, south + side - y] for y in along),
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def overlap_milliseconds(project: Any, first: int, rounds: int = ROUNDS) -> list[float]:
    """Return how long each of some overlap checks of a new project of fifty parcels took, on land of others and on free
    land in turns; each is in another place.
    """
    from ledger.projects.land.overlaps import overlaps

    found = []
    for at in range(rounds):
        shapes = [cell(first + at * 977 + place, 0.5 if at % 2 else 0.8) for place in range(NEW)]
        started = perf_counter()
        overlaps(shapes, project)
        found.append((perf_counter() - started) * 1_000)
    return found


def seed(parcels: int) -> None:
    """Fill the tables with registered projects and their fields, by COPY."""
    from django.db import connection
    from psycopg.types.json import Jsonb

    from ledger.models import Project
    from tests.factories import CREDITING, OrganisationFactory, UserFactory

    owner, person = OrganisationFactory(kind="cooperative"), UserFactory()
    projects = Project.objects.bulk_create(
        [
            Project(
                number=1_000 + at, province_code="35", name=f"{at}", place="", proponent=owner, methodology="rice-water-1",
                crediting_starts_on=CREDITING[0], crediting_ends_on=CREDITING[1], status="registered", created_by=person,
            )
            for at in range(parcels // OF_A_PROJECT)
        ],
        batch_size=5_000,
    )  # fmt: skip
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY ledger_parcel (project_id, code, name, geometry, area_ha, practices) FROM STDIN (FORMAT BINARY)"
        ) as copy,
    ):
        copy.set_types(["int8", "varchar", "varchar", "jsonb", "numeric", "jsonb"])
        for at in range(parcels):
            project = projects[at // OF_A_PROJECT]
            copy.write_row((project.pk, f"P{at}", "", Jsonb(cell(at)), 10, Jsonb({})))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_parcel; ANALYZE ledger_project")


def main(parcels: int) -> None:
    """Seed, measure and print."""
    from django.db import connection

    from ledger.projects.land.examine import NewParcel
    from ledger.projects.land.services import add_parcels, examine_parcels
    from tests.factories import PRACTICES, MembershipFactory, ProjectFactory

    started = perf_counter()
    seed(parcels)
    print(f"seeded {parcels:,} parcels in {perf_counter() - started:.1f} s", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        print("jit", cursor.fetchone()[0])
    actor = MembershipFactory(organisation__kind="cooperative")
    project = ProjectFactory(proponent=actor.organisation, status="draft", number=900_000)
    milliseconds = overlap_milliseconds(project, 0)
    print(
        f"overlap check of {NEW} parcels: median {statistics.median(milliseconds):.1f} ms, first {milliseconds[0]:.1f}, "
        f"slowest {max(milliseconds):.1f}"
    )
    for count in (50, 2_000, 10_000):
        new = [NewParcel(f"N{at}", cell(parcels + COLUMNS * 2 + at), PRACTICES) for at in range(count)]
        draft = ProjectFactory(proponent=actor.organisation, status="draft", number=900_001 + count)
        started = perf_counter()
        examine_parcels(actor=actor, project_id=draft.pk, parcels=new)
        looked = perf_counter() - started
        started = perf_counter()
        add_parcels(actor=actor, project_id=draft.pk, parcels=new)
        print(
            f"{count:,} parcels: looked through in {looked:.2f} s, added in {perf_counter() - started:.2f} s",
            flush=True,
        )
        draft.parcels.all().delete()


if __name__ == "__main__":
    from tests.benchmarks.stage import stage

    with stage():
        main(int(sys.argv[1]) if len(sys.argv) > 1 else PARCELS)
