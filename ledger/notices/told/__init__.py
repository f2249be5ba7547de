"""What the ledger tells of its own records. Read once, as the programs start (ledger/apps.py)."""

from ledger.notices.told import credits, money, parties, registry

__all__ = ["credits", "money", "parties", "registry"]
