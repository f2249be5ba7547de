"""What has changed for an organisation since somebody of it looked last: facts with their times, the newest first."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.credits.models import Batch
from ledger.credits.transfers.models import CreditTransfer
from ledger.journal.models import Payment
from ledger.parties.models import Membership, Organisation
from ledger.projects.models import MonitoringReport, Project
from ledger.texts import localized
from ledger.workload.tasks import OF_REPORTS
from ledger.workload.writing import tonnes, yuan

MOST = 20
Kind = Organisation.Kind
_STEPS = (
    ("validated_at", _("Project validated")),
    ("registered_at", _("Project registered")),
    ("suspended_at", _("Project suspended")),
    ("completed_at", pgettext_lazy("change", "Project completed")),
)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened: when, what, of what (in the reader's language), and where more is to be read."""

    at: dt.datetime
    text: str | Promise
    subject: str
    page: str
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where more of it is to be read."""
        return reverse(self.page, kwargs=dict(self.keys) or None)


def changes_of(reader: Membership, since: dt.datetime) -> list[Change]:
    """Return what has changed for the reader's organisation since an instant, `MOST` at most. In six queries at most.

    Mostly nothing has: that is one query.
    """
    organisation = reader.organisation
    if organisation.kind not in (Kind.COOPERATIVE, Kind.VERIFIER) and not organisation.holds_assets:
        return []
    projects, issued, reports, payments, transfers = _there_are(organisation, since)
    found: list[Iterator[Change]] = []
    if organisation.kind == Kind.COOPERATIVE:
        found += [_projects(organisation, since)] if projects else []
        found += [_issued(organisation, since)] if issued else []
    if organisation.kind in (Kind.COOPERATIVE, Kind.VERIFIER) and reports:
        found.append(_reports(organisation, since))
    if organisation.holds_assets:
        found += [_payments(organisation, since)] if payments else []
        found += [_transfers(organisation, since)] if transfers else []
    return sorted(chain.from_iterable(found), key=lambda change: change.at, reverse=True)[:MOST]


def _there_are(organisation: Organisation, since: dt.datetime) -> Sequence[bool]:
    """Return of what there is anything new: of projects, issued credits, reports, payments, transfers."""
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {"organisation": organisation.pk, "since": since})
        found: Sequence[bool] = cursor.fetchone()
    return found


_NEW = f"""
SELECT EXISTS (SELECT FROM ledger_project
                WHERE proponent_id = %(organisation)s
                  AND ({" OR ".join(f"{column} > %(since)s" for column, _text in _STEPS)})),
       EXISTS (SELECT FROM ledger_batch batch JOIN ledger_project project ON project.id = batch.project_id
                WHERE project.proponent_id = %(organisation)s AND batch.issued_at > %(since)s),
       EXISTS (SELECT FROM ledger_monitoringreport report JOIN ledger_project project ON project.id = report.project_id
                WHERE (project.proponent_id = %(organisation)s OR report.verifier_id = %(organisation)s)
                  AND report.status_since > %(since)s AND report.status <> 'draft'),
       EXISTS (SELECT FROM ledger_payment WHERE organisation_id = %(organisation)s AND decided_at > %(since)s),
       EXISTS (SELECT FROM ledger_credittransfer
                WHERE (sender_id = %(organisation)s OR recipient_id = %(organisation)s) AND decided_at > %(since)s)
"""


def _projects(organisation: Organisation, since: dt.datetime) -> Iterator[Change]:
    stepped = Q()
    for column, _text in _STEPS:
        stepped |= Q(**{f"{column}__gt": since})
    own = Project.objects.filter(stepped, proponent=organisation)
    for project in own.only("number", "province_code", "name", "name_en", *(column for column, _text in _STEPS))[:MOST]:
        for column, text in _STEPS:
            at = getattr(project, column)
            if at is not None and at > since:
                yield Change(at, text, localized(project, "name"), "project", {"code": project.code})


def _reports(organisation: Organisation, since: dt.datetime) -> Iterator[Change]:
    own = MonitoringReport.objects.filter(Q(project__proponent=organisation) | Q(verifier=organisation))
    moved = own.filter(status_since__gt=since).exclude(status=MonitoringReport.Status.DRAFT)
    for report in moved.select_related("project").only(*OF_REPORTS).order_by("-status_since")[:MOST]:
        assert report.status_since is not None
        subject = f"{localized(report.project, 'name')} · {report.vintage} · {report.get_status_display()}"
        keys = {"code": report.project.code, "report_id": report.pk}
        yield Change(report.status_since, _("Report moved on"), subject, "report", keys)


def _issued(organisation: Organisation, since: dt.datetime) -> Iterator[Change]:
    own = Batch.objects.filter(project__proponent=organisation, issued_at__gt=since).select_related("asset")
    for batch in own.order_by("-id")[:MOST]:
        code = batch.asset.code
        yield Change(
            batch.issued_at, _("Credits issued"), f"{code} · {tonnes(batch.quantity_t)}", "batch", {"code": code}
        )


def _payments(organisation: Organisation, since: dt.datetime) -> Iterator[Change]:
    decided = Payment.objects.filter(organisation=organisation, decided_at__gt=since)
    for payment in decided.order_by("-id")[:MOST]:
        assert payment.decided_at is not None
        subject = f"{payment.get_direction_display()} {yuan(payment.amount_fen)} · {payment.get_status_display()}"
        yield Change(payment.decided_at, pgettext_lazy("change", "Payment decided"), subject, "payments")


def _transfers(organisation: Organisation, since: dt.datetime) -> Iterator[Change]:
    own = CreditTransfer.objects.filter(Q(sender=organisation) | Q(recipient=organisation), decided_at__gt=since)
    for transfer in own.select_related("batch__asset").order_by("-id")[:MOST]:
        assert transfer.decided_at is not None
        subject = f"{transfer.batch.asset.code} · {tonnes(transfer.quantity_t)} · {transfer.get_outcome_display()}"
        keys = {"public_id": transfer.public_id}
        yield Change(transfer.decided_at, pgettext_lazy("change", "Transfer decided"), subject, "transfer", keys)
