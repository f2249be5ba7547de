"""What people write of their own into the registry, checked before it is kept: practices, settings, statements, reasons."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.quantification import METHODOLOGIES
from ledger.texts import check_text, is_storable

MAX_STATEMENT = 20_000
MAX_REASON = 2_000
EARLIEST_CREDITING = dt.date(2000, 1, 1)
"""The Clean Development Mechanism credits from this day on; what is said to be earlier is mistyped."""
MOST_CREDITING_YEARS = 40
"""Longer than farmland is credited for without a renewal, so that what is longer is mistyped; a methodology may credit less."""
# What a case says beside these is the registry's to say: above all a parcel's area, and the methodology.
REGISTRYS_OF_PARCEL = ("id", "area_ha")
REGISTRYS_OF_CASE = ("methodology", "parcels", "name", "note", "expect")


def practices_of_parcel(given: Any, *, field: str) -> dict[str, Any]:
    """Return how a parcel is farmed, as its cooperative says; whether the methodology takes it, the calculation tells.

    Raises: InvalidValue.
    """
    return _claims(given, REGISTRYS_OF_PARCEL, field)


def settings_of_project(given: Any) -> dict[str, Any]:
    """Return the methodology's settings for a whole project, as its cooperative says.

    Raises: InvalidValue.
    """
    return _claims(given, REGISTRYS_OF_CASE, "settings")


def check_crediting_period(methodology: str, starts_on: dt.date, ends_on: dt.date) -> None:
    """Refuse a crediting period that ends before it starts, that nobody credits, or that is longer than the methodology credits.

    Raises: InvalidValue.
    """
    if ends_on <= starts_on:
        raise InvalidValue(field="crediting_ends_on", reason=_("The crediting period ends after it starts."))
    if starts_on < EARLIEST_CREDITING:
        reason = _("A crediting period starts on %(day)s at the earliest.") % {"day": EARLIEST_CREDITING}
        raise InvalidValue(field="crediting_starts_on", reason=reason)
    if ends_on.year - starts_on.year > MOST_CREDITING_YEARS:
        reason = _("A crediting period lasts %(years)s years at most.") % {"years": MOST_CREDITING_YEARS}
        raise InvalidValue(field="crediting_ends_on", reason=reason)
    check_crediting_years(methodology, starts_on, ends_on)


def check_crediting_years(methodology: str, starts_on: dt.date, ends_on: dt.date) -> None:
    """Refuse a crediting period that is longer than the methodology credits a change of practice.

    Raises: InvalidValue.
    """
    years = METHODOLOGIES[methodology].most_years
    if years is not None and (ends_on.year - years, ends_on.month, ends_on.day) >= (
        starts_on.year,
        starts_on.month,
        starts_on.day,
    ):
        reason = _("Under this methodology a change is credited for %(years)s years at most.") % {"years": years}
        raise InvalidValue(field="crediting_ends_on", reason=reason)


def check_statement(statement: str) -> None:
    """Refuse a verifier's statement that says nothing, or too much.

    Raises: InvalidValue.
    """
    if not statement.strip():
        raise InvalidValue(field="statement", reason=_("Write the statement."))
    check_text(statement, field="statement", most=MAX_STATEMENT)


def check_reason(reason: str) -> None:
    """Refuse a rejection without a reason, or with one that does not fit into the log.

    Raises: InvalidValue.
    """
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why."))
    check_text(reason, field="reason", most=MAX_REASON)


def _claims(given: Any, registrys: tuple[str, ...], field: str) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not is_storable(given):
        raise InvalidValue(field=field, reason=_("This must be an object of texts and numbers."))
    for key in registrys:
        if key in given:
            raise InvalidValue(field=f"{field}.{key}", reason=_("%(key)s is not given here.") % {"key": key})
    return dict(given)
