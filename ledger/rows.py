"""Write many rows at once, by COPY, with identities drawn beforehand so that rows may name each other; and read a row of
several tables without Django's compiler, where compiling takes longer than the query.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, models

from ledger.ahead import write

FEW_ROWS = 3


def draw_ids(model: type[models.Model], count: int) -> list[int]:
    """Return `count` fresh primary keys of `model`, drawn from its sequence."""
    return draw_ids_of((model, count))[0]


def draw_ids_of(*wanted: tuple[type[models.Model], int]) -> list[list[int]]:
    """Return fresh primary keys of several models, so many of each, drawn from their sequences in one round trip."""
    if not any(count for _model, count in wanted):
        return [[] for _ in wanted]
    with connection.cursor() as cursor:
        # OFFSET 0: a sequence is looked up once, not for each number.
        cursor.execute(
            """
            SELECT ARRAY(SELECT nextval(sequence) FROM generate_series(1, count))
              FROM (SELECT pg_get_serial_sequence(name, 'id')::regclass AS sequence, count, place
                      FROM unnest(%s::text[], %s::int[]) WITH ORDINALITY AS wanted (name, count, place) OFFSET 0) found
             ORDER BY place
            """,
            [[model._meta.db_table for model, _count in wanted], [count for _model, count in wanted]],
        )
        return [row[0] for row in cursor.fetchall()]


def array_of(numbers: Iterable[int | None]) -> str:
    """Return whole numbers as PostgreSQL reads an array of them, for a parameter that is cast to `bigint[]`.

    One text takes a seventh of the time that psycopg takes for a list, each number of which it looks at by itself.
    """
    # As Python writes a list: [1, 2, None].
    return f"{{{str(list(numbers))[1:-1].replace('None', 'NULL')}}}"


def copy_rows(
    model: type[models.Model], columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert `rows` into the table of `model` by binary COPY, ahead of the caller where it works ahead.

    `types` are PostgreSQL's names of the columns' types, which binary COPY needs.

    Raises: Django's database errors, as any other statement.
    """
    statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    rows = list(rows)

    def copy_all(cursor: Any) -> None:
        with cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    write(copy_all)


def insert_rows(
    model: type[models.Model], columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert `rows` as `copy_rows` does; a few of them by INSERT, which is one round trip instead of two."""
    rows = list(rows)
    if not 0 < len(rows) <= FEW_ROWS:
        copy_rows(model, columns, types, rows)
        return
    row = f"({', '.join(f'%s::{type_}' for type_ in types)})"
    statement = f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES {', '.join([row] * len(rows))}"
    parameters = [value for row in rows for value in row]
    write(lambda cursor: cursor.execute(statement, parameters))


def update_rows(statement: str, parameters: Sequence[Any], *, count: int, otherwise: Exception) -> None:
    """Execute a statement that changes `count` rows, ahead of the caller where it works ahead.

    Raises: `otherwise` where it changes another number of rows.
    """

    def execute(cursor: Any) -> None:
        cursor.execute(statement, parameters)
        if cursor.rowcount != count:
            raise otherwise

    write(execute)


def columns_of(model: type[models.Model], alias: str) -> str:
    """Return the columns of a model's table, for a SELECT whose rows `read_models` reads."""
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)


def read_models(row: Sequence[Any], *of: type[models.Model]) -> list[Any]:
    """Return what a row holds, one instance after the other; None where an outer join has found nothing."""
    found: list[Any] = []
    start = 0
    for model in of:
        names, texts = _read_as(model)
        values = row[start : start + len(names)]
        start += len(names)
        if all(value is None for value in values):
            found.append(None)
            continue
        if texts:
            # JSON comes as a text, which Django leaves to its fields.
            values = list(values)
            for place in texts:
                values[place] = None if values[place] is None else orjson.loads(values[place])
        found.append(model.from_db(DEFAULT_DB_ALIAS, names, values))
    return found


@cache
def _read_as(model: type[models.Model]) -> tuple[list[str], list[int]]:
    """Return the names of a model's columns, and the places of those that are JSON."""
    fields = model._meta.concrete_fields
    texts = [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]
    return [field.attname for field in fields], texts
