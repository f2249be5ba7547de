"""What a text or a JSON value must be so that the database can store it as it is, and which of two texts one reads."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(value: Any) -> bool:
    """Return whether PostgreSQL can store every text within a value: neither NUL nor half of a surrogate pair."""
    if isinstance(value, str):
        return not _NOT_STORABLE.search(value)
    if isinstance(value, Mapping):
        return all(is_storable(key) and is_storable(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_storable, value))
    return True


def check_text(value: str, *, field: str, most: int) -> None:
    """Refuse a text that is too long, or that cannot be stored.

    Raises: InvalidValue.
    """
    if len(value) > most:
        raise InvalidValue(field=field, reason=_("At most %(count)s characters, please.") % {"count": most})
    if not is_storable(value):
        raise _not_storable(field)


def check_texts(row: models.Model) -> None:
    """Refuse a row, before it is saved, that has a text or JSON value which its column cannot take.

    Raises: InvalidValue, naming the column.
    """
    for column in row._meta.concrete_fields:
        value = getattr(row, column.attname)
        if isinstance(value, str) and column.max_length is not None:
            check_text(value, field=column.name, most=column.max_length)
        elif not is_storable(value):
            raise _not_storable(column.name)


def localized(thing: object, field: str) -> str:
    """Return a text of a thing in the reader's language: English where the reader reads it and there is one."""
    english = getattr(thing, f"{field}_en", "") if get_language() == "en" else ""
    return str(english or getattr(thing, field))


def _not_storable(field: str) -> InvalidValue:
    return InvalidValue(field=field, reason=_("This holds a character that cannot be stored."))
