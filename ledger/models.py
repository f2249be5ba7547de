"""Gathers the tables that the domain packages define."""

from ledger.credits.models import Batch, Retirement
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
from ledger.registry.models import (
    CarbonTotal,
    ProjectPlace,
    ReferenceCredit,
    ReferenceImport,
    ReferenceProject,
    ReferenceRefusal,
    Refreshed,
    RegistryDump,
    StagedCredit,
)
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
    "CarbonTotal",
    "Checkpoint",
    "Correction",
    "Cosignature",
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
    "ProjectPlace",
    "ReconciliationRun",
    "Record",
    "ReferenceCredit",
    "ReferenceImport",
    "ReferenceProject",
    "ReferenceRefusal",
    "Refreshed",
    "RegistryDump",
    "Retirement",
    "SerialBlock",
    "SerialCounter",
    "StagedCredit",
    "Transaction",
    "Transfer",
    "UnsequencedRecord",
    "User",
]
