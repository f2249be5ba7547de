"""What a draft says of itself, part by part, as often as its cooperative likes until it hands it in."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.projects import entries
from ledger.projects.access import lock_own, require_proponent
from ledger.projects.cadtrust import CO_BENEFITS, LABEL_TYPES
from ledger.projects.claims import check_crediting_period, settings_of_project
from ledger.projects.counties import counties
from ledger.projects.locks import lock_land
from ledger.projects.models import Project
from ledger.projects.overlaps import refuse_overlaps
from ledger.texts import check_text, check_texts, is_storable
from ledger.transparency.services import append_record

YEARS = ("crediting_starts_on", "crediting_ends_on")
MAX_TEXT = 10_000
MAX_ITEMS = 30
MAX_ITEM_TEXT = 200
MAX_ESTIMATION_T = 10**12
_IS_ADDRESS = URLValidator(schemes=["http", "https"])
Check = Callable[[str, Any], Any]


@transaction.atomic
def describe_project(
    *, actor: Membership, project_id: int, changes: Mapping[str, Any], expect: Callable[[Project], None] | None = None
) -> Project:
    """Change what a draft says of itself; what is not named stays as it is.

    Methodology and province stay what they were: fields' practices and the project's permanent name hang on them. Other
    years are refused where another project is credited for the same land in them. `expect` looks at the locked draft first,
    and raises where it is not what its reader saw.

    Locks: the land as a whole where years are named, then the project.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    cleaned = {name: _cleaned(name, value) for name, value in changes.items()}
    if not cleaned.keys().isdisjoint(YEARS):
        lock_land()
    project = lock_own(actor, project_id, Project.Status.DRAFT)
    if expect is not None:
        expect(project)
    has_other_years = _has_other_years(project, cleaned)
    for name, value in cleaned.items():
        setattr(project, name, value)
    if has_other_years:
        check_crediting_period(project.methodology, project.crediting_starts_on, project.crediting_ends_on)
    _check_together(project)
    check_texts(project)
    if has_other_years:
        refuse_overlaps(project)
    project.save()
    append_record(kind="project_described", body=entries.project_described(project), actor=log_name(actor))
    return project


def _cleaned(name: str, value: Any) -> Any:
    check = CHECKS.get(name)
    if check is None:
        raise InvalidValue(field=name, reason=_("%(key)s is not given here.") % {"key": name})
    return check(name, value)


def _has_other_years(project: Project, cleaned: Mapping[str, Any]) -> bool:
    return any(cleaned.get(name, getattr(project, name)) != getattr(project, name) for name in YEARS)


def _check_together(project: Project) -> None:
    if project.starts_on and project.starts_on > project.crediting_ends_on:
        raise InvalidValue(field="starts_on", reason=_("The practices begin before the crediting period ends."))
    if project.county_code and not project.county_code.startswith(project.province_code):
        raise InvalidValue(field="county_code", reason=_("This county is in another province."))
    if project.is_listed_elsewhere and not project.other_listings:
        raise InvalidValue(field="other_listings", reason=_("Name the registry and the project's number there."))
    if project.other_listings and not project.is_listed_elsewhere:
        reason = _("You have named a listing: say that the fields are listed in another registry.")
        raise InvalidValue(field="is_listed_elsewhere", reason=reason)
    for item in project.estimations:
        starts_on, ends_on = item["starts_on"], item["ends_on"]
        if not str(project.crediting_starts_on) <= starts_on <= ends_on <= str(project.crediting_ends_on):
            reason = _("A period of the estimation lies within the crediting period, and ends after it starts.")
            raise InvalidValue(field="estimations", reason=reason)


def _short(name: str, value: Any) -> str:
    """Take a text; how long it may be, its column says."""
    if not isinstance(value, str):
        raise InvalidValue(field=name, reason=_("Give a text."))
    return value.strip()


def _name(name: str, value: Any) -> str:
    text = _short(name, value)
    if not text:
        raise InvalidValue(field=name, reason=_("Give the project a name."))
    return text


def _long(name: str, value: Any) -> str:
    text = _short(name, value)
    check_text(text, field=name, most=MAX_TEXT)
    return text


def _county(name: str, value: Any) -> str:
    code = _short(name, value)
    if code and code not in counties():
        raise InvalidValue(field=name, reason=_("There is no county of this code."))
    return code


