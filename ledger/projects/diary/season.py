"""What a field diary says of the seasons of a period, in the terms of rice-water-1.

`read_seasons` is pure: entries in, seasons and remarks out. `practices_from_diary` asks it for a project.
"""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.projects.diary.models import DiaryEntry
from ledger.projects.models import Project

Kind = DiaryEntry.Kind
METHODOLOGY = "rice-water-1"
# "Fields have at least one aeration period of more than 3 days during the cropping season"; single and multiple aeration are
# counted "excluding end-season drainage". Source: IPCC 2006 Vol. 4 Ch. 5, notes of Table 5.12, kept by the 2019 Refinement.
AERATION_IS_MORE_THAN_DAYS = 3
# Straw is worked in "shortly" or "long" before cultivation. Source: IPCC 2019 Vol. 4 Ch. 5, Table 5.14. The day itself counts as
# shortly, which emits more.
STRAW_IS_LONG_BEFORE_DAYS = 30
FLOODED_BEFORE_DAYS = 30
DAYS_THAT_DIFFER = 7
# What was worked in or flooded before planting belongs to the season to come: this far back it is looked for.
LOOK_BACK = dt.timedelta(days=366)
WATER: dict[str, str | Promise] = {
    "continuous": gettext_lazy("flooded all season"),
    "single_drainage": gettext_lazy("drained once in mid-season"),
    "multiple_drainage": gettext_lazy("drained several times (alternate wetting and drying)"),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """What the diary lacks, or says otherwise than was registered: of which field and season, and in a sentence."""

    parcel: str
    season: str
    code: str
    text: str


class FromDiary(NamedTuple):
    """The practices of fields by their codes, as a case file holds them, and what is to be said of them."""

    practices: dict[str, dict[str, Any]]
    remarks: list[Remark]


@dataclass(frozen=True, slots=True)
class Event:
    """An entry, as far as a season is made of it."""

    kind: str
    day: dt.date
    season: str
    content: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Drainage:
    """A time without water within a season; the end is the day when water came back."""

    starts_on: dt.date
    ends_on: dt.date

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days

    @property
    def counts(self) -> bool:
        """Whether it is long enough to be an aeration."""
        return self.days > AERATION_IS_MORE_THAN_DAYS


@dataclass(slots=True)
class Crop:
    """From planting to harvest on one field, with what was done for it."""

    events: list[Event] = field(default_factory=list)
    planted_on: dt.date | None = None
    harvested_on: dt.date | None = None
    yields_t_per_ha: list[Decimal] = field(default_factory=list)
    stated: str = ""


@dataclass(frozen=True, slots=True)
class SeasonRead:
    """A season as the diary has it, beside what was registered. Units: kg N/ha, t/ha."""

    parcel: str
    name: str
    registered: Mapping[str, Any]
    planted_on: dt.date | None
    harvested_on: dt.date
    days: int
    drainages: tuple[Drainage, ...]
    water: str
    preseason: str
    amendments: tuple[tuple[str, Decimal], ...]
    n_kg_per_ha: Decimal
    yield_t_per_ha: Decimal

    def practices(self) -> dict[str, Any]:
        """Return the season as a case file holds it: the time before the project as registered, the project's as it was."""
        season = dict(self.registered) | {
            "days": self.days,
            "project": {
                **self.registered["project"],
                "water": self.water,
                "preseason": self.preseason,
                "amendments": [{"kind": kind, "t_per_ha": f"{amount:f}"} for kind, amount in self.amendments],
                "n_kg_per_ha": f"{self.n_kg_per_ha:f}",
            },
        }
        baseline = (self.registered.get("yield_t_per_ha") or {}).get("baseline")
        if baseline is not None:
            season["yield_t_per_ha"] = {"baseline": baseline, "project": f"{self.yield_t_per_ha:f}"}
        return season


def practices_from_diary(project: Project, starts_on: dt.date, ends_on: dt.date) -> FromDiary:
    """Return how the fields were run in the seasons that were harvested in a period, as the diary has it.

    A field of which the diary has no harvest is not among the practices: what was registered holds for it, and a remark says so.
    """
    seasons, remarks = seasons_from_diary(project, starts_on, ends_on)
    read: dict[str, dict[str, SeasonRead]] = defaultdict(dict)
    for season in seasons:
        read[season.parcel][season.name] = season
    practices = {
        code: {
            **registered,
            "seasons": [
                read[code][season["name"]].practices() if season["name"] in read[code] else season
                for season in registered["seasons"]
            ],
        }
        for code, registered in _registered(project)
        if code in read
    }
    return FromDiary(practices, remarks)


def seasons_from_diary(project: Project, starts_on: dt.date, ends_on: dt.date) -> tuple[list[SeasonRead], list[Remark]]:
    """Return each season of each field that the diary has in a period, and what it lacks or contradicts."""
    if project.methodology != METHODOLOGY:
        text = _("This methodology takes nothing from the diary: give the practices in the report.")
        return [], [Remark("", "", "other_methodology", text)]
    events = _events(project, starts_on - LOOK_BACK, ends_on)
    seasons: list[SeasonRead] = []
    remarks: list[Remark] = []
    for code, practices in _registered(project):
        found, said = read_seasons(code, practices["seasons"], events.get(code, []), starts_on, ends_on)
        seasons += found
        remarks += said
    return seasons, remarks


def _registered(project: Project) -> list[tuple[str, dict[str, Any]]]:
    found = project.parcels.order_by("id").values_list("code", "practices")
    return [(code, practices) for code, practices in found if practices.get("seasons")]


def _events(project: Project, starts_on: dt.date, ends_on: dt.date) -> dict[str, list[Event]]:
    entries = DiaryEntry.objects.filter(
        project=project, withdrawn_at=None, happened_on__gte=starts_on, happened_on__lte=ends_on
    ).order_by("happened_on", "happened_time", "id")
    events: dict[str, list[Event]] = defaultdict(list)
    for kind, day, season, content, parcels in entries.values_list(
        "kind", "happened_on", "season", "content", "parcels"
    ):
        event = Event(kind, day, season, content)
        for parcel in parcels:
            events[parcel].append(event)
    return events


def read_seasons(
    parcel: str,
    registered: Sequence[Mapping[str, Any]],
    events: Iterable[Event],
    starts_on: dt.date,
    ends_on: dt.date,
) -> tuple[list[SeasonRead], list[Remark]]:
    """Return the seasons of one field that were harvested in a period, and remarks; events are in their order."""
    crops = _crops(events)
    remarks = [
        _remark(parcel, crop.stated, "no_harvest")
        for crop in crops
        if crop.harvested_on is None and crop.planted_on is not None and starts_on <= crop.planted_on <= ends_on
    ]
    in_period = [crop for crop in crops if crop.harvested_on and starts_on <= crop.harvested_on <= ends_on]
    named, nameless = _named(in_period, [season["name"] for season in registered])
    remarks += [_remark(parcel, "", "season_not_registered", day=crop.harvested_on) for crop in nameless]
    seasons = []
    for season in registered:
        crop = named.get(season["name"])
        if crop is None:
            remarks.append(_remark(parcel, season["name"], "no_season"))
            continue
        read = _season(parcel, season, crop)
        seasons.append(read)
        remarks += _remarks_on(read, crop)
    return seasons, remarks


def _crops(events: Iterable[Event]) -> list[Crop]:
    """Return what grew on a field, one crop after the other; what comes after a harvest belongs to the next crop."""
    crops = [Crop()]
    for event in events:
        crop = crops[-1]
        if event.kind == Kind.HARVEST and crop.harvested_on is None and crop.planted_on is None and len(crops) > 1:
            # Nothing was planted since the last harvest: the rest of it, or a ratoon that has a name of its own.
            previous = crops[-2]
            if event.season in ("", previous.stated):
                crop = previous
        crop.events.append(event)
        # Planting and harvest say what season it is; what was done between may be meant for the next.
        crop.stated = (event.season if event.kind in (Kind.PLANTING, Kind.HARVEST) else "") or crop.stated
        if event.kind == Kind.PLANTING:
            # Sown first and transplanted later: the time in the field begins with the last.
            crop.planted_on = event.day
        elif event.kind == Kind.HARVEST:
            crop.harvested_on = event.day
            crop.yields_t_per_ha.append(Decimal(event.content["yield_t_per_ha"]))
            if crop is crops[-1]:
                crops.append(Crop())
    _move_to_stated(crops)
    return crops


def _move_to_stated(crops: Sequence[Crop]) -> None:
    """Give a crop what was done for it, as is stated, before the crop before it was harvested: straw for the late rice."""
    for crop, following in itertools.pairwise(crops):
        early = [
            event for event in crop.events if event.season not in ("", crop.stated) and event.season == following.stated
        ]
        following.events[:0] = early
        crop.events = [event for event in crop.events if event not in early]


def _named(crops: Sequence[Crop], names: Sequence[str]) -> tuple[dict[str, Crop], list[Crop]]:
    """Return each crop by its season's name: as stated, else the first name in order that is free; and those left over."""
    named = {crop.stated: crop for crop in crops if crop.stated in names}
    nameless = [crop for crop in crops if named.get(crop.stated) is not crop]
    free = [name for name in names if name not in named]
    named |= dict(zip(free, nameless, strict=False))
    return named, nameless[len(free) :]


def _season(parcel: str, registered: Mapping[str, Any], crop: Crop) -> SeasonRead:
    assert crop.harvested_on is not None
    drainages = _drainages(crop)
    planned = registered["project"]
    return SeasonRead(
        parcel=parcel,
        name=registered["name"],
        registered=registered,
        planted_on=crop.planted_on,
        harvested_on=crop.harvested_on,
        days=(crop.harvested_on - crop.planted_on).days if crop.planted_on else registered["days"],
        drainages=drainages,
        water=_water(drainages),
        preseason="flooded_over_30_days" if _was_flooded_before(crop) else planned["preseason"],
        amendments=_amendments(crop),
        n_kg_per_ha=sum((Decimal(event.content.get("n_kg_per_ha", "0")) for event in crop.events), Decimal(0)),
        yield_t_per_ha=crop.yields_t_per_ha[-1],
    )


def _drainages(crop: Crop) -> tuple[Drainage, ...]:
    """Return the times without water; the one before harvest, after which no water comes, is not among them."""
    found = []
    dry_since: dt.date | None = None
    for event in crop.events:
        if crop.planted_on and event.day < crop.planted_on:
            continue
        if event.kind == Kind.DRAINAGE:
            dry_since = dry_since or event.day
        elif event.kind == Kind.FLOODING and dry_since is not None:
            found.append(Drainage(dry_since, event.day))
            dry_since = None
    return tuple(found)


def _water(drainages: Iterable[Drainage]) -> str:
    count = sum(drainage.counts for drainage in drainages)
    return ("continuous", "single_drainage")[count] if count < 2 else "multiple_drainage"


def _was_flooded_before(crop: Crop) -> bool:
    flooded_since: dt.date | None = None
    for event in crop.events:
        if crop.planted_on is None or event.day >= crop.planted_on:
            break
        if event.kind == Kind.FLOODING:
            flooded_since = flooded_since or event.day
        elif event.kind == Kind.DRAINAGE:
            flooded_since = None
    return (
        crop.planted_on is not None
        and flooded_since is not None
        and (crop.planted_on - flooded_since).days > FLOODED_BEFORE_DAYS
    )


def _amendments(crop: Crop) -> tuple[tuple[str, Decimal], ...]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for event in crop.events:
        if event.kind == Kind.STRAW:
            amounts[_kind_of_straw(crop, event.day)] += Decimal(event.content["straw_t_per_ha"])
        elif event.kind == Kind.MANURE:
            amounts[event.content["manure_kind"]] += Decimal(event.content["manure_t_per_ha"])
    return tuple((kind, amount) for kind, amount in sorted(amounts.items()) if amount)


def _kind_of_straw(crop: Crop, day: dt.date) -> str:
    is_long_before = crop.planted_on is not None and (crop.planted_on - day).days > STRAW_IS_LONG_BEFORE_DAYS
    return "straw_over_30_days" if is_long_before else "straw_under_30_days"


def _remarks_on(read: SeasonRead, crop: Crop) -> list[Remark]:
    """Return what a season lacks, and where it is not as registered."""
    planned = read.registered["project"]
    kinds = {event.kind for event in crop.events}
    short = [drainage for drainage in read.drainages if not drainage.counts]
    amendments = tuple(sorted((row["kind"], Decimal(row["t_per_ha"])) for row in planned["amendments"]))
    said: list[tuple[bool, str, dict[str, Any]]] = [
        (read.planted_on is None, "no_planting", {"days": read.days}),
        (not kinds & {Kind.FLOODING, Kind.DRAINAGE}, "no_water", {}),
        (bool(short), "short_drainage", {"count": len(short), "days": AERATION_IS_MORE_THAN_DAYS}),
        (not read.n_kg_per_ha and Kind.FERTILISER not in kinds, "no_fertiliser", {}),
        (len(crop.yields_t_per_ha) > 1, "several_harvests", {"count": len(crop.yields_t_per_ha)}),
        (not (read.registered.get("yield_t_per_ha") or {}).get("baseline"), "no_baseline_yield", {}),
        (read.water != planned["water"], "other_water", _pair(_word(read.water), _word(planned["water"]))),
        (read.preseason != planned["preseason"], "flooded_before", {"days": FLOODED_BEFORE_DAYS}),
        (
            read.n_kg_per_ha != Decimal(planned["n_kg_per_ha"]),
            "other_n",
            _pair(f"{read.n_kg_per_ha:f}", planned["n_kg_per_ha"]),
        ),
        (read.amendments != amendments, "other_amendments", {}),
        (
            abs(read.days - read.registered["days"]) > DAYS_THAT_DIFFER,
            "other_days",
            _pair(read.days, read.registered["days"]),
        ),
    ]
    return [_remark(read.parcel, read.name, code, **params) for is_so, code, params in said if is_so]


def _pair(diary: object, registered: object) -> dict[str, object]:
    return {"diary": diary, "registered": registered}


def _word(water: str) -> str:
    return str(WATER.get(water, water))


def _remark(parcel: str, season: str, code: str, **params: Any) -> Remark:
    return Remark(parcel, season, code, str(TEXTS[code]) % params)


TEXTS: dict[str, str | Promise] = {
    "no_season": gettext_lazy("The diary has no harvest of this season: what was registered holds."),
    "no_harvest": gettext_lazy("It was planted, and the diary has no harvest."),
    "season_not_registered": gettext_lazy("The harvest of %(day)s is of a season that is not registered."),
    "no_planting": gettext_lazy(
        "The day of planting is missing: the season is counted with the registered %(days)s days."
    ),
    "no_water": gettext_lazy("The diary says nothing of water: it is counted as flooded all season."),
    "short_drainage": gettext_lazy(
        "%(count)s times without water do not count: they were not more than %(days)s days."
    ),
    "no_fertiliser": gettext_lazy("The diary has no fertiliser."),
    "several_harvests": gettext_lazy("There are %(count)s harvests of one season: the last yield counts."),
    "no_baseline_yield": gettext_lazy("The yield before the project is not registered: give it in the report."),
    "other_water": gettext_lazy("Water: %(diary)s; registered is %(registered)s."),
    "flooded_before": gettext_lazy(
        "The field was flooded for more than %(days)s days before planting, unlike registered."
    ),
    "other_n": gettext_lazy("Nitrogen: %(diary)s kg/ha; registered are %(registered)s kg/ha."),
    "other_amendments": gettext_lazy("Straw and manure are not as registered."),
    "other_days": gettext_lazy("From planting to harvest it took %(diary)s days; registered are %(registered)s."),
}
