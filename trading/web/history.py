"""A market's prices and volumes over time: drawn by the server, with the figures as a table."""

import datetime as dt
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from ledger.web.charts import Chart, Column, Series, column_chart, in_yuan, line_chart
from ledger.web.kept import kept_for_visitors
from trading.marketdata.candles import Bar, candles
from trading.marketdata.selectors import market_by_symbol, quote

# What one may choose: a word in the address, what people call it, the interval of the candles, and how many of them at most.
SPANS = {
    "day": (pgettext_lazy("span", "24 hours"), "1h", 24, dt.timedelta(hours=24)),
    "month": (pgettext_lazy("span", "30 days"), "1d", 30, dt.timedelta(days=30)),
    "quarter": (pgettext_lazy("span", "90 days"), "1d", 90, dt.timedelta(days=90)),
    "year": (pgettext_lazy("span", "a year"), "1d", 366, dt.timedelta(days=366)),
}
USUAL = "month"


@require_safe
@kept_for_visitors
def market_history(request: HttpRequest, symbol: str) -> HttpResponse:
    """Show what a market's credits were traded for over time, and how many."""
    market = market_by_symbol(symbol)
    wanted = request.GET.get("span", USUAL)
    span = wanted if wanted in SPANS else USUAL
    _text, interval, limit, length = SPANS[span]
    bars = candles(market, interval, earliest=timezone.now() - length, before=None, limit=limit)
    context = {
        "market": market,
        "quote": quote(market),
        "span": span,
        "spans": [(each, text) for each, (text, *_rest) in SPANS.items()],
        "price": _prices(bars),
        "volume": _volumes(bars, interval),
        "bars": bars[::-1],
        "is_daily": interval == "1d",
    }
    return render(request, "trading/history.html", context)


def _prices(bars: Sequence[Bar]) -> Chart | None:
    return line_chart(
        "price",
        _("Closing price"),
        _("yuan/t"),
        points=[(bar.begins_at, bar.close_fen) for bar in bars],
        head=_("Time"),
        value=_("Closing price"),
        write=in_yuan,
    )


def _volumes(bars: Sequence[Bar], interval: str) -> Chart | None:
    written = "%m-%d" if interval == "1d" else "%H:%M"
    columns = [Column(timezone.localtime(bar.begins_at).strftime(written), [bar.quantity_t]) for bar in bars]
    series = [Series(_("Volume"), "fill-after")]
    return column_chart("volume", _("Volume"), "t", series=series, columns=columns, head=_("Time"))
