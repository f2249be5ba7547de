"""Filters of lists, beside those that Django makes of fields."""

from typing import Any, TypeGuard

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ledger.journal.models import Account, SerialBlock

MAX_BIGINT = 2**63 - 1


class OfAccount(admin.SimpleListFilter):
    """Transfers of one account, whichever side it is on: its statement. Shown only where one came by a link."""

    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = self.used_parameters.get(self.parameter_name)
        found = Account.objects.select_related("organisation", "asset").filter(pk=asked) if _is_number(asked) else ()
        return [(str(account.pk), str(account)) for account in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        account = self.value()
        return queryset.filter(Q(debit_account=account) | Q(credit_account=account)) if account else queryset


def with_serial(queryset: QuerySet[SerialBlock], term: str) -> QuerySet[SerialBlock]:
    """Return the runs that a serial number is in."""
    return queryset.filter(serials__contains=int(term)) if _is_number(term) else queryset.none()


def with_number(queryset: QuerySet[Model], term: str) -> QuerySet[Model]:
    """Return the row of a number, by its primary key: what stock search would look for as text in every row."""
    return queryset.filter(pk=int(term)) if _is_number(term) else queryset.none()


def _is_number(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and text.isascii() and text.isdigit() and int(text[:19]) == int(text) <= MAX_BIGINT
