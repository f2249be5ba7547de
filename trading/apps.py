from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TradingConfig(AppConfig):
    name = "trading"
    verbose_name = _("Exchange")

    def ready(self) -> None:
        """Add what trading has waiting for people, and has to tell them, to everybody's; its tables are known only now."""
        from trading import notices, webhooks  # noqa: F401
        from trading.workload.selectors import add_sources

        add_sources()
