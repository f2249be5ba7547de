"""The bank's statements: import them, and see what the bank has moved beside what the ledger has posted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from ledger.admin.access import desk_membership
from ledger.admin.actions import Action
from ledger.admin.bank_entries import TREASURER, BankEntryAdmin, is_matchable, state_of
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, at_moment, link, link_by_id, list_url, moment, object_url, yuan
from ledger.admin.records import RecordIds
from ledger.journal.bank.content import MAX_ACCOUNT, MAX_BYTES
from ledger.journal.bank.matching import Proposal, Proposals, propose
from ledger.journal.bank.models import BankEntry, BankStatement
from ledger.journal.bank.selectors import counts_of, entries_of, open_entries, unmatched
from ledger.journal.bank.services import accept_unambiguous, import_statement
from ledger.journal.models import Payment
from ledger.parties.models import Membership
from ledger.transparency.models import Record

ENTRIES_A_PAGE = 50
SHOWN = 20
IMPORTED_AT = at_moment("imported_at", _("imported at"))


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("File of the bank"),
        help_text=_("ISO 20022 camt.053 (XML), or the bank's list of movements as CSV; in CNY, 5 MB at most."),
        widget=forms.FileInput({"accept": ".xml,.csv,.txt"}),
    )
    account = forms.CharField(
        label=_("Bank account"),
        max_length=MAX_ACCOUNT,
        required=False,
        help_text=_("Only where the file does not say of which account it is."),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(_("The file is larger than 5 MB: split it by days."))
        content: bytes = file.read()
        return content


IMPORT = Action(
    name="import",
    label=_("Import a statement"),
    explanation=_(
        "Nothing is posted by it: the entries are proposed to be matched with payments. Entries that an earlier statement "
        "has already are left out."
    ),
    done=_("Imported: %(object)s"),
    role=TREASURER,
    perform=lambda actor, _target, values: import_statement(
        actor=actor, content=values["file"], account=values["account"]
    ),
    form=ImportForm,
)
ACCEPT_UNAMBIGUOUS = Action(
    name="accept-unambiguous",
    label=_("Accept what leaves no doubt"),
    explanation=_(
        "Each entry with one proposal that leaves no doubt is matched, each by itself: deposits are entered and wait for a "
        "second treasurer, withdrawals are confirmed and posted, payments with the same bank reference are linked."
    ),
    done=_("What became of each is shown."),
    role=TREASURER,
    perform=lambda actor, statement, _values: accept_unambiguous(actor=actor, statement_id=statement.pk),
    is_due=lambda statement: open_entries().filter(statement=statement).exists(),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposal as it is shown; with the page on which it is accepted, for who may."""

    proposal: Proposal
    url: str

    @property
    def reasons(self) -> list[str | Promise]:
        return [reason.label for reason in self.proposal.reasons]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of a statement as it is shown."""

    entry: BankEntry
    amount: str
    state: str
    is_matchable: bool
    is_taken_back: bool
    offers: list[Offer]
    steps: list[tuple[str | Promise, str]]


class BankStatementAdmin(ViewOnlyAdmin):
    list_display = ("number", "account", "starts_on", "ends_on", "closing_figure", "format", "imported_by", IMPORTED_AT)
    list_filter = ("format",)
    list_select_related = ("imported_by",)
    search_fields = ("account", "sha256")
    date_hierarchy = "ends_on"
    ordering = ("-id",)
    change_form_template = "admin/bank_statement.html"
    list_actions = (IMPORT,)
    object_actions = (ACCEPT_UNAMBIGUOUS,)
    fieldsets = (
        (
            None,
            {"fields": ("account", "starts_on", "ends_on", "opening_figure", "closing_figure", "balances", "currency")},
        ),
        (
            _("The file"),
            {"fields": ("format", "duplicates", "skipped", "imported_by", IMPORTED_AT, "sha256", "record_link")},
        ),
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, statement: BankStatement) -> str:
        return str(statement.pk)

    def record_ids(self, target: BankStatement) -> RecordIds:
        return [target.record_id]

    @admin.display(description=_("opening balance in yuan"))
    def opening_figure(self, statement: BankStatement) -> str:
        return EMPTY if statement.opening_fen is None else yuan(statement.opening_fen)

    @admin.display(description=_("closing balance in yuan"))
    def closing_figure(self, statement: BankStatement) -> str:
        return EMPTY if statement.closing_fen is None else yuan(statement.closing_fen)

    @admin.display(description=_("balances"))
    def balances(self, statement: BankStatement) -> str:
        return str(_("agree with the entries") if statement.is_balanced else _("not both given, so not checked"))

    @admin.display(description=_("record of the log"))
    def record_link(self, statement: BankStatement) -> str:
        return link_by_id(Record, statement.record_id)

    def facts(self, target: BankStatement) -> list[Fact]:
        sure = sum(each.unambiguous is not None for each in propose(open_entries().filter(statement=target)).values())
        return [
            (_("Bank account"), target.account),
            (_("Period"), f"{target.starts_on} – {target.ends_on}"),
            (_("Proposals that leave no doubt"), str(sure)),
        ]

    def tables(self, target: BankStatement) -> list[Table]:
        return _unmatched_tables(target)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        statement = kwargs["obj"]
        page = Paginator(entries_of(statement), ENTRIES_A_PAGE).get_page(request.GET.get("page"))
        context |= {
            "page": page,
            "lines": lines_of(list(page), desk_membership(request)),
            "counts": _counts(statement),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def answer(self, request: HttpRequest, action: Action, target: models.Model | None, result: Any) -> HttpResponse:
        """Show what became of each proposal, where many were accepted in one go."""
        if action is not ACCEPT_UNAMBIGUOUS:
            return super().answer(request, action, target, result)
        assert target is not None
        context = self.admin_site.each_context(request) | {
            "title": action.label,
            "subtitle": str(target),
            "opts": self.opts,
            "target": target,
            "back": object_url(target),
            "outcomes": result,
        }
        return TemplateResponse(request, "admin/bank_outcomes.html", context)


def lines_of(entries: Sequence[BankEntry], reader: Membership | None) -> list[Line]:
    """Return entries as they are shown to a reader, with their proposals, and the steps that are the reader's."""
    proposed = propose(entries)
    return [_line(entry, proposed.get(entry.pk, Proposals(entry)), reader) for entry in entries]


