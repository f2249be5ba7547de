"""Write many rows at once: COPY in, and identities drawn beforehand so that rows may name each other."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def draw_ids(model: type[models.Model], count: int) -> list[int]:
    """Return `count` fresh primary keys of `model`, drawn from its sequence."""
    if not count:
        return []
    with connection.cursor() as cursor:
        # OFFSET 0: the sequence is looked up once, not for each number.
        cursor.execute(
            """
            SELECT nextval(sequence)
              FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) found,
                   generate_series(1, %s)
            """,
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def copy_rows(
    model: type[models.Model], columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert `rows` into the table of `model` by binary COPY.

    `types` are PostgreSQL's names of the columns' types, which binary COPY needs.
    """
    statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
