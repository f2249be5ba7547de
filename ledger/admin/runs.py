"""What reconciliation has found, each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, at_moment, people_of, person, tonnes
from ledger.journal.runs import ReconciliationRun

BEAT = "beat"
STARTED_AT = at_moment("started_at", _("started at"))
FINISHED_AT = at_moment("finished_at", _("finished at"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a run has found of one invariant, in the reader's language."""

    number: int
    name: str
    holds: bool
    detail: str


def findings(run: ReconciliationRun) -> list[Finding]:
    """Return what a run has found, in the order of the invariants."""
    return [
        Finding(each["number"], _named(each["name"], each["params"]), each["holds"], each["detail"])
        for each in run.results
    ]


def trigger(triggered_by: str) -> str:
    """Return who or what has begun a run."""
    return gettext("each night") if triggered_by == BEAT else person(triggered_by)


def _named(message: str, params: dict[str, Any]) -> str:
    return gettext(message) % params if params else gettext(message)


class WhetherAllHolds(admin.SimpleListFilter):
    title = _("result")
    parameter_name = "holds"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", pgettext_lazy("rule", "holds")), ("0", _("something is broken"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReconciliationRun]) -> QuerySet[ReconciliationRun]:
        return queryset.filter(holds=self.value() == "1") if self.value() in ("0", "1") else queryset


class ReconciliationRunAdmin(ViewOnlyAdmin):
    list_display = ("number", STARTED_AT, "duration_figure", "who", "size_figure", "result")
    list_filter = (WhetherAllHolds,)
    search_fields = ("id",)
    ordering = ("-id",)
    sortable_by = ()
    fields = ("number", STARTED_AT, FINISHED_AT, "duration_figure", "who", "size_figure", "result")

    def prepare(self, rows: Sequence[ReconciliationRun]) -> None:
        people = people_of(run.triggered_by for run in rows)
        for run in rows:
            run.person = people.get(run.triggered_by)  # type: ignore[attr-defined]

    @admin.display(description=_("number"))
    def number(self, run: ReconciliationRun) -> str:
        return str(run.pk)

    @admin.display(description=_("took"))
    def duration_figure(self, run: ReconciliationRun) -> str:
        seconds = (run.finished_at - run.started_at).total_seconds()
        return gettext("%(seconds)s s") % {"seconds": f"{seconds:,.1f}"}

    @admin.display(description=_("begun by"))
    def who(self, run: ReconciliationRun) -> str:
        if hasattr(run, "person"):
            return str(run.person or trigger(run.triggered_by)) if run.triggered_by != BEAT else trigger(BEAT)
        return trigger(run.triggered_by)

    @admin.display(description=_("records in the log"))
    def size_figure(self, run: ReconciliationRun) -> str:
        return tonnes(run.tree_size)

    @admin.display(description=_("result"))
    def result(self, run: ReconciliationRun) -> SafeString:
        broken = sum(not each["holds"] for each in run.results)
        if run.holds:
            return format_html('<span class="state">{}</span>', pgettext("rule", "holds"))
        return format_html(
            '<span class="state state-halted">{}</span>', gettext("%(count)s broken") % {"count": broken}
        )

    def tables(self, target: ReconciliationRun) -> list[Table]:
        rows: list[tuple[object, ...]] = [
            (
                each.number,
                each.name,
                pgettext("rule", "holds") if each.holds else gettext("broken"),
                each.detail or EMPTY,
            )
            for each in findings(target)
        ]
        columns = (gettext("Invariant"), gettext("What it says"), gettext("Result"), gettext("Breaches"))
        return [Table(gettext("What was found"), columns, rows, is_text=True)]
