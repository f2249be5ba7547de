"""Read the field diary."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from ledger.errors import NotFound
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.documents.models import Document
from ledger.projects.models import Project


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries one wants to see; what is empty holds for all."""

    parcel: str = ""
    season: str = ""
    kind: str = ""
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    includes_withdrawn: bool = False


def diary_of(project: Project, wanted: Filter | None = None) -> QuerySet[DiaryEntry]:
    """Return a project's entries, the latest day first, with their photos at hand."""
    wanted = wanted or Filter()
    found = DiaryEntry.objects.filter(project=project).select_related("created_by", "replaces")
    if wanted.parcel:
        found = found.filter(parcels__contains=[wanted.parcel])
    for name, value in (
        ("season", wanted.season),
        ("kind", wanted.kind),
        ("happened_on__gte", wanted.starts_on),
        ("happened_on__lte", wanted.ends_on),
    ):
        if value:
            found = found.filter(**{name: value})
    if not wanted.includes_withdrawn:
        found = found.filter(withdrawn_at=None)
    photos = Document.objects.filter(withdrawn_at=None).order_by("id")
    return found.prefetch_related(Prefetch("documents", photos, to_attr="photos")).order_by("-happened_on", "-id")


def access_entry(*, project: Project, entry_id: int) -> DiaryEntry:
    """Return an entry of a project's diary.

    Raises: NotFound.
    """
    entry = DiaryEntry.objects.filter(project=project, pk=entry_id).first()
    if entry is None:
        raise NotFound()
    return entry


def last_contents(project: Project) -> dict[str, dict[str, Any]]:
    """Return what the latest entry of each kind said, so that the next one can begin with it."""
    latest = DiaryEntry.objects.filter(project=project, withdrawn_at=None).order_by("kind", "-id").distinct("kind")
    return {entry.kind: {**entry.content, "parcels": entry.parcels, "season": entry.season} for entry in latest}


def season_names(practices: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of the seasons that fields have, each once, in their order."""
    names = [season["name"] for each in practices for season in each.get("seasons", [])]
    return list(dict.fromkeys(names))
