"""What an entry of each kind says beside when and where: numbers in their units, within what a field can be."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.errors import InvalidValue
from ledger.projects.diary.models import DiaryEntry

Kind = DiaryEntry.Kind
MAX_WRITTEN = 12
PLACES = 3


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, from `least` to `most`: beyond them it is a mistake, most often one of the unit."""

    unit: str
    least: Decimal
    most: Decimal
    is_required: bool = True
    is_whole: bool = False
    hint: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One of some words."""

    words: tuple[str, ...]
    is_required: bool = True


def _quantity(unit: str, least: str, most: str, **more: Any) -> Quantity:
    return Quantity(unit, Decimal(least), Decimal(most), **more)


MU_HINT = gettext_lazy("Per hectare, not per mu: 500 kg/mu are 7.5 t/ha.")
# Bounds are wide: what lies beyond them no field has seen (the highest yield of rice on record is below 25 t/ha).
CONTENT: dict[str, dict[str, Quantity | Word]] = {
    Kind.FLOODING: {"water_level_cm": _quantity("cm", "0", "100", is_required=False)},
    # Below the surface it is negative: a perforated tube shows it.
    Kind.DRAINAGE: {"water_level_cm": _quantity("cm", "-200", "100", is_required=False)},
    Kind.PLANTING: {"method": Word(("transplanting", "direct_seeding"))},
    Kind.STRAW: {"straw_t_per_ha": _quantity("t/ha", "0", "30", hint=MU_HINT)},
    Kind.MANURE: {
        "manure_kind": Word(("compost", "farmyard_manure", "green_manure")),
        "manure_t_per_ha": _quantity("t/ha", "0", "200", hint=MU_HINT),
        "n_kg_per_ha": _quantity("kg N/ha", "0", "600", is_required=False),
    },
    Kind.FERTILISER: {"n_kg_per_ha": _quantity("kg N/ha", "0", "600")},
    Kind.HARVEST: {"yield_t_per_ha": _quantity("t/ha", "0", "25", hint=MU_HINT)},
    Kind.SOIL_SAMPLING: {
        "depth_cm": _quantity("cm", "1", "300"),
        "samples": _quantity("1", "1", "1000", is_required=False, is_whole=True),
    },
    Kind.OTHER: {},
}


def clean_content(kind: str, given: Any) -> dict[str, str]:
    """Return what an entry of a kind says, its numbers as plain decimals in strings.

    Raises: InvalidValue, naming what is unknown, missing, no number, or out of bounds.
    """
    if not isinstance(given, Mapping):
        raise InvalidValue(field="content", reason=_("This must be an object of texts and numbers."))
    asked = CONTENT[kind]
    for name in given:
        if name not in asked:
            reason = _("There is no such field here: this kind has %(names)s.") % {"names": ", ".join(asked) or "–"}
            raise InvalidValue(field="content", reason=reason)
    said = {name: _clean(name, what, given.get(name)) for name, what in asked.items()}
    return {name: value for name, value in said.items() if value is not None}


def _clean(name: str, what: Quantity | Word, value: Any) -> str | None:
    field = f"content.{name}"
    if value is None or value == "":
        if what.is_required:
            raise InvalidValue(field=field, reason=_("This is needed."))
        return None
    if isinstance(what, Word):
        if value not in what.words:
            raise InvalidValue(field=field, reason=_("Choose one of: %(words)s.") % {"words": ", ".join(what.words)})
        return str(value)
    return _number(field, what, value)


def _number(field: str, what: Quantity, value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_WRITTEN or not value.isascii() or "_" in value:
        raise InvalidValue(field=field, reason=_("Write a number in digits, in a text: 6.5."))
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise InvalidValue(field=field, reason=_("Write a number in digits, in a text: 6.5.")) from None
    if not number.is_finite() or not what.least <= number <= what.most:
        raise _out_of_bounds(field, what)
    if number != round(number, 0 if what.is_whole else PLACES):
        raise InvalidValue(field=field, reason=_("At most %(count)s places after the point.") % {"count": PLACES})
    # Plus zero: there is no minus nought.
    return format((number + 0).normalize(), "f")


def _out_of_bounds(field: str, what: Quantity) -> InvalidValue:
    reason = _("This is from %(least)s to %(most)s %(unit)s.") % {
        "least": what.least,
        "most": what.most,
        "unit": what.unit,
    }
    return InvalidValue(field=field, reason=f"{reason} {what.hint}".strip())
