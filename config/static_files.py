"""How the pages' files are kept where `collectstatic` puts them: compressed, and under names that change with what they hold."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Also what a module imports is found under its hashed name; a file that is named by a vendor's map, and is not there, is not missed."""

    support_js_module_import_aggregation = True
    manifest_strict = False
    # A module is hashed after those that it imports: so deep they may stand. In a circle they have no hash at all.
    max_post_process_passes = 10

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        """Return the hashed name of a file, or the name itself where no such file was collected."""
        try:
            hashed: str = super().hashed_name(name, content, filename)
        except ValueError:
            return name
        return hashed
