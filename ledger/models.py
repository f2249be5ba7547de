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
from ledger.idempotency.models import IdempotentRequest
from ledger.incidents.models import Incident
from ledger.journal.bank.models import BankAccount, BankEntry, BankStatement
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
from ledger.notices.models import DigestSent, Message, Notice, NoticeSettings
from ledger.parties.models import ApiToken, Household, Invitation, Membership, Organisation, RoleChange, User
from ledger.parties.security.models import AccountLock, EventOrigin, FactorReset, SecurityEvent
from ledger.personal.models import Erasure
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
    LogBinding,
    LogFollower,
    LogKey,
    LogLeaf,
    LogTile,
    Record,
    UnsequencedRecord,
)
from ledger.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent

__all__ = [
    "Account",
    "AccountLock",
    "ApiToken",
    "Asset",
    "BankAccount",
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
    "DigestSent",
    "DistributedSale",
    "Distribution",
    "Document",
    "Erasure",
    "EventOrigin",
    "FactorReset",
    "Finding",
    "Hold",
    "Household",
    "HouseholdLink",
    "IdempotentRequest",
    "Incident",
    "Invitation",
    "LogBinding",
    "LogFollower",
    "LogKey",
    "LogLeaf",
    "LogTile",
    "Membership",
    "Message",
    "MonitoringReport",
    "Notice",
    "NoticeSettings",
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
    "RoleChange",
    "SecurityEvent",
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
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
]
