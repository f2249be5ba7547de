"""Assets, accounts, and transactions with their transfers."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import Fact, LargeTableAdmin, ViewOnlyAdmin
from ledger.admin.conditions import posted_by
from ledger.admin.corrections import REQUEST_CORRECTION, corrections_of, transaction_facts
from ledger.admin.display import (
    EMPTY,
    Table,
    amount_of,
    amount_of_hold,
    at_moment,
    held_on,
    link,
    link_by_id,
    list_url,
    moment,
    people_of,
    person,
    serial_run,
    serial_runs,
    tonnes,
)
from ledger.admin.filters import (
    KindOfTransaction,
    OfAccount,
    OfActor,
    OfOrganisation,
    OfTrade,
    Since,
    Until,
    WithSerial,
    is_number,
)
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.admin.timeline import TRANSACTIONS, TRANSFERS
from ledger.journal.models import Account, Asset, Hold, SerialBlock, Transaction, Transfer
from ledger.journal.selectors import sealed_accounts, statement
from ledger.parties.models import User
from ledger.transparency.models import Record

SHOWN = 20
ACCOUNTS = (
    "debit_account__organisation",
    "debit_account__household",
    "debit_account__asset",
    "credit_account__organisation",
    "credit_account__household",
    "credit_account__asset",
)

OCCURRED_AT = at_moment("occurred_at", _("occurred at"))


class AssetAdmin(ViewOnlyAdmin):
    list_display = ("code", "kind")
    list_filter = ("kind",)
    search_fields = ("code",)
    ordering = ("-id",)
    fields = ("code", "kind")

    def tables(self, target: Asset) -> list[Table]:
        accounts = list(target.accounts.select_related("organisation", "household").order_by("-balance", "id")[:SHOWN])
        sealed = sealed_accounts(accounts)
        rows: list[tuple[object, ...]] = [
            (
                link(account, account.organisation or account.household or account.get_purpose_display()),
                amount_of(target, account.balance),
                held_on(account, target, sealed)[0],
            )
            for account in accounts
        ]
        columns = (str(_("Account")), str(_("Balance")), str(_("Held")))
        all_url = list_url(Account, asset=target.pk)
        return [Table(str(_("Accounts")), columns, rows, all_url, figures=frozenset({1, 2}))]


class AccountAdmin(ViewOnlyAdmin):
    list_display = ("number", "owner", "asset", "purpose", "balance_figure", "held_figure", "available_figure")
    list_filter = ("purpose", "asset__kind")
    list_select_related = ("organisation", "household", "asset")
    search_fields = ("organisation__name", "organisation__name_en", "asset__code")
    ordering = ("-id",)
    fields = (
        "number",
        "organisation",
        "household",
        "asset",
        "purpose",
        "balance_figure",
        "held_figure",
        "available_figure",
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, account: Account) -> str:
        return str(account.pk)

    @admin.display(description=_("organisation"), ordering="organisation__name")
    def owner(self, account: Account) -> str:
        return str(account.organisation or account.household or _("the system"))

    @admin.display(description=_("balance"), ordering="balance")
    def balance_figure(self, account: Account) -> str:
        return amount_of(account.asset, account.balance)

    @admin.display(description=_("held"))
    def held_figure(self, account: Account) -> str:
        return held_on(account, account.asset, self._sealed(account))[0]

    @admin.display(description=_("available"))
    def available_figure(self, account: Account) -> str:
        return held_on(account, account.asset, self._sealed(account))[1]

    def prepare(self, rows: Sequence[Account]) -> None:
        sealed = sealed_accounts(rows)
        for row in rows:
            row.sealed = sealed  # type: ignore[attr-defined]

    def _sealed(self, account: Account) -> set[int]:
        """Return the accounts with a sealed bid, read with the list; of one by itself whether it is one, read now."""
        if not hasattr(account, "sealed"):
            account.sealed = sealed_accounts([account])  # type: ignore[attr-defined]
        found: set[int] = account.sealed  # type: ignore[attr-defined]
        return found

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # Whoever may ask for all that is more than so much finds out how much it is.
        return not lookup.startswith("held") and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def record_ids(self, target: Account) -> RecordIds:
        return ids_naming(Named(("account_opened",), {"account": str(target.pk)}))

    def tables(self, target: Account) -> list[Table]:
        return [_statement(target), _holds(target), _serials(target)]


def _statement(account: Account) -> Table:
    rows: list[tuple[object, ...]] = [
        (
            moment(transfer.transaction.occurred_at),
            link(transfer.transaction),
            _other_side(transfer, account),
            amount_of(account.asset, transfer.amount if transfer.credit_account_id == account.pk else -transfer.amount),
        )
        for transfer in statement(account)[:SHOWN]
    ]
    columns = (str(_("Occurred at")), str(_("Transaction")), str(_("Other side")), str(_("Amount")))
    all_url = list_url(Transfer, account=account.pk)
    return Table(str(_("Newest transfers")), columns, rows, all_url, figures=frozenset({3}))


def _other_side(transfer: Transfer, account: Account) -> str:
    is_received = transfer.credit_account_id == account.pk
    other = transfer.debit_account if is_received else transfer.credit_account
    return link(other, other.organisation or other.get_purpose_display())


def _holds(account: Account) -> Table:
    holds = account.holds.filter(remaining__gt=0).order_by("-id")[:SHOWN]
    rows: list[tuple[object, ...]] = [
        (
            link(hold, str(hold.pk)),
            hold.get_purpose_display(),
            amount_of_hold(hold, account.asset),
            moment(hold.placed_at),
        )
        for hold in holds
    ]
    columns = (str(_("Hold")), str(_("Purpose")), str(_("Remaining")), str(_("Placed at")))
    all_url = list_url(Hold, account=account.pk, remaining__gt=0)
    return Table(str(_("Holds")), columns, rows, all_url, figures=frozenset({2}))


def _serials(account: Account) -> Table:
    blocks = account.blocks.order_by("serials")[:SHOWN]
    rows: list[tuple[object, ...]] = [
        (serial_run(block.serials), tonnes(block.serials.upper - block.serials.lower)) for block in blocks
    ]
    columns = (str(_("Serial numbers")), str(_("Tonnes")))
    all_url = list_url(SerialBlock, account=account.pk)
    return Table(str(_("Serial numbers owned")), columns, rows, all_url, figures=frozenset({1}))


class TransactionAdmin(LargeTableAdmin):
    list_display = ("number", "kind", OCCURRED_AT, "actor_name", "record_link")
    list_filter = (("kind", KindOfTransaction), OfAccount, OfOrganisation, WithSerial, OfTrade, OfActor, Since, Until)
    search_fields = ("id",)
    search_help_text = _("Number, or idempotency key")
    timeline = TRANSACTIONS
    transaction_lookup = "pk"
    fields = ("number", "kind", OCCURRED_AT, "who", "caused_by", "reverses", "idempotency_key", "record_link")
    object_actions = (REQUEST_CORRECTION,)

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        return queryset.filter(Q(pk=int(term)) if is_number(term) else Q(idempotency_key=term))

    def done_by(self, queryset: QuerySet[Any], actors: Sequence[str]) -> QuerySet[Any]:
        return queryset.filter(posted_by(actors))

    def prepare(self, rows: Sequence[Transaction]) -> None:
        people = people_of(row.actor for row in rows)
        for row in rows:
            row.actor_person = people.get(row.actor)  # type: ignore[attr-defined]

    def record_ids(self, target: Transaction) -> RecordIds:
        return [target.record_id]

    @admin.display(description=_("number"))
    def number(self, transaction: Transaction) -> str:
        return str(transaction.pk)

    @admin.display(description=_("actor"))
    def actor_name(self, transaction: Transaction) -> str:
        found: User | None = transaction.actor_person  # type: ignore[attr-defined]
        return str(found) if found else transaction.actor

    @admin.display(description=_("record of the log"))
    def record_link(self, transaction: Transaction) -> str:
        return link_by_id(Record, transaction.record_id)

    @admin.display(description=_("actor"))
    def who(self, transaction: Transaction) -> str:
        return person(transaction.actor)

    @admin.display(description=_("caused by"))
    def caused_by(self, transaction: Transaction) -> SafeString | str:
        found = [
            getattr(transaction, relation.get_accessor_name() or "", None)
            for relation in Transaction._meta.related_objects
            if relation.one_to_one
        ]
        links = ((link(cause, f"{cause._meta.verbose_name} {cause.pk}"),) for cause in found if cause is not None)
        return format_html_join(", ", "{}", links) or EMPTY

    def tables(self, target: Transaction) -> list[Table]:
        rows: list[tuple[object, ...]] = [
            (
                link(transfer.debit_account),
                link(transfer.credit_account),
                amount_of(transfer.debit_account.asset, transfer.amount),
                serial_runs(transfer.serials),
            )
            for transfer in target.transfers.select_related(*ACCOUNTS).order_by("id")
        ]
        columns = (str(_("From (debit)")), str(_("To (credit)")), str(_("Amount")), str(_("Serial numbers")))
        return [Table(str(_("Transfers")), columns, rows, figures=frozenset({2})), *corrections_of(target)]

    def facts(self, target: Transaction) -> list[Fact]:
        return transaction_facts(target)


class TransferAdmin(LargeTableAdmin):
    list_display = (
        "number",
        "transaction",
        "occurred_at",
        "debit_account",
        "credit_account",
        "amount_figure",
        "serial_numbers",
    )
    list_filter = (OfAccount, OfOrganisation, WithSerial, OfTrade, OfActor, Since, Until)
    # Not their accounts: with nine tables to join, PostgreSQL would no longer look for the best order of joining them.
    list_select_related = ("transaction",)
    search_fields = ("id",)
    search_help_text = _("Number")
    timeline = TRANSFERS
    fields = ("number", "transaction", "debit_account", "credit_account", "amount_figure", "serial_numbers")

    def done_by(self, queryset: QuerySet[Any], actors: Sequence[str]) -> QuerySet[Any]:
        return queryset.filter(transaction__in=Transaction.objects.filter(posted_by(actors)).values("pk"))

    def prepare(self, rows: Sequence[Transfer]) -> None:
        ids = {account_id for row in rows for account_id in (row.debit_account_id, row.credit_account_id)}
        accounts = Account.objects.select_related("organisation", "household", "asset").in_bulk(ids)
        for row in rows:
            # One that is missing stays to be read, and is missed then: reconciliation names such a transfer.
            for side in ("debit_account", "credit_account"):
                if (found := accounts.get(getattr(row, f"{side}_id"))) is not None:
                    setattr(row, side, found)

    def record_ids(self, target: Transfer) -> RecordIds:
        return [target.transaction.record_id]

    @admin.display(description=_("occurred at"))
    def occurred_at(self, transfer: Transfer) -> str:
        return moment(transfer.transaction.occurred_at)

    @admin.display(description=_("number"))
    def number(self, transfer: Transfer) -> str:
        return str(transfer.pk)

    @admin.display(description=_("amount"))
    def amount_figure(self, transfer: Transfer) -> str:
        return amount_of(transfer.debit_account.asset, transfer.amount)

    @admin.display(description=_("serial numbers"))
    def serial_numbers(self, transfer: Transfer) -> str:
        return serial_runs(transfer.serials)
