"""Say who follows the primary, and how far behind; the exit status is 1 where no standby confirms what is committed.

Run it as the owner (DATABASE_AS_OWNER=1). See docs/failover.md.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.operations.replica.standby import has_standby
from config.operations.replica.status import followers, lag_of_replica, timeline


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        found = followers()
        self.stdout.write(f"The primary is on timeline {timeline()}.")
        for each in found:
            self.stdout.write(
                f"{each.name}: {each.state}, {each.sync_state}, {each.behind_bytes:,} bytes"
                f" and {each.behind_seconds:.1f} s behind"
            )
        if has_standby():
            lag = lag_of_replica()
            said = "does not answer" if lag is None else f"is {lag.seconds} s behind ({lag.bytes} bytes)"
            self.stdout.write(f"The replica {said}.")
        if not any(each.sync_state in ("sync", "quorum") for each in found):
            self.stdout.write("Nobody confirms what is committed: what is acknowledged now is on one machine alone.")
            sys.exit(1)
