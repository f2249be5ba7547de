"""Migrate a release while a market trades on a large database, as one command: `make drill-upgrade`.

The table of orders has DRILL_ORDERS rows more (500,000). A worker settles, another one takes its place in the middle, and the
release of `tests/operations/upgrades/release` is migrated: a column, a constraint, a backfill in batches, an index. The longest
time between two settlements is reported, with and without the migration; it must be under a second. Report: var/drill-upgrade.
"""

import os
import sys
from pathlib import Path

from config.run import BASE_DIR
from tests.soak.grounds import grounds


def main() -> int:
    """Run the drill, and return the exit status."""
    rows = int(os.environ.get("DRILL_ORDERS", "500000"))
    with grounds(Path(os.environ.get("DRILL_VAR", str(BASE_DIR / "var" / "drill-upgrade-grounds")))) as here:
        import django

        django.setup()
        from tests.operations.upgrades.drill import drill

        return drill(here, rows, BASE_DIR / "var")


if __name__ == "__main__":
    sys.exit(main())
