"""What `manage.py check` says of how accounts are guarded."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security)
def second_factor_is_required(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn where the product runs without second factors, and is not the demo."""
    if settings.SECOND_FACTOR_REQUIRED or settings.IS_DEMO:
        return []
    return [
        Warning(
            "People of the operator and of auditors need no second factor, nor does who has money paid out.",
            hint="Set SECOND_FACTOR_REQUIRED=1. Only the demo does without (IS_DEMO=1).",
            id="ledger.W001",
        )
    ]


@register(Tags.security)
def mail_leaves(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn where pages are served behind TLS and mail goes to the console: nobody would get a link to a new password."""
    if not settings.BEHIND_TLS or not settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return []
    return [
        Warning(
            "Mail is printed, not sent: nobody can set a new password by e-mail.",
            hint="Set EMAIL_BACKEND=smtp and EMAIL_HOST.",
            id="ledger.W002",
        )
    ]
