"""Django's own question of what belongs where: a standby has what its primary has, and nothing is migrated there."""

from typing import Any

from config.operations.replica.standby import ALIAS


class ReplicaRouter:
    """Leads nothing anywhere: where public pages are read from is `reading_from`'s to say."""

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool | None:
        """Return that a standby's schema is its primary's."""
        return False if db == ALIAS else None

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool | None:
        return None
