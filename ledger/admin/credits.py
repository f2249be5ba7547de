"""Batches of credits, what became of them, and retirements."""

from collections.abc import Sequence

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from ledger.admin.base import ViewOnlyAdmin
from ledger.admin.display import Table, link, list_url, moment, serial_run, serial_runs, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.models import Batch, Retirement
from ledger.credits.selectors import Supply, supply_of
from ledger.journal.models import Account

SHOWN = 20


class BatchAdmin(ViewOnlyAdmin):
    list_display = (
        "code",
        "project",
        "issued_figure",
        "held_figure",
        "buffer_figure",
        "retired_figure",
        "cancelled_figure",
        "serial_numbers",
        "issued_at",
    )
    list_filter = ("vintage",)
    list_select_related = ("asset", "project")
    search_fields = ("asset__code", "project__name", "project__name_en", "project__proponent__name")
    date_hierarchy = "issued_at"
    ordering = ("-id",)
    fields = (
        "code",
        "project",
        "report",
        "asset",
        "quantity_figure",
        "serial_numbers",
        "transaction",
        "issued_by",
        "issued_at",
    )

    def prepare(self, rows: Sequence[Batch]) -> None:
        supply = supply_of(rows)
        for batch in rows:
            batch.supply = supply[batch.pk]  # type: ignore[attr-defined]

    @admin.display(description=_("code"), ordering="id")
    def code(self, batch: Batch) -> str:
        return batch.asset.code

    @admin.display(description=_("issued"), ordering="quantity_t")
    def issued_figure(self, batch: Batch) -> str:
        return tonnes(_supply(batch).issued)

    @admin.display(description=pgettext_lazy("supply", "held"))
    def held_figure(self, batch: Batch) -> str:
        return tonnes(_supply(batch).held)

    @admin.display(description=_("buffer pool"))
    def buffer_figure(self, batch: Batch) -> str:
        return tonnes(_supply(batch).buffer)

    @admin.display(description=_("retired"))
    def retired_figure(self, batch: Batch) -> str:
        return tonnes(_supply(batch).retired)

    @admin.display(description=_("cancelled"))
    def cancelled_figure(self, batch: Batch) -> str:
        return tonnes(_supply(batch).cancelled)

    @admin.display(description=_("tonnes"))
    def quantity_figure(self, batch: Batch) -> str:
        return tonnes(batch.quantity_t)

    @admin.display(description=_("serial numbers"))
    def serial_numbers(self, batch: Batch) -> str:
        return serial_run(batch.serials)

    def record_ids(self, target: Batch) -> RecordIds:
        named = Named(("batch_issued",), {"asset": target.asset.code})
        return [target.transaction.record_id, *ids_naming(named, near=(target.issued_at,))]

    def tables(self, target: Batch) -> list[Table]:
        return [_supply_table(target), _holders(target), _retirements(target)]


def _supply(batch: Batch) -> Supply:
    supply: Supply = batch.supply  # type: ignore[attr-defined]
    return supply


def _supply_table(batch: Batch) -> Table:
    supply = supply_of([batch])[batch.pk]
    figures = (supply.issued, supply.held, supply.buffer, supply.retired, supply.cancelled)
    columns = (
        str(_("Issued")),
        pgettext("supply", "Held"),
        str(_("Buffer pool")),
        str(_("Retired")),
        str(_("Cancelled")),
    )
    return Table(str(_("Supply")), columns, [tuple(map(tonnes, figures))], figures=frozenset(range(5)))


def _holders(batch: Batch) -> Table:
    accounts = Account.objects.filter(asset=batch.asset_id, purpose=Account.Purpose.HOLDING, balance__gt=0)
    accounts = accounts.select_related("organisation").order_by("-balance", "id")[:SHOWN]
    rows: list[tuple[object, ...]] = [
        (link(account, account.organisation), tonnes(account.balance), tonnes(account.held)) for account in accounts
    ]
    columns = (str(_("Organisation")), str(_("Tonnes")), str(_("Of these held")))
    all_url = list_url(Account, asset=batch.asset_id)
    return Table(str(_("Holders")), columns, rows, all_url, figures=frozenset({1, 2}))


def _retirements(batch: Batch) -> Table:
    retirements = batch.retirements.select_related("organisation").order_by("-id")[:SHOWN]
    rows: list[tuple[object, ...]] = [
        (link(each, moment(each.retired_at)), tonnes(each.quantity_t), each.organisation, each.beneficiary_name)
        for each in retirements
    ]
    columns = (str(_("Retired at")), str(_("Tonnes")), str(_("Organisation")), str(_("Beneficiary")))
    all_url = list_url(Retirement, batch=batch.pk)
    return Table(str(_("Retirements")), columns, rows, all_url, figures=frozenset({1}))


class RetirementAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "batch",
        "quantity_figure",
        "organisation",
        "beneficiary_name",
        "purpose",
        "is_beneficiary_public",
        "retired_at",
    )
    list_filter = ("purpose", "is_beneficiary_public")
    list_select_related = ("batch__asset", "organisation")
    search_fields = (
        "batch__asset__code",
        "organisation__name",
        "beneficiary_name",
        "beneficiary_code",
        "public_id__exact",
    )
    date_hierarchy = "retired_at"
    ordering = ("-id",)
    fields = (
        "public_id",
        "batch",
        "quantity_figure",
        "serial_numbers",
        "organisation",
        "beneficiary_name",
        "beneficiary_code",
        "is_beneficiary_public",
        "purpose",
        "note",
        "transaction",
        "idempotency_key",
        "retired_by",
        "retired_at",
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, retirement: Retirement) -> str:
        return str(retirement.pk)

    @admin.display(description=_("tonnes"), ordering="quantity_t")
    def quantity_figure(self, retirement: Retirement) -> str:
        return tonnes(retirement.quantity_t)

    @admin.display(description=_("serial numbers"))
    def serial_numbers(self, retirement: Retirement) -> str:
        return serial_runs(retirement.serials)

    def record_ids(self, target: Retirement) -> RecordIds:
        named = Named(("credits_retired",), {"retirement": str(target.public_id)})
        return [target.transaction.record_id, *ids_naming(named, near=(target.retired_at,))]