def _line(entry: BankEntry, proposals: Proposals, reader: Membership | None) -> Line:
    due = {
        action.name: action
        for action in BankEntryAdmin.object_actions
        if action.is_due(entry) and action.is_open_to(reader, entry)
    }
    offers = [Offer(each, _offer_url(entry, each) if _is_acceptable(each, due) else "") for each in proposals.found]
    steps = [(action.label, _step_url(entry, action.name)) for action in due.values()]
    return Line(
        entry, yuan(entry.signed_fen), state_of(entry), is_matchable(entry), proposals.is_taken_back, offers, steps
    )


def _is_acceptable(proposal: Proposal, due: Collection[str]) -> bool:
    """Return whether a proposal would not be refused at once: nothing is entered for who may not trade."""
    return proposal.step.value in due and (proposal.payment is not None or proposal.organisation.is_approved)


def _offer_url(entry: BankEntry, proposal: Proposal) -> str:
    if proposal.payment is None:
        return _step_url(entry, proposal.step.value, organisation=proposal.organisation.pk)
    return _step_url(entry, proposal.step.value, payment_id=proposal.payment.pk)


def _step_url(entry: BankEntry, step: str, **filled_in: int) -> str:
    address = reverse(f"admin:ledger_bankentry_{step}", args=[entry.pk])
    return f"{address}?{urlencode(filled_in)}" if filled_in else address


def _counts(statement: BankStatement) -> list[tuple[str | Promise, int, str]]:
    """Return how many entries stand how, each with the list of them."""
    counts = counts_of(statement)
    return [
        (label, counts[status], list_url(BankEntry, statement=statement.pk, status__exact=status))
        for status, label in BankEntry.Status.choices
    ]


def _unmatched_tables(statement: BankStatement) -> list[Table]:
    left = unmatched(first=statement.starts_on, last=statement.ends_on)
    return [_unmatched_payments(left.payments), _unmatched_entries(left.entries)]


def _unmatched_payments(payments: QuerySet[Payment]) -> Table:
    rows: list[tuple[object, ...]] = [
        (
            link(payment),
            link(payment.organisation),
            payment.bank_reference or EMPTY,
            moment(payment.decided_at),
            yuan(payment.amount_fen),
        )
        for payment in payments[:SHOWN]
    ]
    columns = (_("Payment"), _("Organisation"), _("Bank reference"), _("Confirmed at"), _("Amount in yuan"))
    title = _("Payments of these days that the bank does not show: %(count)s") % {"count": payments.count()}
    return Table(title, tuple(map(str, columns)), rows, figures=frozenset({4}))


def _unmatched_entries(entries: QuerySet[BankEntry]) -> Table:
    rows: list[tuple[object, ...]] = [
        (
            link(entry),
            entry.booked_on.isoformat(),
            entry.counterparty_name or EMPTY,
            " · ".join(filter(None, (state_of(entry), entry.reason))),
            yuan(entry.signed_fen),
        )
        for entry in entries[:SHOWN]
    ]
    columns = (_("Bank reference"), _("Booked on"), _("Counterparty"), _("Status"), _("Amount in yuan"))
    title = _("Entries of these days without a payment: %(count)s") % {"count": entries.count()}
    return Table(title, tuple(map(str, columns)), rows, figures=frozenset({4}))
