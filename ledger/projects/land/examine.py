"""Look through the fields that somebody hands in, before any of them is stored: each by itself, and against one another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.parties.households import plain_code
from ledger.parties.models import Household
from ledger.projects import geometry
from ledger.projects.claims import practices_of_parcel
from ledger.projects.land.overlaps import Overlap, overlaps, overlaps_among
from ledger.projects.land.problems import Notice, Problem, problem_of
from ledger.projects.models import Parcel, Project
from ledger.texts import check_text

MAX_PARCELS = 10_000
MAX_PARCEL_HA = 100_000
MAX_AREA_REASON = 1_000
MAX_DECLARED_HA = Decimal(MAX_PARCEL_HA)
WARN_ABOVE, REFUSE_ABOVE = Decimal("0.02"), Decimal("0.10")
"""The difference between the declared and the computed area, as a share of the computed one, that is pointed out, and the
one that needs a reason. Source: ours, docs/decisions.md."""


@dataclass(frozen=True, slots=True)
class NewParcel:
    """A field as its cooperative hands it in. `converted_from`: the datum its shape was in, where that was converted; `number`:
    its place in the file it came in, 0 where there is none.
    """

    code: str
    geometry: Any
    practices: Mapping[str, Any]
    name: str = ""
    household_code: str = ""
    declared_area_ha: Any = None
    area_reason: str = ""
    converted_from: str = ""
    number: int = 0


@dataclass(slots=True)
class Examined:
    """Fields as they would be stored, and all that is to be said of them."""

    parcels: list[Parcel]
    problems: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    # The place of each parcel among those that were handed in: one that cannot be read is no parcel.
    numbers: list[int] = field(default_factory=list)
    household_codes: list[str] = field(default_factory=list)


def examine_shapes(given: Sequence[NewParcel]) -> Examined:
    """Return what can be said of fields without the database: their shapes, areas, texts, and overlaps among themselves."""
    examined = Examined([])
    checked: dict[int, dict[str, Any] | InvalidValue] = {}
    for at, new in enumerate(given, 1):
        # The fields of a file share what is said of their practices: it is looked through once.
        if id(new.practices) not in checked:
            checked[id(new.practices)] = _practices(new)
        _examine_one(new.number or at, new, checked[id(new.practices)], examined)
    examined.problems += _twins(examined)
    shapes = [parcel.geometry for parcel in examined.parcels]
    for overlap in overlaps_among(shapes):
        assert overlap.twin is not None
        reason = _("The field overlaps field %(number)s (%(parcel)s) by %(area)s ha.") % {
            "number": examined.numbers[overlap.twin],
            "parcel": examined.parcels[overlap.twin].code,
            "area": overlap.area_ha,
        }
        examined.problems.append(_overlap_problem(examined, overlap, reason))
    return examined


def examine_claims(examined: Examined, project: Project, *, without: Sequence[int] = ()) -> None:
    """Add what the database has to say of fields of a project: whose land it is, whether their codes are free, and whose
    households they name; and give each parcel its project and household.
    """
    others = Parcel.objects.filter(project=project).exclude(pk__in=without)
    if others.count() + len(examined.parcels) > MAX_PARCELS:
        reason = _("A project has 10,000 parcels at most.")
        examined.problems.append(Problem(1, "", "code", "too_many_parcels", reason))
    codes = [parcel.code for parcel in examined.parcels]
    taken = set(others.filter(code__in=codes).values_list("code", flat=True))
    households = _households(examined.household_codes, project)
    for at, parcel in enumerate(examined.parcels):
        parcel.project = project
        number, household_code = examined.numbers[at], examined.household_codes[at]
        if parcel.code in taken:
            reason = _("The project has a parcel of this code.")
            examined.problems.append(Problem(number, parcel.code, "code", "code_taken", reason))
        if household_code:
            parcel.household = households.get(household_code)
            if parcel.household is None:
                reason = _("The cooperative has no member household %(code)s.") % {"code": household_code[:32]}
                examined.problems.append(Problem(number, parcel.code, "household_code", "unknown_household", reason))
    shapes = [parcel.geometry for parcel in examined.parcels]
    if shapes:
        for overlap in overlaps(shapes, project, without=without):
            examined.problems.append(_overlap_problem(examined, overlap, _overlap_reason(overlap)))
    examined.problems.sort(key=lambda problem: problem.number)


def parse_hectares(given: Any) -> Decimal | None:
    """Return a declared area as it is stored.

    Units: hectares. Rounding: half even to four places.
    Raises: InvalidValue for what is no area.
    """
    if given is None:
        return None
    try:
        area_ha = Decimal(str(given))
    except InvalidOperation:
        area_ha = Decimal("NaN")
    if not area_ha.is_finite() or not 0 < area_ha <= MAX_DECLARED_HA:
        raise InvalidValue(
            field="declared_area_ha", reason=_("A declared area is more than nothing, and 100,000 hectares at most.")
        )
    return area_ha.quantize(Decimal("0.0001"))


def _practices(new: NewParcel) -> dict[str, Any] | InvalidValue:
    try:
        return practices_of_parcel(new.practices, field="practices")
    except InvalidValue as error:
        return error


def _examine_one(number: int, new: NewParcel, practices: dict[str, Any] | InvalidValue, examined: Examined) -> None:
    code = plain_code(new.code)
    try:
        parcel, outline = _parcel(code, new)
        if isinstance(practices, InvalidValue):
            raise practices
    except InvalidValue as error:
        examined.problems.append(problem_of(number, code[:32], error))
        return
    parcel.practices = practices
    examined.parcels.append(parcel)
    examined.numbers.append(number)
    examined.household_codes.append(plain_code(new.household_code))
    if outline.repaired_at is not None:
        place = list(outline.repaired_at)
        reason = _("The outline crossed itself at %(place)s and was repaired; compare it with the map.") % {
            "place": f"{place[0]:.6f} {place[1]:.6f}"
        }
        examined.notices.append(Notice(number, code, reason, {"type": "Point", "coordinates": place}))
    _compare_areas(number, parcel, examined)


def _parcel(code: str, new: NewParcel) -> tuple[Parcel, geometry.Outline]:
    if not code:
        raise InvalidValue(field="code", reason=_("The parcel's code has 1 to 32 characters."))
    check_text(code, field="code", most=32)
    check_text(new.name.strip(), field="name", most=80)
    check_text(new.household_code.strip(), field="household_code", most=32)
    check_text(new.area_reason, field="area_reason", most=MAX_AREA_REASON)
    outline = geometry.mend_polygon(new.geometry)
    area_ha = geometry.ellipsoidal_ha(outline.polygon)
    if area_ha <= 0:
        raise InvalidValue(field="geometry", reason=_("The polygon is smaller than a square metre."))
    if area_ha > MAX_PARCEL_HA:
        raise InvalidValue(field="geometry", reason=_("A field has 100,000 hectares at most."))
    parcel = Parcel(
        code=code,
        name=new.name.strip(),
        geometry=outline.geometry,
        area_ha=area_ha,
        declared_area_ha=parse_hectares(new.declared_area_ha),
        area_reason=new.area_reason.strip(),
        converted_from=new.converted_from,
    )
    return parcel, outline


def _compare_areas(number: int, parcel: Parcel, examined: Examined) -> None:
    """Point out a declared area that is not the computed one; far from it, it needs a reason."""
    if parcel.declared_area_ha is None:
        return
    difference = abs(parcel.declared_area_ha - parcel.area_ha) / parcel.area_ha
    if difference <= WARN_ABOVE:
        return
    said = {
        "declared": parcel.declared_area_ha,
        "declared_mu": f"{geometry.area_mu(parcel.declared_area_ha):,.2f}",
        "computed": parcel.area_ha,
        "computed_mu": f"{geometry.area_mu(parcel.area_ha):,.2f}",
        "percent": f"{difference * 100:.1f}",
    }
    if difference > REFUSE_ABOVE and not parcel.area_reason:
        reason = _(
            "The declared area of %(declared)s ha (%(declared_mu)s mu) is %(percent)s %% off the %(computed)s ha "
            "(%(computed_mu)s mu) of the shape. "
            "Mend whichever is wrong, or give a reason."
        )
        examined.problems.append(Problem(number, parcel.code, "declared_area_ha", "area_differs", reason % said))
        return
    reason = _(
        "The declared area of %(declared)s ha (%(declared_mu)s mu) is %(percent)s %% off the %(computed)s ha "
        "(%(computed_mu)s mu) of the shape, which count."
    )
    examined.notices.append(Notice(number, parcel.code, reason % said))


def _twins(examined: Examined) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, parcel in zip(examined.numbers, examined.parcels, strict=True):
        if first.setdefault(parcel.code, number) != number:
            reason = _("Field %(number)s has this code too.") % {"number": first[parcel.code]}
            yield Problem(number, parcel.code, "code", "code_twice", reason)


def _households(codes: Iterable[str], project: Project) -> dict[str, Household]:
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    found = Household.objects.filter(cooperative=project.proponent_id, code__in=wanted, left_at=None)
    return {household.code: household for household in found}


def _overlap_problem(examined: Examined, overlap: Overlap, reason: str) -> Problem:
    parcel = examined.parcels[overlap.place]
    return Problem(examined.numbers[overlap.place], parcel.code, "geometry", "overlap", reason, overlap.shape)


def _overlap_reason(overlap: Overlap) -> str:
    said = {"parcel": overlap.parcel, "project": overlap.project, "area": overlap.area_ha}
    if not overlap.is_to_be_named:
        return _("The field overlaps one of another project, not public yet, by %(area)s ha.") % said
    return _("The field overlaps parcel %(parcel)s of project %(project)s by %(area)s ha.") % said
