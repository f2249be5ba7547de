import importlib

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = _("Registry and ledger")

    def ready(self) -> None:
        # Its checks are registered as it is read.
        importlib.import_module("ledger.parties.security.checks")
        # Rules name models, which are there only now.
        from ledger.notices import told as _told  # noqa: F401
        from ledger.webhooks import notices, told  # noqa: F401
