"""How far a draft of a project has come: its parts, what is missing of each in words, and where to go on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ledger.projects.models import Parcel, Project


@dataclass(frozen=True, slots=True)
class Facts:
    """What tells how far a draft has come: the project, its fields, and those without evidence of their baseline."""

    project: Project
    fields: int
    unproven: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a draft: where it is written, what it is called, and what is missing of it, in words; nothing is whole."""

    name: str
    title: str | Promise
    missing: Callable[[Facts], str]
    is_needed: bool = True


def _missing_what(facts: Facts) -> str:
    return "" if facts.project.place else _("where the fields lie")


def _missing_fields(facts: Facts) -> str:
    return "" if facts.fields else _("no field has been added")


def _missing_baseline(facts: Facts) -> str:
    if not facts.fields:
        return _("how the fields were run before")
    if not facts.unproven:
        return ""
    words = ngettext("%(count)s field without evidence", "%(count)s fields without evidence", facts.unproven)
    return words % {"count": facts.unproven}


def _missing_elsewhere(facts: Facts) -> str:
    return "" if facts.project.is_listed_elsewhere is not None else _("whether they are listed elsewhere")


def _nothing(facts: Facts) -> str:
    return ""


PARTS = (
    Part("what", gettext_lazy("The project"), _missing_what),
    Part("fields", gettext_lazy("Fields"), _missing_fields),
    Part("baseline", gettext_lazy("Baseline"), _missing_baseline),
    Part("elsewhere", gettext_lazy("Other registries"), _missing_elsewhere),
    Part("climate", gettext_lazy("Climate and other goals"), _nothing, is_needed=False),
    Part("hand-in", gettext_lazy("Hand in"), _nothing, is_needed=False),
)
NEEDED = sum(part.is_needed for part in PARTS)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a draft has come: its parts as pages show them, and the part to go on with."""

    project: Project
    parts: list[dict[str, Any]]

    @property
    def done(self) -> int:
        return sum(part["is_done"] for part in self.parts)

    @property
    def needed(self) -> int:
        return NEEDED

    @property
    def missing(self) -> list[dict[str, Any]]:
        return [part for part in self.parts if part["is_missing"]]

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def next_part(self) -> dict[str, Any]:
        """The first part of which something is missing; where nothing is, the handing in."""
        return next(iter(self.missing), self.parts[-1])


def progress_of(projects: Iterable[Project], here: str = "") -> list[Progress]:
    """Return how far drafts have come, in one query however many they are; `here` is the part that is being shown."""
    found = list(projects)
    return [Progress(facts.project, [_shown(part, facts, here) for part in PARTS]) for facts in _facts(found)]


def _facts(projects: list[Project]) -> list[Facts]:
    counted = (
        Parcel.objects.filter(project__in=projects)
        .order_by()
        .values("project")
        .annotate(fields=Count("pk"), unproven=Count("pk", filter=Q(baseline_evidence="")))
        .values_list("project", "fields", "unproven")
    )
    by_project = {project_id: (fields, unproven) for project_id, fields, unproven in counted} if projects else {}
    return [Facts(project, *by_project.get(project.pk, (0, 0))) for project in projects]


def _shown(part: Part, facts: Facts, here: str) -> dict[str, Any]:
    missing = part.missing(facts)
    return {
        "name": part.name,
        "title": part.title,
        "missing": missing,
        "is_here": part.name == here,
        "is_done": part.is_needed and not missing,
        "is_missing": part.is_needed and bool(missing),
    }
