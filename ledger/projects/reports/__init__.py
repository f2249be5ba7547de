"""Monitoring reports: drafted and handed in, verified with their findings, approved, each by another person."""

from ledger.projects.reports.approving import approve_report
from ledger.projects.reports.assigning import accept_report, assign_verifier, decline_report
from ledger.projects.reports.drafting import (
    discard_report,
    draft_report,
    preview_report,
    save_practices,
    saved_practices,
)
from ledger.projects.reports.examining import recompute, reject_report, verify_report
from ledger.projects.reports.findings import answer_finding, close_finding, open_finding, reopen_finding
from ledger.projects.reports.from_diary import take_over_diary
from ledger.projects.reports.handing_in import correct_report, hand_in_report, submit_report

__all__ = [
    "accept_report",
    "answer_finding",
    "approve_report",
    "assign_verifier",
    "close_finding",
    "correct_report",
    "decline_report",
    "discard_report",
    "draft_report",
    "hand_in_report",
    "open_finding",
    "preview_report",
    "recompute",
    "reject_report",
    "reopen_finding",
    "save_practices",
    "saved_practices",
    "submit_report",
    "take_over_diary",
    "verify_report",
]
