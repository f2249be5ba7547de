"""What somebody could do to a table, made from its schema: every column changed by the kind of its values, rows gone or doubled."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_nullable: bool


def columns_of(table):
    """Return the columns of a table as the database has them, the primary key first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT attname, format_type(atttypid, NULL), NOT attnotnull
              FROM pg_attribute
              LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary AND attnum = ANY(indkey)
             WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
             ORDER BY indrelid IS NULL, attnum
            """,
            [table],
        )
        return [Column(*row) for row in cursor.fetchall()]


CHANGES = {
    "bigint": ["{} + 1", "{} - 1"],
    "integer": ["{} + 1", "{} - 1"],
    "smallint": ["{} + 1", "{} - 1"],
    "numeric": ["{0} + power(10::numeric, -scale({0}))", "{} - 1"],
    "boolean": ["NOT {}"],
    "character varying": ["{} || 'x'", "'x' || substr({}, 2)", "''"],
    "text": ["{} || ' '", "'x' || substr({}, 2)", "''"],
    "uuid": ["gen_random_uuid()"],
    "date": ["{} + 1", "{} - 1"],
    "timestamp with time zone": [
        "{} + interval '1 second'",
        "{} - interval '1 second'",
        "{} + interval '1 microsecond'",
    ],
    "bytea": ["set_byte({0}, 0, get_byte({0}, 0) # 1)", "set_byte({0}, length({0}) - 1, 0)", "substr({}, 2)", "''"],
    "int8range": ["int8range(lower({0}) + 1, upper({0}) + 1)", "int8range(lower({0}), upper({0}) + 1)"],
    "int8multirange": [
        "(SELECT range_agg(int8range(lower(run) + 1, upper(run) + 1)) FROM unnest({}) run)",
        "{0} - int8multirange(int8range(lower({0}), lower({0}) + 1))",
        "int8multirange()",
    ],
    "character varying[]": ["{0} || {0}", "'{{x}}'", "'{{}}'"],
    "time without time zone": ["{} + interval '1 second'", "{} - interval '1 microsecond'"],
    "bigint[]": ["{0} || ({0}[1] + 1)", "ARRAY[{0}[1] + 1]", "'{{}}'"],
    "jsonb": ["jsonb_build_array({})", "{} || '{{\"x\": 1}}'", "'{{}}'"],
}
# Of numbers, which may refer to a row, one that another row has, and one that refers to nothing.
FILLED = {
    "boolean": ["true", "false"],
    "date": ["CURRENT_DATE"],
    "bigint": ["(SELECT max({}) FROM {})", "0"],
    "uuid": ["gen_random_uuid()"],
    "character varying": ["'x'"],
    "numeric": ["1"],
    "timestamp with time zone": ["now()"],
    "time without time zone": ["'12:00'"],
    "integer": ["0"],
    "int8multirange": ["'{{[1,2)}}'"],
    "jsonb": ["'{{}}'"],
}


def changes_of(table, column):
    """Yield SQL for each change of one value: another one of its kind, another row's, none where it may be none."""
    name = f'"{column.name}"'
    there = f"(SELECT ctid FROM {table} WHERE {name} IS NOT NULL ORDER BY ctid DESC OFFSET (SELECT count({name}) / 2 FROM {table}) LIMIT 1)"
    missing = f"(SELECT ctid FROM {table} WHERE {name} IS NULL ORDER BY ctid LIMIT 1)"
    for change in CHANGES[column.type]:
        new = change.format(name)
        yield f"UPDATE {table} SET {name} = {new} WHERE ctid = {there} AND {name} IS DISTINCT FROM {new}"
    if column.is_nullable:
        yield f"UPDATE {table} SET {name} = NULL WHERE ctid = {there}"
        for value in FILLED[column.type]:
            new = value.format(name, table)
            yield f"UPDATE {table} SET {name} = {new} WHERE ctid = {missing} AND {new} IS NOT NULL"


def swap_of(table, columns, column):
    """Return SQL that gives two rows each other's value of a column; both rows go and come again, for unique ones."""
    listed = ", ".join(f'"{each.name}"' for each in columns)
    swapped = ", ".join(f'{"other" if each == column else "one"}."{each.name}"' for each in columns)
    key, name = f'"{columns[0].name}"', f'"{column.name}"'
    return f"""
        WITH gone AS (
            DELETE FROM {table} WHERE ctid IN (
                SELECT unnest(ARRAY[one.ctid, other.ctid])
                  FROM (SELECT ctid, * FROM {table} ORDER BY {key} LIMIT 40) one
                  JOIN (SELECT ctid, * FROM {table} ORDER BY {key} DESC LIMIT 40) other ON one.{name} <> other.{name}
                 LIMIT 2)
            RETURNING *)
        INSERT INTO {table} ({listed})
        SELECT {swapped} FROM gone one JOIN gone other ON one.{key} <> other.{key}
    """


def tampering_with(table, columns):
    """Yield each thing that somebody could do to a table: the column it is about, empty for a whole row, and SQL."""
    key = columns[0]
    for column in columns:
        for sql in changes_of(table, column):
            yield column.name, sql
        if columns[1:]:
            yield column.name, swap_of(table, columns, column)
    others = ", ".join(f'"{column.name}"' for column in columns[1:])
    new = "gen_random_uuid()" if key.type == "uuid" else f'max("{key.name}") + 1'
    yield "", f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} ORDER BY ctid LIMIT 1)"
    yield "", f"DELETE FROM {table} WHERE ctid = (SELECT ctid FROM {table} ORDER BY ctid DESC LIMIT 1)"
    if others:
        row = f"(SELECT {others} FROM {table} ORDER BY ctid DESC LIMIT 1) twin"
        yield (
            "",
            f'INSERT INTO {table} ("{key.name}", {others}) SELECT (SELECT {new} FROM {table}), {others} FROM {row}',
        )
