"""Operations for migrations of tables that are traded on."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from config.operations.upgrades.patience import short_waits


class AddIndexOnline(AddIndexConcurrently):
    """Make an index while rows are written, and make it again where an earlier try has left half of one.

    It waits for the transactions that were open before it: for as long as they take, since nobody waits behind it.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        """Make the index, unless it is whole already."""
        if getattr(schema_editor, "collect_sql", False):
            # Nothing is carried out, so that no open transaction is in the way: what it would be is told.
            model = to_state.apps.get_model(app_label, self.model_name)
            schema_editor.add_index(model, self.index, concurrently=True)  # type: ignore[call-arg]
            return
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [self.index.name])
            row = cursor.fetchone()
        if row is not None and row[0]:
            return
        with short_waits(0):
            if row is not None:
                schema_editor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(self.index.name)}")
            super().database_forwards(app_label, schema_editor, from_state, to_state)
