"""How pages of the workspace look things up."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms, template

register = template.Library()


@register.filter
def of_code(by_code: Mapping[str, Sequence[Any]], code: str) -> Sequence[Any]:
    """Return what there is of a field, by its code."""
    return by_code.get(code, ())


@register.filter
def any_errors(fields: Sequence[forms.BoundField]) -> bool:
    """Return whether something is wrong with any of a form's fields."""
    return any(field.errors for field in fields)
