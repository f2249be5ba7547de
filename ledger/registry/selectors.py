"""Read what is public: projects, sums, and other registries' projects that are kept for reference."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from ledger.errors import NotFound
from ledger.projects.models import Project
from ledger.projects.selectors import projects_seen_by
from ledger.registry.models import ReferenceCredit, ReferenceImport, ReferenceProject, Refreshed, RegistryDump
from ledger.texts import is_storable
from ledger.transparency.models import Checkpoint

LARGE = ("forecast", "settings", "description", "description_en")


def public_projects() -> QuerySet[Project]:
    """Return the projects that everybody may see, with the number and the area of their fields."""
    return projects_seen_by(None).defer(*LARGE)


def public_project_ids() -> QuerySet[Project]:
    """Return the same, for a condition of another query: without what is computed for each."""
    return Project.objects.filter(pk__in=projects_seen_by(None).order_by().values("pk"))


def reference_projects() -> QuerySet[ReferenceProject]:
    """Return other registries' projects."""
    return ReferenceProject.objects.all()


def reference_credits() -> QuerySet[ReferenceCredit]:
    """Return other registries' transactions of credits, the newest first."""
    return ReferenceCredit.objects.select_related("project").order_by("-id")


def reference_project_by_id(project_id: str) -> ReferenceProject:
    """Return another registry's project by its id there.

    Raises: NotFound.
    """
    found = ReferenceProject.objects.filter(project_id=project_id).first() if is_storable(project_id) else None
    if found is None:
        raise NotFound()
    return found


def reference_registries() -> Sequence[str]:
    """Return the names of the registries that reference projects are of."""
    return _distinct(ReferenceProject, "registry")


def reference_countries() -> Sequence[str]:
    """Return the countries that reference projects are in."""
    return [country for country in _distinct(ReferenceProject, "country") if country]


def latest_imports(count: int) -> QuerySet[ReferenceImport]:
    """Return the imports that were done last."""
    return ReferenceImport.objects.filter(state=ReferenceImport.State.DONE).order_by("-finished_at")[:count]


def dumps() -> QuerySet[RegistryDump]:
    """Return the dumps, newest first."""
    return RegistryDump.objects.order_by("-id")


def refreshed(what: str) -> Refreshed | None:
    """Return when something that is computed was computed last."""
    return Refreshed.objects.filter(what=what).first()


def state_of_the_log() -> Checkpoint | None:
    """Return the newest checkpoint: whatever is a fact of the registry and changes, makes another one within a second."""
    return Checkpoint.objects.order_by("-tree_size").first()


def _distinct(model: type[Model], column: str) -> list[Any]:
    """Return the different values of a column with an index that begins with it, by one look into it for each."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE found AS (
                (SELECT {column} FROM {table} ORDER BY {column} LIMIT 1)
                UNION ALL
                SELECT (SELECT {column} FROM {table} later WHERE later.{column} > found.{column} ORDER BY 1 LIMIT 1)
                  FROM found WHERE found.{column} IS NOT NULL
            )
            SELECT {column} FROM found WHERE {column} IS NOT NULL
            """
        )
        return [row[0] for row in cursor.fetchall()]
