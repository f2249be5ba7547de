import importlib

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = _("Registry and ledger")

    def ready(self) -> None:
        # Its checks are registered as it is read.
        importlib.import_module("ledger.parties.security.checks")
