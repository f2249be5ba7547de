"""What an API token may be used for: its scopes. A token does what it has a scope for and its person's role allows."""

from collections.abc import Collection, Iterable, Sequence

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.errors import InsufficientScope, InvalidValue


class Scope(models.TextChoices):
    """Each scope stands alone: `manage` does not contain `read`, and nothing contains `members`."""

    READ = "read", gettext_lazy("Read what you may read")
    TRADE = "trade", gettext_lazy("Enter, replace and cancel orders, block offers and bids")
    WITHDRAW = (
        "withdraw",
        gettext_lazy("Move money and credits: withdrawals, payouts, retirements, transfers, cancellations"),
    )
    MANAGE = "manage", gettext_lazy("Everything else that writes: projects, reports, diary, documents, households")
    MEMBERS = "members", gettext_lazy("Invite and remove members, and change their roles")


WITHOUT_MEMBERS = (Scope.READ, Scope.TRADE, Scope.WITHDRAW, Scope.MANAGE)
"""What a token could do before there were scopes, and may do where none are named: who is a member was never among it."""


def check_scopes(wanted: Iterable[str]) -> list[str]:
    """Return scopes in their own order, each once.

    Raises: InvalidValue where there is none, or one that is not known.
    """
    named = set(wanted)
    if not named:
        raise InvalidValue(field="scopes", reason=_("Choose one scope at least."))
    if unknown := sorted(named - set(Scope.values)):
        raise InvalidValue(field="scopes", reason=_("There is no scope %(scope)s.") % {"scope": unknown[0][:20]})
    return [scope for scope in Scope.values if scope in named]


def require_scope(held: Collection[str] | None, needed: Scope) -> None:
    """Refuse a token without the scope; `held` is None for whoever comes without a token, and is no matter of scopes.

    Raises: InsufficientScope.
    """
    if held is not None and needed not in held:
        raise InsufficientScope(scope=str(needed))


def labels_of(scopes: Sequence[str]) -> list[tuple[str, str]]:
    """Return scopes with what each means, for pages."""
    return [(scope, str(Scope(scope).label)) for scope in scopes if scope in Scope.values]