def _address(name: str, value: Any) -> str:
    address = _short(name, value)
    if not address:
        return ""
    try:
        _IS_ADDRESS(address)
    except (ValidationError, ValueError):
        raise InvalidValue(field=name, reason=_("Give an address that begins with https://")) from None
    return address


def _day(name: str, value: Any) -> dt.date:
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise InvalidValue(field=name, reason=_("Give a date."))
    return value


def _day_or_none(name: str, value: Any) -> dt.date | None:
    return None if value is None else _day(name, value)


def _ndc(name: str, value: Any) -> str:
    return _one_of(name, value, Project.Ndc.values)


def _one_of(name: str, value: Any, words: Any) -> str:
    if not isinstance(value, str) or value not in words:
        raise InvalidValue(field=name, reason=_("Choose one of: %(choices)s.") % {"choices": ", ".join(words)})
    return value


def _flag_or_none(name: str, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise InvalidValue(field=name, reason=_("Give true or false."))
    return value


def _settings(_name: str, value: Any) -> dict[str, Any]:
    return settings_of_project(value)


def _co_benefits(name: str, value: Any) -> list[str]:
    chosen = [_one_of(name, each, CO_BENEFITS) for each in _items(name, value)]
    return [key for key in CO_BENEFITS if key in chosen]


def _items(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not is_storable(value):
        raise InvalidValue(field=name, reason=_("Give a list."))
    if len(value) > MAX_ITEMS:
        raise InvalidValue(field=name, reason=_("At most %(count)s entries, please.") % {"count": MAX_ITEMS})
    return value


def _list_of(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """Return the check of a list of objects with these keys; each is kept with all of them."""

    def check(name: str, value: Any) -> list[dict[str, Any]]:
        return [_item(f"{name}[{at}]", each) for at, each in enumerate(_items(name, value))]

    def _item(path: str, item: Any) -> dict[str, Any]:
        if not isinstance(item, Mapping):
            raise InvalidValue(field=path, reason=_("Give an object."))
        for key in item:
            if key not in required and key not in optional:
                raise InvalidValue(field=f"{path}.{key}", reason=_("%(key)s is not given here.") % {"key": key})
        cleaned = {key: take(f"{path}.{key}", item.get(key, "")) for key, take in {**required, **optional}.items()}
        for key in required:
            if cleaned[key] == "":
                raise InvalidValue(field=f"{path}.{key}", reason=_("This is needed."))
        return cleaned

    return check


def _line(name: str, value: Any) -> str:
    text = _short(name, value)
    check_text(text, field=name, most=MAX_ITEM_TEXT)
    return text


def _written_day(name: str, value: Any) -> str:
    text = _short(name, value)
    try:
        return str(dt.date.fromisoformat(text)) if text else ""
    except ValueError:
        raise InvalidValue(field=name, reason=_("Give a date, such as 2026-12-31.")) from None


def _label_type(name: str, value: Any) -> str:
    return _one_of(name, value, LABEL_TYPES)


def _tonnes(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_ESTIMATION_T:
        raise InvalidValue(field=name, reason=_("Give whole tonnes."))
    return value


CHECKS: Mapping[str, Check] = {
    "name": _name,
    "name_en": _short,
    "place": _short,
    "county_code": _county,
    "description": _long,
    "description_en": _long,
    "illustrative": _long,
    "settings": _settings,
    "crediting_starts_on": _day,
    "crediting_ends_on": _day,
    "starts_on": _day_or_none,
    "project_link": _address,
    "covered_by_ndc": _ndc,
    "ndc_information": _long,
    "co_benefits": _co_benefits,
    "labels": _list_of(
        {"name": _line, "label_type": _label_type},
        {"link": _address, "valid_from": _written_day, "valid_until": _written_day},
    ),
    "related_projects": _list_of({"project": _line, "relationship": _line}, {"registry": _line}),
    "estimations": _list_of({"starts_on": _written_day, "ends_on": _written_day, "quantity_t": _tonnes}, {}),
    "is_listed_elsewhere": _flag_or_none,
    "other_listings": _list_of({"registry": _line, "number": _line}, {"link": _address, "status": _line}),
}
