"""The application's role in the database: what it may do, what it has, and how to bring the one to the other.

The schema belongs to an owner, who migrates. Everything else works as this role, which may append to what is written once,
and change only what the code changes. What is written once is read from the database's own triggers, so that a table with
a new guard, and any other new table, needs nothing here but that the command is run again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import ProgrammingError, connection, transaction
from psycopg import errors, sql

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

ROLE = "tianhui_app"
GUARD = "append_only_rows"
"""The name of the trigger that makes a table append-only (ledger/migrations/sql/append_only.sql)."""

READ = frozenset({"SELECT"})
APPEND = READ | {"INSERT"}
CHANGE = APPEND | {"UPDATE"}

# Written by migrations alone.
READ_ONLY = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
# Where rows are not only written and changed but also go.
DELETED_FROM = {
    "account_emailaddress": "an address that another one takes the place of",
    "account_emailconfirmation": "empty; Django deletes from it with the address",
    "django_session": "who logs out",
    "ledger_membership": "who leaves an organisation, or is removed; the log keeps who acted when",
    "ledger_eventorigin": "from where something was done to an account, when it has been kept long enough",
    "ledger_idempotentrequest": "an answer that is not given again any more",
    "ledger_digestsent": "that a digest was written long ago",
    "ledger_message": "what was sent long ago (ledger/notices/keeping.py)",
    "ledger_monitoringreport": "a draft that its cooperative throws away; a trigger keeps what was handed in",
    "ledger_notice": "what a person was told a year ago",
    "ledger_parcel": "a field that is taken out of a draft",
    "ledger_serialblock": "a run of serial numbers that is given away whole",
    "ledger_stagedcredit": "a row of a file that is imported, when its import ends",
    "ledger_unsequencedrecord": "a record that has its place in the log",
    "mfa_authenticator": "a second factor that its person removes",
    "ledger_webhookattempt": "deliveries of webhooks are kept for 30 days",
    "ledger_webhookdelivery": "deliveries of webhooks are kept for 30 days",
    "ledger_webhookevent": "deliveries of webhooks are kept for 30 days",
    "trading_bookentry": "an order that is not on the book any more",
    "trading_closedday": "a day that is traded on after all",
    "trading_expiry": "an order whose time has come",
    "trading_instruction": "an instruction that has been executed",
    "trading_positionday": "what was kept of a position, before it is reckoned anew",
    "trading_tradinglimit": "a limit that is lifted",
    "usersessions_usersession": "from where a session was opened that has ended",
}
FORBIDDEN_ATTRIBUTES = ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls")
_LOCK = 0x7469_616E_6875_6902


class RolesError(RuntimeError):
    """The role cannot be made what it should be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    is_append_only: bool

    @property
    def privileges(self) -> frozenset[str]:
        """What the application's role may do with it."""
        if self.name in READ_ONLY:
            return READ
        if self.is_append_only:
            return APPEND
        return CHANGE | {"DELETE"} if self.name in DELETED_FROM else CHANGE


def tables() -> list[Table]:
    """Return the tables of the schema's owner, and which of them a guard keeps append-only."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relname, EXISTS (SELECT FROM pg_trigger WHERE tgrelid = class.oid AND tgname = %s)
              FROM pg_class class
             WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
               AND relowner = (SELECT relowner FROM pg_class WHERE oid = to_regclass('django_migrations'))
             ORDER BY relname
            """,
            [GUARD],
        )
        return [Table(*row) for row in cursor.fetchall()]


