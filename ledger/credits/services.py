"""Every write of credits that others ask for: they are issued, and retired."""

from ledger.credits.issuance import issue_credits
from ledger.credits.retiring import look_over_retirement, retire_credits

__all__ = ["issue_credits", "look_over_retirement", "retire_credits"]
