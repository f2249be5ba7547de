"""What a token must hold for an operation, and whose budget a request uses: asked once, before any operation begins."""

from collections.abc import Callable
from typing import Any, TypeVar

from ledger.parties.rates import LOG_INS, ORDERS, READS, WRITES
from ledger.parties.scopes import Scope

Method = TypeVar("Method", bound=Callable[..., Any])

SAFE = ("GET", "HEAD", "OPTIONS")
BUDGETS = {Scope.READ: READS, Scope.TRADE: ORDERS, None: LOG_INS}


def needs(scope: Scope | None) -> Callable[[Method], Method]:
    """Say which scope an operation needs, where it is another than its class says; None: no token is looked at."""

    def mark(method: Method) -> Method:
        method.scope = scope  # type: ignore[attr-defined]
        return method

    return mark


def scope_of(view: Any, action: str | None, method: str | None) -> Scope | None:
    """Return the scope that an operation needs: what is said of it, else `read` for what changes nothing, else its class's."""
    found: Scope | None = Scope.READ if method in SAFE else view.writes
    return getattr(getattr(view, action or "", None), "scope", found)


def budget_name(scope: Scope | None) -> str:
    """Return the name of the budget that an operation with a scope uses."""
    return BUDGETS.get(scope, WRITES)
