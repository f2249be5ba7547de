"""Charts of projects and batches: emissions before and in the project, and what became of what was expected."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.credits.models import Batch
from ledger.credits.selectors import Supply
from ledger.projects.models import MonitoringReport, Project
from ledger.web.charts import Chart, Column, Series, Step, column_chart, waterfall_chart

Emissions = tuple[Decimal, Decimal] | None
UNIT = "t CO₂e"


def emissions_chart(reports: Sequence[tuple[MonitoringReport, Emissions]]) -> Chart | None:
    """Return the emissions of each vintage before and in the project, the earliest first. Rounding: half up, to the tonne.

    None where the methodology counts stocks instead, or nothing was reported; what was rejected is not drawn.
    """
    drawn = [
        (report.vintage, emissions)
        for report, emissions in reports
        if emissions is not None and report.status != MonitoringReport.Status.REJECTED
    ]
    return column_chart(
        "emissions",
        _("Emissions before and in the project"),
        UNIT,
        series=[Series(_("Before the project"), "fill-before"), Series(_("In the project"), "fill-after")],
        columns=[Column(str(vintage), [_whole(each) for each in emissions]) for vintage, emissions in sorted(drawn)],
        head=_("Vintage"),
    )


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def supply_chart(batches: Sequence[tuple[Batch, Supply]], project: Project) -> Chart | None:
    """Return where the tonnes of each vintage of a project are, one on the other, the earliest first."""
    by_vintage: dict[int, list[Supply]] = {}
    for batch, supply in batches:
        by_vintage.setdefault(batch.vintage, []).append(supply)
    columns = [
        Column(
            str(vintage),
            [
                sum(each.held for each in found),
                sum(each.buffer for each in found),
                sum(each.retired for each in found),
                sum(each.cancelled for each in found),
            ],
        )
        for vintage, found in sorted(by_vintage.items())
    ]
    if len(columns) < 2:
        return None
    series = [
        Series(pgettext_lazy("supply", "Held"), "fill-gain"),
        Series(_("Buffer pool"), "fill-pool"),
        Series(_("Retired"), "fill-after"),
        Series(_("Cancelled"), "fill-out"),
    ]
    title = _("Issued credits by vintage and status")
    return column_chart("supply", title, UNIT, series=series, columns=columns, head=_("Vintage"), is_stacked=True)


def batch_waterfall(batch: Batch, supply: Supply) -> Chart | None:
    """Return how what was expected of a vintage comes to what is left of it: expected, issued, and where it went.

    What a forecast expects is of the whole vintage: it is not set against one part of several.
    """
    expected = 0
    if batch.tranche == 1 and batch.project.forecast is not None:
        expected = int(batch.project.forecast["result"]["net_t"])
    steps = [
        Step(pgettext_lazy("supply", "Expected"), expected, "fill-estimate", is_total=True),
        Step(_("Issued"), supply.issued, "fill-gain", is_total=True),
        Step(_("Buffer pool"), -supply.buffer, "fill-pool"),
        Step(_("Retired"), -supply.retired, "fill-after"),
        Step(_("Cancelled"), -supply.cancelled, "fill-out"),
        Step(pgettext_lazy("supply", "Left"), supply.held, "fill-gain", is_total=True),
    ]
    title = _("From what was expected to what is left")
    return waterfall_chart(
        "waterfall", title, UNIT, steps=steps if expected else steps[1:], head=_("Step"), value=_("Tonnes")
    )
