"""Fill an empty database with the demo: the Fujian pilot, retold. A second run changes nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.models import Organisation
from ledger.transparency.sequencer import sequence_log
from trading.demo.cast import is_gathered
from trading.demo.logins import demo_password
from trading.demo.story import tell


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if is_gathered():
            self.stdout.write("The demo is there already.")
            return
        if Organisation.objects.filter(kind=Organisation.Kind.OPERATOR).exists():
            raise CommandError("This database has an operator already: the demo needs a database of its own.")
        self.stdout.write("Telling the pilot's story …")
        tell(demo_password())
        sequence_log()
        self.stdout.write("The demo is there.")
