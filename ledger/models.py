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
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.documents.models import Document
from ledger.projects.judgements import DebundlingDecision, DeclaredConflict, Renewal
from ledger.projects.models import Finding, MonitoringReport, Parcel, Project, ReportVersion, RiskAssessment
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
    "Checkpoint",
    "Correction",
    "Cosignature",
    "DebundlingDecision",
    "DeclaredConflict",
    "DiaryEntry",
    "Document",
    "Finding",
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
    "Renewal",
    "ReportVersion",
    "Retirement",
    "RiskAssessment",
    "SerialBlock",
    "SerialCounter",
    "Transaction",
    "Transfer",
    "UnsequencedRecord",
    "User",
]
