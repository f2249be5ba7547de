from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TradingConfig(AppConfig):
    name = "trading"
    verbose_name = _("Exchange")

    def ready(self) -> None:
        # Rules name models, which are there only now.
        from trading import notices, webhooks  # noqa: F401