@transaction.atomic
def set_up_role(name: str = ROLE, *, password: str | None = None) -> None:
    """Make the role, or mend it, so that `differences` finds none. With a password it may log in.

    Locks: an advisory lock, so that two do not grant at once.
    Raises: RolesError where whoever is connected may not do that.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            _refuse_owner(cursor, name)
            _set_attributes(cursor, name, password)
            for statement in _grants(name):
                cursor.execute(statement)
            for statement in _revocations(cursor, name):
                cursor.execute(statement)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, errors.InsufficientPrivilege):
            raise
        reason = str(error).strip().splitlines()[0]
        raise RolesError(f"Do this as the owner of the schema, who must be allowed to make roles: {reason}.") from error


def _refuse_owner(cursor: "CursorWrapper", name: str) -> None:
    cursor.execute("SELECT relowner::regrole::text FROM pg_class WHERE oid = to_regclass('django_migrations')")
    if (row := cursor.fetchone()) is None:
        raise RolesError("There are no tables yet: run `manage.py migrate` first.")
    cursor.execute("SELECT %s IN (session_user, current_user, %s)", [name, row[0]])
    if cursor.fetchone()[0]:
        raise RolesError(f"{name} owns the schema or is who is connected: the application needs a role of its own.")


def _set_attributes(cursor: "CursorWrapper", name: str, password: str | None) -> None:
    role = sql.Identifier(name)
    cursor.execute(f"SELECT {', '.join(FORBIDDEN_ATTRIBUTES)} FROM pg_roles WHERE rolname = %s", [name])
    if (row := cursor.fetchone()) is None:
        cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN NOINHERIT").format(role))
        row = (False,) * len(FORBIDDEN_ATTRIBUTES)
    # Only what is there is taken away: to say NOSUPERUSER at all one must be a superuser.
    for attribute, is_set in zip(FORBIDDEN_ATTRIBUTES, row, strict=True):
        if is_set:
            word = sql.SQL("NO" + _attribute_word(attribute))
            cursor.execute(sql.SQL("ALTER ROLE {} {}").format(role, word))
    if password is not None:
        # Hashed here: neither the server's log nor its list of statements sees the password.
        verifier = connection.connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        cursor.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(verifier.decode())))


def _attribute_word(column: str) -> str:
    return {"rolsuper": "SUPERUSER"}.get(column, column.removeprefix("rol").upper())


def _grants(name: str) -> Iterator[sql.Composed]:
    """Yield what takes everything in the schema from the role, and gives it what it needs."""
    role, schema, database = sql.Identifier(name), _schema(), _database()
    for kind in ("TABLES", "SEQUENCES"):
        yield sql.SQL("REVOKE ALL ON ALL {} IN SCHEMA {} FROM {}, PUBLIC").format(sql.SQL(kind), schema, role)
    for table in tables():
        words = sql.SQL(", ").join(map(sql.SQL, sorted(table.privileges)))
        yield sql.SQL("GRANT {} ON {}.{} TO {}").format(words, schema, sql.Identifier(table.name), role)
    yield sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA {} TO {}").format(schema, role)
    yield sql.SQL("REVOKE ALL ON SCHEMA {} FROM {}").format(schema, role)
    yield sql.SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(schema)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role)
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, role)
    yield sql.SQL("REVOKE CREATE, TEMPORARY ON DATABASE {} FROM PUBLIC").format(database)
    yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role)


def _revocations(cursor: "CursorWrapper", name: str) -> Iterator[sql.Composed]:
    """Yield what takes from the role other roles' rights, and rights to tables that are yet to come."""
    role = sql.Identifier(name)
    cursor.execute("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", [name])
    for (other,) in cursor.fetchall():
        yield sql.SQL("REVOKE {} FROM {}").format(sql.SQL(other), role)
    for owner, schema, kind, grantee in _default_privileges(cursor, name):
        where = sql.SQL("IN SCHEMA {}").format(sql.Identifier(schema)) if schema else sql.SQL("")
        whom = sql.Identifier(grantee) if grantee else sql.SQL("PUBLIC")
        yield sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} {} REVOKE ALL ON {} FROM {}").format(
            sql.Identifier(owner), where, sql.SQL(kind), whom
        )


def _default_privileges(cursor: "CursorWrapper", name: str) -> list[tuple[str, str | None, str, str | None]]:
    """Return what tables and sequences yet to come would give the role: owner, schema, kind, to whom (None: all)."""
    cursor.execute(
        """
        SELECT DISTINCT owner.rolname, nspname,
               CASE defaclobjtype WHEN 'r' THEN 'TABLES' ELSE 'SEQUENCES' END, grantee.rolname
          FROM pg_default_acl
         CROSS JOIN LATERAL aclexplode(defaclacl) AS acl
          JOIN pg_roles owner ON owner.oid = defaclrole
          LEFT JOIN pg_namespace ON pg_namespace.oid = defaclnamespace
          LEFT JOIN pg_roles grantee ON grantee.oid = acl.grantee
         WHERE defaclobjtype IN ('r', 'S') AND (acl.grantee = 0 OR grantee.rolname = %s)
        """,
        [name],
    )
    return list(cursor.fetchall())


def owns_schema(name: str) -> bool:
    """Return whether a role can do what it likes with the tables: as their owner, or as a superuser.

    Raises: RolesError where there are no tables.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT relowner::regrole::text = quote_ident(%(name)s)
                   OR EXISTS (SELECT FROM pg_roles WHERE rolname = %(name)s AND rolsuper)
              FROM pg_class WHERE oid = to_regclass('django_migrations')
            """,
            {"name": name},
        )
        if (row := cursor.fetchone()) is None:
            raise RolesError("There are no tables yet: run `manage.py migrate` first.")
        return bool(row[0])


