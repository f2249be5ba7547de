"""Accounts and their balances, as the log tells them."""

from dataclasses import dataclass

from ledger.transparency.offline.findings import Fault

CASH = "CNY"
PURPOSES = frozenset(("holding", "share", "bank", "fees", "issuance", "buffer", "retired", "cancelled"))
SOURCES = frozenset(("bank", "issuance"))
"""Accounts that carry the negative side of their asset."""


@dataclass(slots=True)
class Account:
    """One organisation's, a household's, or where both are None the system's position in one asset. Units: fen, or tonnes."""

    number: int
    id: str
    asset: str
    purpose: str
    organisation: str | None
    household: str | None = None
    balance: int = 0


class Accounts:
    """All accounts, by id and in the order in which they were opened."""

    def __init__(self) -> None:
        self.by_id: dict[str, Account] = {}
        self.in_order: list[Account] = []
        self._positions: set[tuple[str | None, str | None, str, str]] = set()

    def open(
        self, account_id: str, asset: str, purpose: str, organisation: str | None, household: str | None = None
    ) -> None:
        """Open an account.

        Raises: Fault where it, or another one for the same position, was opened before.
        """
        if account_id in self.by_id:
            raise Fault(f"account {account_id} was opened before")
        if purpose not in PURPOSES:
            raise Fault(f"an account's purpose is not {purpose!r:.40}")
        account = Account(len(self.in_order), account_id, asset, purpose, organisation, household)
        self.by_id[account_id] = account
        self.in_order.append(account)
        if (purpose == "holding") != (organisation is not None):
            raise Fault(f"account {account_id} for {purpose} must belong to an organisation, or to none")
        if (purpose == "share") != (household is not None):
            raise Fault(f"account {account_id} for {purpose} must belong to a household, or to none")
        position = (organisation, household, asset, purpose)
        if position in self._positions:
            raise Fault(f"account {account_id} is a second one of its holder for {purpose} in {asset}")
        self._positions.add(position)

    def knows(self, account_id: object) -> bool:
        """Return whether an account was opened."""
        return isinstance(account_id, str) and account_id in self.by_id
