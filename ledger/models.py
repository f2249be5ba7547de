"""Gathers the tables that the domain packages define."""

from ledger.credits.models import Batch, Retirement
from ledger.journal.models import (
    Account,
    Asset,
    Correction,
    Hold,
    Payment,
    SerialBlock,
    SerialCounter,
    Transaction,
    Transfer,
)
from ledger.parties.models import ApiToken, Membership, Organisation, User
from ledger.projects.models import MonitoringReport, Parcel, Project
from ledger.transparency.models import Checkpoint, LogLeaf, LogTile, Record, UnsequencedRecord

__all__ = [
    "Account",
    "ApiToken",
    "Asset",
    "Batch",
    "Checkpoint",
    "Correction",
    "Hold",
    "LogLeaf",
    "LogTile",
    "Membership",
    "MonitoringReport",
    "Organisation",
    "Parcel",
    "Payment",
    "Project",
    "Record",
    "Retirement",
    "SerialBlock",
    "SerialCounter",
    "Transaction",
    "Transfer",
    "UnsequencedRecord",
    "User",
]
