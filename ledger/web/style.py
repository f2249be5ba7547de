"""The style guide: what the design is made of, and each piece that pages are put together from, as they have it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ledger.web.forms.fields import WholeField

COLOURS = [
    "paper",
    "surface",
    "surface-sunken",
    "line",
    "line-strong",
    "ink",
    "ink-soft",
    "paddy",
    "paddy-strong",
    "paddy-soft",
    "on-paddy",
    "water",
    "water-soft",
    "grain",
    "grain-soft",
    "danger",
    "danger-soft",
    "buy",
    "buy-soft",
    "sell",
    "sell-soft",
    "focus",
]
SIZES = ["h1", "h2", "h3", "lead", "text", "small", "figure"]
SPACES = range(1, 8)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the component `steps`, for show."""

    text: Any
    is_done: bool = False
    is_next: bool = False
    is_stop: bool = False
    at: None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """The supply of a batch, for show."""

    held: int = 1_200
    buffer: int = 180
    retired: int = 700
    cancelled: int = 40

    @property
    def issued(self) -> int:
        return self.held + self.buffer + self.retired + self.cancelled


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the component `bars`, for show."""

    text: Any
    amount: int
    width: int
    fill: str


STEPS = (
    Step(_("Drafted"), is_done=True),
    Step(_("Handed in"), is_done=True),
    Step(_("Examined"), is_next=True),
    Step(_("Issued")),
)
BARS = (Bar(_("Before the project"), 6_683, 100, "fill-grain"), Bar(_("In the project"), 3_877, 58, "fill-water"))
TYPES = (
    (
        "zh-Hans",
        "田里少排的碳，一吨一吨算得清",
        "双季稻由长期淹水改为多次排水晒田，每年约少排 2,300 吨二氧化碳当量；价格以“元/吨”计。",
    ),
    (
        "en",
        "Carbon kept in the field, tonne by tonne",
        "Fields are drained several times a season, which keeps about 2,300 t CO₂e a year out of the air.",
    ),
)
BADGES = (
    ("badge--good", _("done")),
    ("badge--waiting", _("waits")),
    ("badge--bad", _("refused")),
    ("badge--water", _("changed this year")),
    ("", _("over")),
)
NOTICES = (
    ("", "info", _("What is good to know.")),
    ("notice--success", "check", _("What was done.")),
    ("notice--warning", "triangle-alert", _("What is to be thought of before.")),
    ("notice--error", "circle-alert", _("What went wrong, and what to do about it.")),
)
ROWS = (
    ("2026-11-30", "TH-35-000001", 2_311, "badge--good", _("done")),
    ("2026-11-29", "TH-35-000002", 64, "badge--waiting", _("waits")),
)


class SampleForm(forms.Form):
    """A form with one field of each kind."""

    name = forms.CharField(label=_("Name of the project"), max_length=40, help_text=_("As people on the spot call it."))
    quantity_t = WholeField(label=_("Quantity"), min_value=1)
    season = forms.ChoiceField(label=_("Season"), choices=[("early", _("early rice")), ("late", _("late rice"))])
    day = forms.DateField(label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    agrees = forms.BooleanField(label=_("The members' meeting has resolved it."), required=False)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


@require_safe
def style_guide(request: HttpRequest) -> HttpResponse:
    """Show the design to whoever makes pages."""
    filled = SampleForm(auto_id="sample_%s")
    refused = SampleForm({"name": "", "quantity_t": "-3", "season": "early"}, auto_id="refused_%s")
    refused.fields["quantity_t"].unit = filled.fields["quantity_t"].unit = "t CO₂e"  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "colours": COLOURS,
        "sizes": SIZES,
        "spaces": SPACES,
        "types": TYPES,
        "badges": BADGES,
        "notices": NOTICES,
        "rows": ROWS,
        "form": filled,
        "refused_form": refused,
        "steps": STEPS,
        "supply": Supply(),
        "bars": BARS,
        "page": Paginator(range(60), 20).page(2),
        "refusals": [_("The quantity is more than what is available.")],
    }
    return render(request, "ledger/style/page.html", context)
