"""From a record of the log to the rows that it proves: its body names them by number, public id or code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext

from ledger.admin.display import Table, link
from ledger.admin.filters import is_number, is_uuid
from ledger.credits.models import Retirement
from ledger.journal.bank.models import BankStatement
from ledger.journal.models import Account, Asset, Correction, Payment, Transaction, Transfer
from ledger.parties.models import Organisation, User
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.documents.models import Document
from ledger.projects.judgements import DebundlingDecision, DeclaredConflict, Renewal
from ledger.projects.models import MonitoringReport, Project

MOST_TRANSFERS = 50


@dataclass(frozen=True, slots=True)
class Subject:
    """What a key of an entry's body names: a row of a model, by which of its columns."""

    model: type[models.Model]
    column: str = "pk"

    def find(self, values: Sequence[str]) -> list[models.Model]:
        """Return the rows of these names, in one query; what is no such name finds nothing."""
        is_name = {"pk": is_number, "public_id": is_uuid}.get(self.column, bool)
        wanted = [value for value in values if is_name(value)]
        return list(self.model._default_manager.filter(**{f"{self.column}__in": wanted})) if wanted else []


@dataclass(frozen=True, slots=True)
class ProjectByCode(Subject):
    """Projects, whose code ends in their number: TH-35-000001."""

    def find(self, values: Sequence[str]) -> list[models.Model]:
        numbers = [value.rpartition("-")[2] for value in values]
        return list(Project.objects.filter(number__in=[int(number) for number in numbers if is_number(number)]))


Subjects = Mapping[str, Subject]

SUBJECTS: Subjects = {
    "transaction": Subject(Transaction),
    "reverses": Subject(Transaction),
    "reversal": Subject(Transaction),
    "transfer": Subject(Transfer),
    "account": Subject(Account),
    "asset": Subject(Asset, "code"),
    "payment": Subject(Payment),
    "correction": Subject(Correction),
    "statement": Subject(BankStatement),
    "retirement": Subject(Retirement, "public_id"),
    "report": Subject(MonitoringReport),
    "diary_entry": Subject(DiaryEntry),
    "document": Subject(Document, "public_id"),
    "project": ProjectByCode(Project),
    "renewal": Subject(Renewal),
    "conflict": Subject(DeclaredConflict),
    "decision": Subject(DebundlingDecision),
    "verifier": Subject(Organisation, "public_id"),
    "organisation": Subject(Organisation, "public_id"),
    "user": Subject(User, "public_id"),
}


def rows_proven(body: Mapping[str, Any], subjects: Subjects) -> Table:
    """Return the rows that an entry's body names, in one query for each kind of them."""
    named = _named(body)
    rows: list[tuple[object, ...]] = [
        (capfirst(str(found._meta.verbose_name)), link(found))
        for key, values in named.items()
        if (subject := subjects.get(key)) is not None
        for found in subject.find(values)
    ]
    return Table(gettext("Rows that it proves"), (gettext("What"), gettext("Row")), rows)


def _named(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names in a body by their keys: its own, those of its trade, and the numbers of its transfers."""
    named = {key: [value] for key, value in body.items() if isinstance(value, str)}
    trade, transfers = body.get("trade"), body.get("transfers")
    if isinstance(trade, Mapping):
        named |= {key: [value] for key, value in trade.items() if isinstance(value, str)}
    if isinstance(transfers, list):
        numbers = [each.get("transfer") for each in transfers[:MOST_TRANSFERS] if isinstance(each, Mapping)]
        named["transfer"] = [number for number in numbers if isinstance(number, str)]
    return named