def differences(name: str = ROLE) -> list[str]:
    """Return where the role has more or less than it should, a sentence each; none where all is well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [name])
        if not cursor.fetchone()[0]:
            return [f"there is no role {name}"]
        return [
            *_attribute_differences(cursor, name),
            *_table_differences(cursor, name),
            *_sequence_differences(cursor, name),
            *_other_differences(cursor, name),
        ]


def _attribute_differences(cursor: "CursorWrapper", name: str) -> Iterator[str]:
    cursor.execute(f"SELECT {', '.join(FORBIDDEN_ATTRIBUTES)} FROM pg_roles WHERE rolname = %s", [name])
    for attribute, is_set in zip(FORBIDDEN_ATTRIBUTES, cursor.fetchone(), strict=True):
        if is_set:
            yield f"{name} is {_attribute_word(attribute)}"
    cursor.execute("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", [name])
    for (other,) in cursor.fetchall():
        yield f"{name} is a member of {other}"


def _table_differences(cursor: "CursorWrapper", name: str) -> Iterator[str]:
    found = _privileges(cursor, name)
    for table in tables():
        has, should = found.get(table.name, frozenset()), table.privileges
        if more := has - should:
            yield f"{table.name}: {name} has {', '.join(sorted(more))} too many"
        if less := should - has:
            yield f"{table.name}: {name} lacks {', '.join(sorted(less))}"


def _privileges(cursor: "CursorWrapper", name: str) -> Mapping[str, frozenset[str]]:
    """Return what the role may do with each table, however it came by it; a single column counts as the table."""
    cursor.execute(
        """
        SELECT relname, array_agg(privilege) FILTER (WHERE CASE
                   WHEN privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER')
                   THEN has_table_privilege(%s, class.oid, privilege)
                   ELSE has_any_column_privilege(%s, class.oid, privilege) END)
          FROM pg_class class,
               unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
         WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
         GROUP BY relname
        """,
        [name, name],
    )
    return {table: frozenset(privileges or ()) for table, privileges in cursor.fetchall()}


def _sequence_differences(cursor: "CursorWrapper", name: str) -> Iterator[str]:
    cursor.execute(
        """
        SELECT relname, has_sequence_privilege(%s, oid, 'USAGE'), has_sequence_privilege(%s, oid, 'UPDATE')
          FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'S' ORDER BY relname
        """,
        [name, name],
    )
    for sequence, may_draw, may_set in cursor.fetchall():
        if not may_draw:
            yield f"{sequence}: {name} lacks USAGE"
        if may_set:
            yield f"{sequence}: {name} has UPDATE too many"


def _other_differences(cursor: "CursorWrapper", name: str) -> Iterator[str]:
    """Yield the ways round: owning, creating, switching triggers off, working as somebody else."""
    cursor.execute(
        """
        SELECT 'owns ' || oid::regclass FROM pg_class WHERE relowner = %(name)s::regrole
         UNION ALL
        SELECT 'owns the function ' || oid::regprocedure FROM pg_proc WHERE proowner = %(name)s::regrole
         UNION ALL
        SELECT 'owns the schema ' || nspname FROM pg_namespace WHERE nspowner = %(name)s::regrole
         UNION ALL
        SELECT 'owns the database' FROM pg_database WHERE datname = current_database() AND datdba = %(name)s::regrole
         UNION ALL
        SELECT 'may create schemas' WHERE has_database_privilege(%(name)s, current_database(), 'CREATE')
         UNION ALL
        SELECT 'may create temporary tables' WHERE has_database_privilege(%(name)s, current_database(), 'TEMPORARY')
         UNION ALL
        SELECT 'may create in the schema' WHERE has_schema_privilege(%(name)s, current_schema(), 'CREATE')
         UNION ALL
        SELECT 'may not use the schema' WHERE NOT has_schema_privilege(%(name)s, current_schema(), 'USAGE')
         UNION ALL
        SELECT 'may not connect' WHERE NOT has_database_privilege(%(name)s, current_database(), 'CONNECT')
         UNION ALL
        SELECT 'may switch triggers off (session_replication_role)'
         WHERE has_parameter_privilege(%(name)s, 'session_replication_role', 'SET')
         UNION ALL
        SELECT 'works as another role in ' || oid::regprocedure FROM pg_proc
         WHERE pronamespace = current_schema()::regnamespace AND prosecdef
           AND has_function_privilege(%(name)s, oid, 'EXECUTE')
        """,
        {"name": name},
    )
    for (what,) in cursor.fetchall():
        yield f"{name} {what}"
    for owner, _schema_name, kind, _grantee in _default_privileges(cursor, name):
        yield f"{name} has rights to {kind.lower()} that {owner} is yet to create"


def _schema() -> sql.Identifier:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return sql.Identifier(cursor.fetchone()[0])


def _database() -> sql.Identifier:
    return sql.Identifier(connection.settings_dict["NAME"])
