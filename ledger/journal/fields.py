"""PostgreSQL types that Django has no field for."""

from typing import Any

from django.db import models


class SerialRangesField(models.Field):  # type: ignore[type-arg]
    """Several runs of serial numbers: PostgreSQL's int8multirange, read as psycopg's Multirange."""

    def db_type(self, connection: Any) -> str:
        return "int8multirange"
