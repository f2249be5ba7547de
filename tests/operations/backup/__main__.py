"""The drill of a lost database, as one command: `make drill-restore`.

A market trades, WAL and a base backup go into an archive, a witness cosigns. Then PostgreSQL is killed and its data are
deleted. The database is restored from the archive twice, to the moment between two trades and to the end, and everything in
it is checked. DRILL_SECONDS is how long is traded (20), DRILL_VAR the folder; the reports are drill-restore*.txt and .json in var/.
"""

import os
import sys
from pathlib import Path

from config.run import BASE_DIR
from tests.soak.grounds import grounds


def main() -> int:
    """Run the drill, and return the exit status."""
    seconds = float(os.environ.get("DRILL_SECONDS", "20"))
    var = Path(os.environ.get("DRILL_VAR", str(BASE_DIR / "var" / "drill-restore-grounds")))
    witness = Path(var.parent) / "drill-witness"
    with grounds(var) as here:
        import django

        django.setup()
        from tests.operations.backup.drill import drill

        return drill(here, seconds, BASE_DIR / "var", witness)


if __name__ == "__main__":
    sys.exit(main())
