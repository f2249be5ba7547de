"""Gathers the tables that the domain packages define."""

from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.credits.models import Batch, Retirement
from ledger.credits.reversals.models import Reversal
from ledger.credits.transfers.models import CreditTransfer
from ledger.journal.bank.models import BankEntry, BankStatement
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
from ledger.journal.runs import ReconciliationRun
from ledger.parties.models import ApiToken, Household, Membership, Organisation, User
from ledger.projects.models import MonitoringReport, Parcel, Project
from ledger.transparency.models import (
    Checkpoint,
    Cosignature,
    LogKey,
    LogLeaf,
    LogTile,
    Record,
    UnsequencedRecord,
)

__all__ = [
    "Account",
    "ApiToken",
    "Asset",
    "BankEntry",
    "BankStatement",
    "Batch",
    "Cancellation",
    "CancellationOrder",
    "Checkpoint",
    "Correction",
    "Cosignature",
    "CreditTransfer",
    "Hold",
    "Household",
    "LogKey",
    "LogLeaf",
    "LogTile",
    "Membership",
    "MonitoringReport",
    "Organisation",
    "Parcel",
    "Payment",
    "Project",
    "ReconciliationRun",
    "Record",
    "Retirement",
    "Reversal",
    "SerialBlock",
    "SerialCounter",
    "Transaction",
    "Transfer",
    "UnsequencedRecord",
    "User",
]
