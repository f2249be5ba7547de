"""Gathers the tables that the domain packages define."""

from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.credits.models import Batch, Retirement
from ledger.credits.reversals.models import Reversal
from ledger.credits.sharing.models import (
    DistributedSale,
    Distribution,
    HouseholdLink,
    Share,
    SharingPlan,
    SharingProgress,
    SharingWeight,
)
from ledger.credits.transfers.models import CreditTransfer
from ledger.journal.bank.models import BankEntry, BankStatement
from ledger.journal.models import (
    Account,
    Asset,
    Correction,
    Hold,
    Payment,
    Payout,
    PayoutLine,
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
    SupplyTotal,
)
from ledger.transparency.models import (
    Checkpoint,
    Cosignature,
    LogFollower,
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
    "CarbonTotal",
    "Checkpoint",
    "Correction",
    "Cosignature",
    "CreditTransfer",
    "DebundlingDecision",
    "DeclaredConflict",
    "DiaryEntry",
    "DistributedSale",
    "Distribution",
    "Document",
    "Finding",
    "Hold",
    "Household",
    "HouseholdLink",
    "LogFollower",
    "LogKey",
    "LogLeaf",
    "LogTile",
    "Membership",
    "MonitoringReport",
    "Organisation",
    "Parcel",
    "Payment",
    "Payout",
    "PayoutLine",
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
    "Renewal",
    "ReportVersion",
    "Retirement",
    "Reversal",
    "RiskAssessment",
    "SerialBlock",
    "SerialCounter",
    "Share",
    "SharingPlan",
    "SharingProgress",
    "SharingWeight",
    "StagedCredit",
    "SupplyTotal",
    "Transaction",
    "Transfer",
    "UnsequencedRecord",
    "User",
]
