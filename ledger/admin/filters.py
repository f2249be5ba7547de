"""Filters of lists, beside those that Django makes of fields: each a field to write into, above the list.

What is written wrongly is said beside the field, and the list is empty: it never shows more than was asked for.
"""

import datetime as dt
from typing import Any, ClassVar, TypeGuard
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Text
from ledger.admin.conditions import HasSerial, of_kind
from ledger.admin.timeline import MARGIN, first_ids
from ledger.credits.models import Batch
from ledger.errors import InvalidValue
from ledger.journal.models import Account, SerialBlock, Transfer
from ledger.parties.models import Organisation, User
from ledger.texts import is_storable

MAX_BIGINT = 2**63 - 1
YEARS = range(1970, 3000)
MOST_PEOPLE = 100
MOST_ACCOUNTS = 2_000


class KindOfTransaction(admin.ChoicesFieldListFilter):
    """The kinds, found by an index where they are rare."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        kind = self.lookup_val[-1] if self.lookup_val else None
        return queryset.filter(of_kind(kind)) if kind else queryset


class FieldFilter(admin.SimpleListFilter):
    """A filter that is written, not chosen; `narrow` does it, and raises InvalidValue where it makes no sense of it."""

    is_field = True
    # The list's page draws all of these as one form.
    template = "admin/field_filter.html"
    input_type: ClassVar[str] = "text"
    input_mode: ClassVar[str] = "text"
    hint: ClassVar[Text] = ""
    error: Text = ""

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.model_admin = model_admin

    @property
    def text(self) -> str:
        return (self.value() or "").strip()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Not chosen from, but a filter without choices is not shown.
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.text:
            return queryset
        try:
            if not is_storable(self.text):
                raise InvalidValue(reason=_("This holds a character that cannot be stored."))
            return self.narrow(queryset, self.text)
        except InvalidValue as error:
            self.error = str(error)
            return queryset.none()

    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        raise NotImplementedError

    def by_transfers(self, queryset: QuerySet[Any], condition: Q) -> QuerySet[Any]:
        """Keep the rows one of whose transfers is so: transfers themselves, or rows that have a transaction."""
        transaction: str | None = self.model_admin.transaction_lookup
        if transaction is None:
            return queryset.filter(condition)
        moved = Transfer.objects.filter(condition).values("transaction_id")
        return queryset.filter(**{f"{transaction}__in": moved})


class NumberFilter(FieldFilter):
    input_mode = "numeric"

    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        if not is_number(text):
            raise InvalidValue(reason=_("Write a whole number."))
        return self.narrow_to(queryset, int(text))

    def narrow_to(self, queryset: QuerySet[Any], number: int) -> QuerySet[Any]:
        raise NotImplementedError


class OfAccount(NumberFilter):
    """What moved on one account, whichever side it is on: for transfers, its statement."""

    title = _("account")
    parameter_name = "account"
    hint = _("its number")

    def narrow_to(self, queryset: QuerySet[Any], number: int) -> QuerySet[Any]:
        return self.by_transfers(queryset, Q(debit_account=number) | Q(credit_account=number))


class WithSerial(NumberFilter):
    """What moved one tonne: looked for among the transfers of the accounts of its batch."""

    title = _("serial number")
    parameter_name = "serial"

    def narrow_to(self, queryset: QuerySet[Any], number: int) -> QuerySet[Any]:
        asset_id = Batch.objects.filter(serials__contains=number).values_list("asset_id", flat=True).first()
        if asset_id is None:
            raise InvalidValue(reason=_("No tonne has this serial number."))
        accounts = list(Account.objects.filter(asset=asset_id).values_list("pk", flat=True))
        return self.by_transfers(queryset, Q(Q(debit_account__in=accounts), HasSerial(number)))


class OfTrade(NumberFilter):
    """The settlement of a trade."""

    title = _("trade")
    parameter_name = "trade"
    hint = _("its number")

    def narrow_to(self, queryset: QuerySet[Any], number: int) -> QuerySet[Any]:
        path = "transaction__trade" if self.model_admin.transaction_lookup is None else "trade"
        return queryset.filter(**{path: number})


class OfOrganisation(FieldFilter):
    """What moved on the accounts of an organisation."""

    title = _("organisation")
    parameter_name = "organisation"
    hint = _("a part of its name, or its public id")

    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        accounts = Account.objects.filter(organisation__in=organisations_named(text)).values_list("pk", flat=True)
        found = list(accounts[: MOST_ACCOUNTS + 1])
        if len(found) > MOST_ACCOUNTS:
            raise InvalidValue(reason=_("Too many organisations have such a name: write more of it."))
        return self.by_transfers(queryset, Q(debit_account__in=found) | Q(credit_account__in=found))


class OfActor(FieldFilter):
    """What a person, or the system, did."""

    title = _("actor")
    parameter_name = "actor"
    hint = _("a user name, a public id, or “system”")

    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        found: QuerySet[Any] = self.model_admin.done_by(queryset, actors_named(text))
        return found


class _Moment(FieldFilter):
    input_type = "datetime-local"
    margin: ClassVar[dt.timedelta]
    comparison: ClassVar[str]
    of_day: ClassVar[dt.time]

    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        at = moment_written(text, of_day=self.of_day)
        margin = at + self.margin
        bound = first_ids(self.model_admin.timeline, [margin]).get(margin)
        lookups: dict[str, object] = {f"{self.model_admin.timeline.lookup}__{self.comparison}": at}
        if bound is not None:
            lookups[f"pk__{self.comparison}"] = bound
        return queryset.filter(**lookups)


class Since(_Moment):
    title = _("from (Asia/Shanghai)")
    parameter_name = "since"
    margin, comparison, of_day = -MARGIN, "gte", dt.time.min


class Until(_Moment):
    title = _("to (Asia/Shanghai)")
    parameter_name = "until"
    margin, comparison, of_day = MARGIN, "lte", dt.time.max


def moment_written(text: str, *, of_day: dt.time) -> dt.datetime:
    """Return the time that is meant, in the house's time zone where none is given; of a day, the time given here.

    Raises: InvalidValue.
    """
    try:
        at = parse_datetime(text)
        if at is None or len(text) <= len("2026-11-25"):
            day = parse_date(text)
            at = dt.datetime.combine(day, of_day) if day else None
        if at is None or at.year not in YEARS:
            raise ValueError(text)
        return timezone.make_aware(at) if timezone.is_naive(at) else at
    except (ValueError, OverflowError):
        raise InvalidValue(reason=_("Write a time such as 2026-11-25T14:30, or a day.")) from None


def organisations_named(text: str) -> list[int]:
    """Return the organisations of a public id, or with a part of a name.

    Raises: InvalidValue where there is none.
    """
    named = Q(name__icontains=text) | Q(name_en__icontains=text)
    if is_uuid(text):
        named = Q(public_id=text)
    found = list(Organisation.objects.filter(named).values_list("pk", flat=True)[:MOST_ACCOUNTS])
    if not found:
        raise InvalidValue(reason=_("No organisation has such a name."))
    return found


def actors_named(text: str) -> list[str]:
    """Return whom the log may name so: the system, or people by public id, user name or name.

    Raises: InvalidValue where there is none, or too many.
    """
    if text == "system":
        return ["system"]
    text = text.removeprefix("user:")
    wanted = Q(public_id=text) if is_uuid(text) else Q(username=text) | Q(display_name__icontains=text)
    found = list(User.objects.filter(wanted).values_list("public_id", flat=True)[: MOST_PEOPLE + 1])
    if not found:
        raise InvalidValue(reason=_("Nobody has such a name."))
    if len(found) > MOST_PEOPLE:
        raise InvalidValue(reason=_("Too many people have such a name: write more of it."))
    return [f"user:{public_id}" for public_id in found]


def with_serial(queryset: QuerySet[SerialBlock], term: str) -> QuerySet[SerialBlock]:
    """Return the runs that a serial number is in."""
    return queryset.filter(serials__contains=int(term)) if is_number(term) else queryset.none()


def with_number(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the row of a number, by its primary key: what stock search would look for as text in every row."""
    return queryset.filter(pk=int(term)) if is_number(term) else queryset.none()


def is_number(text: object) -> TypeGuard[str]:
    """Return whether a text is a whole number that a column can hold."""
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_BIGINT


def is_uuid(text: str) -> bool:
    """Return whether a text is a public id."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
